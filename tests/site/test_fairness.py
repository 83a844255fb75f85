"""One signed-in account cannot take the desk from the others, whatever it sends."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import requests

from integrations_app import simulator
from integrations_app.simulator import Simulator
from tests.desks import Desk, open_desk
from tests.site.test_stopping import wait_until

pytestmark = pytest.mark.slow  # starts a server

THREADS, FLOOD, PATIENCE_SECONDS = 8, 24, 60
PLACES = 6  # of the eight, that one account can have


@pytest.fixture
def stigg() -> Iterator[Simulator]:
    with simulator.start() as running:
        yield running


@pytest.fixture
def desk(stigg: Simulator, tmp_path: Path) -> Iterator[Desk]:
    database = f"sqlite:///{tmp_path}/desk.sqlite3"
    with open_desk(stigg, THREADS=str(THREADS), DATABASE_URL=database) as running:
        yield running


def get(desk: Desk, browser: requests.Session, customer: str, **query: int) -> int:
    address = f"{desk.url}/production/customers/{customer}/integrations/"
    found = requests.get(address, query, cookies=browser.cookies, timeout=PATIENCE_SECONDS)
    return found.status_code


def lists(stigg: Simulator) -> set[str]:
    return {seen["query"] for seen in stigg.requests() if "limit=" in seen["query"]}


def test_who_asks_for_many_pages_at_once_keeps_nobody_from_a_page(
    desk: Desk, stigg: Simulator
) -> None:
    greedy, other = desk.sign_in(), desk.sign_in("olga")
    stigg.fault(customer="acme-corp", delay=60)
    with ThreadPoolExecutor(FLOOD) as pool:
        ask = partial(get, desk, greedy, "acme-corp")
        flood = [pool.submit(ask, limit=number) for number in range(1, FLOOD + 1)]
        wait_until(lambda: len(lists(stigg)) == PLACES)
        statuses = [get(desk, other, name) for name in ("empty-co", "meridian-group", "nobody")]
        assert sum(page.done() for page in flood) < FLOOD / 2
        stigg.stop()  # which lets the others go
    assert statuses == [200, 200, 404]
