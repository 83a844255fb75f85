"""What real workers count of Stigg is one sum in a real database, and survives a restart."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from bs4 import BeautifulSoup

from integrations_app import simulator
from integrations_app.simulator import Simulator
from tests.desks import Desk, open_desk
from tests.services import Redis
from tests.site.test_stopping import wait_until
from tests.site.test_workers import shows, standing_still, workers

pytestmark = pytest.mark.slow  # starts servers, and waits until each worker has written


@pytest.fixture
def stigg() -> Iterator[Simulator]:
    with simulator.start() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def desk(
    request: pytest.FixtureRequest, stigg: Simulator, redis_server: Redis, tmp_path: Path
) -> Iterator[Desk]:
    database = f"sqlite:///{tmp_path}/desk.sqlite3"
    if request.param == "postgres":
        database = request.getfixturevalue("postgres").new_database()
    urls = {"DATABASE_URL": database, "CACHE_URL": redis_server.url(6)}
    with open_desk(stigg, WORKERS="2", THREADS="4", **urls) as running:
        yield running


def calls(desk: Desk, operator: requests.Session) -> int:
    """How many calls of the last hour the page tells."""
    shown = operator.get(f"{desk.url}/operations/", timeout=30)
    shown.raise_for_status()
    row = BeautifulSoup(shown.text, "html.parser").select_one(".figures tbody tr")
    cell = row and row.select_one("td")
    return int(cell.get_text().replace(",", "")) if cell else 0


def test_all_workers_are_added_up_and_a_restart_forgets_nothing(
    desk: Desk, stigg: Simulator
) -> None:
    operator = desk.sign_in()
    for still in workers(desk):
        with standing_still(desk, still):
            assert shows(desk, operator)  # by the other one
    wait_until(lambda: calls(desk, operator) == len(stigg.requests()) > 0)
    before = len(stigg.requests())
    os.kill(max(workers(desk)), signal.SIGKILL)
    desk.stop()
    desk.start()
    assert calls(desk, operator) == before == len(stigg.requests())
