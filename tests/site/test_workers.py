"""Several workers of one desk: together they are one desk to those who use it."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import requests

from integrations_app import simulator
from integrations_app.simulator import Simulator
from tests.desks import Desk, browser, connected, open_desk
from tests.services import Postgres, Redis
from tests.site.test_stopping import wait_until

pytestmark = pytest.mark.slow  # starts servers

PAGE = "/production/customers/acme-corp/integrations/"
LOGIN = "/accounts/login/"
WORKERS, PATIENCE_SECONDS = 2, 30


@pytest.fixture(scope="module")
def stigg() -> Iterator[Simulator]:
    with simulator.start() as running:
        yield running


@pytest.fixture(scope="module")
def desk(stigg: Simulator, postgres: Postgres, redis_server: Redis) -> Iterator[Desk]:
    urls = {"DATABASE_URL": postgres.new_database(), "CACHE_URL": redis_server.url(3)}
    with open_desk(stigg, WORKERS=str(WORKERS), THREADS="4", **urls) as running:
        yield running


@pytest.fixture(scope="module")
def agent(desk: Desk) -> requests.Session:
    return desk.sign_in()


def states(desk: Desk) -> dict[int, str]:
    """Of the desk's workers: T is one that stands still, Z one that has ended."""
    children = ["ps", "-o", "pid=,stat=", "--ppid", str(desk.process.pid)]
    said = subprocess.run(children, capture_output=True, text=True).stdout
    return {int(process): state for process, state in map(str.split, said.splitlines())}


def workers(desk: Desk) -> set[int]:
    return {process for process, state in states(desk).items() if not state.startswith("Z")}


@contextmanager
def nobody_writing(desk: Desk) -> Iterator[None]:
    """Who stood still while it writes to SQLite would keep all others from writing."""
    url = desk.environment["DATABASE_URL"]
    if not url.startswith("sqlite"):
        yield
        return
    with connected(url) as database:
        database.execute("BEGIN IMMEDIATE")
        yield
        database.execute("ROLLBACK")


@contextmanager
def standing_still(desk: Desk, process: int) -> Iterator[None]:
    with nobody_writing(desk):
        os.kill(process, signal.SIGSTOP)
        wait_until(lambda: states(desk)[process].startswith("T"))
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def tried(desk: Desk, password: str) -> str:
    """What a browser that was never here is told."""
    page = f"{desk.url}{LOGIN}"
    visitor = browser()
    token = re.search(
        r'name="csrfmiddlewaretoken" value="(\w+)"',
        visitor.get(page, timeout=PATIENCE_SECONDS).text,
    )
    assert token
    filled = {"login": "mara", "password": password, "csrfmiddlewaretoken": token[1]}
    return visitor.post(page, filled, timeout=PATIENCE_SECONDS).text


def shows(desk: Desk, agent: requests.Session) -> bool:
    url = f"{desk.url}{PAGE}?refresh=1"  # no copy will do
    return requests.get(url, cookies=agent.cookies, timeout=PATIENCE_SECONDS).ok


def test_there_are_as_many_as_was_said_and_one_that_is_killed_comes_back(
    desk: Desk, agent: requests.Session
) -> None:
    before = workers(desk)
    assert len(before) == WORKERS
    killed = min(before)
    os.kill(killed, signal.SIGKILL)
    assert shows(desk, agent)
    wait_until(lambda: len(workers(desk) - {killed}) == WORKERS)
    for other in before - {killed}:
        with standing_still(desk, other):
            assert shows(desk, agent)


def test_a_limit_of_sign_in_is_one_for_all_workers(desk: Desk, agent: requests.Session) -> None:
    one, other = workers(desk)
    with standing_still(desk, one):
        for _ in range(3):
            assert "Wrong user name or password" in tried(desk, "wrong")
    with standing_still(desk, other):
        for _ in range(2):
            assert "Wrong user name or password" in tried(desk, "wrong")
        assert "Too many tries" in tried(desk, "wrong")


def test_what_is_in_flight_is_finished_before_it_ends(
    desk: Desk, agent: requests.Session, stigg: Simulator
) -> None:
    stigg.clear()
    stigg.fault(delay=2)
    try:
        with ThreadPoolExecutor() as clients:
            page = clients.submit(shows, desk, agent)
            wait_until(lambda: "acme-corp" in str(stigg.requests()))
            desk.process.send_signal(signal.SIGTERM)
            assert page.result()
    finally:
        stigg.clear()
    assert desk.process.wait(PATIENCE_SECONDS) == 0
    desk.start()


def test_a_page_is_shown_on_and_on_while_all_workers_are_replaced(
    desk: Desk, agent: requests.Session
) -> None:
    before = workers(desk)
    desk.process.send_signal(signal.SIGHUP)
    while before & workers(desk):
        assert shows(desk, agent)
    assert shows(desk, agent)
