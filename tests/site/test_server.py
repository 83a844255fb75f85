"""The desk on the production server: who asks it for its health, and how much it takes of others'
servers.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from integrations_app import simulator
from tests.desks import Desk, browser, open_desk
from tests.services import Postgres
from tests.site.test_stopping import wait_until

pytestmark = pytest.mark.slow  # starts servers

THREADS, BURSTS = 8, 4
PAGE = "/production/customers/acme-corp/integrations/"
LOOK_UP = "/lookup?q=acme"
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"


@pytest.fixture(scope="module")
def desk(postgres: Postgres) -> Iterator[Desk]:
    options = {"THREADS": str(THREADS), "DATABASE_URL": postgres.new_database()}
    with simulator.start() as stigg, open_desk(stigg, **options) as running:
        yield running


def connections(desk: Desk, postgres: Postgres) -> int:
    name = desk.environment["DATABASE_URL"].rpartition("/")[2]
    with psycopg.connect(postgres.url()) as database:
        found = database.execute(CONNECTIONS, [name]).fetchone()
    assert found
    return int(found[0])


def test_it_has_a_connection_for_each_thread_at_most_and_one_for_the_index(
    desk: Desk, postgres: Postgres
) -> None:
    agent = desk.sign_in()
    seen = []
    for _ in range(BURSTS):
        with ThreadPoolExecutor(4 * THREADS) as clients:
            asked = [f"{desk.url}{path}" for path in [PAGE, LOOK_UP] for _ in range(2 * THREADS)]
            answers = list(
                clients.map(lambda url: browser().get(url, cookies=agent.cookies), asked)
            )
        assert {answer.status_code for answer in answers} <= {200, 503}
        seen.append(connections(desk, postgres))
    assert max(seen) <= THREADS + 1
    assert max(seen) > THREADS / 2  # else this test would not have seen too many


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3:8000", "evil.example", ""])
def test_it_tells_its_health_whatever_the_host(desk: Desk, host: str) -> None:
    answer = browser().get(f"{desk.url}/healthz", headers={"Host": host})
    assert (answer.status_code, answer.text) == (200, "ok")


def test_another_host_is_one_short_line(desk: Desk) -> None:
    before = len(desk.said)
    assert browser().get(desk.url, headers={"Host": "evil.example"}).status_code == 400
    assert browser().get(desk.url, headers={"Host": "last.example"}).status_code == 400
    wait_until(lambda: any("last.example" in line for line in desk.said))
    lines = [line for line in desk.said[before:] if "evil.example" in line]
    assert len(lines) == 1
    assert len(lines[0]) < 300
