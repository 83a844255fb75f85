"""The simulated Stigg that these tests call themselves; the desk has one of its own."""

from collections.abc import Iterator

import pytest

from integrations_app import simulator
from integrations_app.simulator import Simulator


@pytest.fixture(scope="session")
def running() -> Iterator[Simulator]:
    with simulator.start() as simulated:
        yield simulated


@pytest.fixture
def api(running: Simulator) -> Simulator:
    """Without faults, and with no request remembered."""
    running.clear()
    return running
