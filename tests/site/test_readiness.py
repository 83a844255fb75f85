"""/readyz: whether a balancer should send anybody here. It says no more than names."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import OperationalError
from django.test import Client

from integrations_app import simulator
from integrations_app.simulator import Simulator
from tests.desks import Desk, browser, open_desk
from tests.services import Postgres, Redis, open_postgres, open_redis
from tests.site.test_headers import guarded
from tests.site.test_outages import Lost, away, hung
from tests.site.test_stopping import wait_until

PATIENCE_SECONDS = 30
READY = (200, {"ready": True, "not_ready": [], "degraded": []})
DEGRADED = (200, {"ready": True, "not_ready": [], "degraded": ["cache"]})
UNDO = """
DELETE FROM django_migrations WHERE id = (
    SELECT max(id) FROM django_migrations WHERE app = 'integrations_app'
)
"""


def not_ready(name: str) -> tuple[int, object]:
    return 503, {"ready": False, "not_ready": [name], "degraded": []}


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with open_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    with open_redis() as server:
        yield server


@pytest.fixture(scope="module")
def stigg() -> Iterator[Simulator]:
    with simulator.start() as running:
        yield running


@pytest.fixture(scope="module")
def desk(stigg: Simulator, postgres: Postgres, redis: Redis) -> Iterator[Desk]:
    urls = {"DATABASE_URL": postgres.new_database(), "CACHE_URL": redis.url(), "WORKERS": "1"}
    with open_desk(stigg, **urls) as running:
        yield running


def readiness(desk: Desk) -> tuple[int, object]:
    answer = browser().get(
        f"{desk.url}/readyz", headers={"Host": "10.1.2.3"}, timeout=PATIENCE_SECONDS
    )
    return answer.status_code, answer.json()


@pytest.mark.slow
def test_it_is_ready_and_stigg_is_not_asked(desk: Desk, stigg: Simulator) -> None:
    stigg.clear()
    wait_until(lambda: readiness(desk) == READY)
    assert not stigg.requests()


@pytest.mark.slow
@pytest.mark.parametrize("lost", [hung, away])
def test_it_is_not_ready_without_its_database_and_is_again(
    desk: Desk, postgres: Postgres, lost: Lost
) -> None:
    with lost(postgres):
        wait_until(lambda: readiness(desk) == not_ready("database"))
    wait_until(lambda: readiness(desk) == READY)


@pytest.mark.slow
def test_it_says_that_the_cache_fails_and_serves(desk: Desk, redis: Redis) -> None:
    with away(redis):
        wait_until(lambda: readiness(desk) == DEGRADED)
    wait_until(lambda: readiness(desk) == READY)


@pytest.mark.slow
def test_it_is_not_ready_while_a_migration_is_missing(desk: Desk) -> None:
    with psycopg.connect(desk.environment["DATABASE_URL"]) as database:
        [row] = database.execute(f"{UNDO} RETURNING name").fetchall()
    wait_until(lambda: readiness(desk) == not_ready("migrations"))
    desk.manage("migrate", "--fake", "integrations_app", row[0])
    wait_until(lambda: readiness(desk) == READY)


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_what_is_answered_before_django_is_guarded_too(desk: Desk, path: str) -> None:
    guarded(browser().get(f"{desk.url}{path}"))


def test_a_database_that_is_the_reason_of_the_reason_is_named(
    agent: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a transaction that is over") from OperationalError("it is lost")

    monkeypatch.setattr("integrations_app.lookup.views.recents", fail)
    agent.raise_request_exception = False
    assert agent.get("/").status_code == 503
