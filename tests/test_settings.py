"""The tests see nothing of how the machine that runs them configures a desk."""

import os
import subprocess
import sys

import pytest

from tests import variables

pytestmark = pytest.mark.slow  # starts the desk in a process of its own

CONFIGURED = {
    "CACHE_URL": "redis://cache.example",
    "HTTPS": "true",
    "SECRET_KEY_FILE": "/nowhere",
    "STALE_SECONDS": "0",
    "STIGG_EU_API_KEY": "a-key-that-opens-nothing",
    "THREADS": "4",
    "TIME_ZONE": "Asia/Kolkata",
    "GRANIAN_WORKERS": "2",
}


def test_they_are_blind_to_the_machines_own_configuration() -> None:
    script = (
        "from tests import settings as s; print(s.HTTPS, s.STALE_SECONDS, s.THREADS, s.TIME_ZONE)"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        env=variables.without(os.environ) | CONFIGURED,
        cwd=variables.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == ["False", "600", "32", "UTC"]


@pytest.mark.parametrize("name", CONFIGURED)
def test_each_variable_of_the_desk_is_left_out(name: str) -> None:
    assert variables.without({name: "x", "PATH": "/bin"}) == {"PATH": "/bin"}
