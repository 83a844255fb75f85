"""A desk while its database or its cache hangs, is away, and is back again.

Each is stopped where it stands (it takes connections and answers nothing), and killed.
"""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager

import pytest
import requests

from integrations_app import simulator
from tests.desks import Desk, open_desk
from tests.services import Postgres, Redis, Server, open_postgres, open_redis
from tests.site.test_stopping import wait_until

pytestmark = pytest.mark.slow  # starts servers

THREADS, PATIENCE_SECONDS = 4, 30
PAGE = "/production/customers/acme-corp/integrations/"
FAILS, IS_BACK = "cache failed", "cache is back"


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with open_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    with open_redis() as server:
        yield server


@pytest.fixture(scope="module")
def desk(postgres: Postgres, redis: Redis) -> Iterator[Desk]:
    urls = {"DATABASE_URL": postgres.new_database(), "CACHE_URL": redis.url(), "WORKERS": "1"}
    with simulator.start() as stigg, open_desk(stigg, THREADS=str(THREADS), **urls) as running:
        yield running


@pytest.fixture(scope="module")
def agent(desk: Desk) -> requests.Session:
    return desk.sign_in()


@contextmanager
def hung(server: Server) -> Iterator[None]:
    """Every process of it stands still."""
    children = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(server.process.pid)], capture_output=True, text=True
    ).stdout
    processes = [server.process.pid, *map(int, children.split())]
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


@contextmanager
def away(server: Server) -> Iterator[None]:
    server.stop()
    try:
        yield
    finally:
        server.start()


def statuses(agent: requests.Session, desk: Desk, times: int) -> list[int]:
    """Of so many pages at once. A busy desk is asked again: it says so on a loaded machine."""

    def get(_: int) -> int:
        url = f"{desk.url}{PAGE}?refresh=1"
        while True:
            answer = requests.get(url, cookies=agent.cookies, timeout=PATIENCE_SECONDS)
            if 'data-problem="busy"' not in answer.text:
                return answer.status_code

    with ThreadPoolExecutor(times) as clients:
        return list(clients.map(get, range(times)))


def is_well(agent: requests.Session, desk: Desk) -> bool:
    return set(statuses(agent, desk, 1)) == {200}


Lost = Callable[[Server], AbstractContextManager[None]]
BOTH_WAYS = pytest.mark.parametrize("lost", [hung, away])


@BOTH_WAYS
def test_without_redis_every_page_is_shown_and_the_log_says_so_once(
    desk: Desk, agent: requests.Session, redis: Redis, lost: Lost
) -> None:
    begun = len(desk.said)
    with lost(redis):
        for _ in range(5):
            assert statuses(agent, desk, THREADS) == [200] * THREADS
    wait_until(lambda: is_well(agent, desk) and any(IS_BACK in line for line in desk.said[begun:]))
    assert len([line for line in desk.said[begun:] if FAILS in line]) == 1


@BOTH_WAYS
def test_without_redis_agents_sign_in(
    desk: Desk, agent: requests.Session, redis: Redis, lost: Lost
) -> None:
    begun = len(desk.said)
    with lost(redis):
        newcomer = desk.sign_in(f"olga-{lost.__name__}")
        assert statuses(newcomer, desk, THREADS) == [200] * THREADS
    wait_until(lambda: is_well(agent, desk) and any(IS_BACK in line for line in desk.said[begun:]))
    assert is_well(newcomer, desk)


@BOTH_WAYS
def test_without_postgresql_pages_fail_in_time_and_come_back_by_themselves(
    desk: Desk, agent: requests.Session, postgres: Postgres, lost: Lost
) -> None:
    assert statuses(agent, desk, 2 * THREADS) == [200] * (2 * THREADS)  # all threads are connected
    with lost(postgres):
        assert set(statuses(agent, desk, 4 * THREADS)) == {503}
        assert requests.get(f"{desk.url}/healthz", timeout=PATIENCE_SECONDS).ok
    wait_until(lambda: is_well(agent, desk))
    assert statuses(agent, desk, 4 * THREADS) == [200] * (4 * THREADS)


def test_a_restart_of_postgresql_between_two_pages_is_not_seen(
    desk: Desk, agent: requests.Session, postgres: Postgres
) -> None:
    assert statuses(agent, desk, 2 * THREADS) == [200] * (2 * THREADS)
    with away(postgres):
        pass
    assert statuses(agent, desk, 4 * THREADS) == [200] * (4 * THREADS)
