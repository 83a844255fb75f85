"""A database that is locked, full or read-only: said in true words, soon, and not as a fault of the
desk; nothing is shown that could not be recorded.
"""

import json
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from dashboard.sqlite import base
from integrations_app.audit.events import Action, AuditEvent, NotRecorded, note
from integrations_app.simulator import Simulator
from tests.desks import open_desk
from tests.pages import element, page, problem

pytestmark = pytest.mark.slow  # start the desk in a process of its own

OF_THIS_TEST = "one of many"
THREADS, EVENTS_OF_EACH = 32, 60
PAGES = (page("acme-corp"), "/lookup?q=acme-corp")


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Another process holds the only place for writing."""
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_a_locked_database_is_a_503_and_all_is_well_afterwards(
    stigg: Simulator, tmp_path: Path
) -> None:
    database = tmp_path / "desk.sqlite3"
    with open_desk(stigg, DATABASE_URL=f"sqlite:///{database}") as desk:
        agent = desk.sign_in()
        with locked(database):
            answers = [agent.get(f"{desk.url}{path}", allow_redirects=False) for path in PAGES]
        for answer in answers:
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
            assert 'data-problem="database"' in answer.text
            assert "Acme Inc." not in answer.text
            assert answer.elapsed.total_seconds() < 5  # as long as Django itself waits
        assert "Acme Inc." in agent.get(f"{desk.url}{PAGES[0]}").text


def test_without_strictness_a_locked_database_costs_the_record_and_not_the_page(
    stigg: Simulator, tmp_path: Path
) -> None:
    database = tmp_path / "desk.sqlite3"
    settings = {"DATABASE_URL": f"sqlite:///{database}", "RECORD_STRICT": "false"}
    with open_desk(stigg, **settings) as desk:
        agent = desk.sign_in()
        with locked(database):
            answer = agent.get(f"{desk.url}{PAGES[0]}")
        assert (answer.status_code, "Acme Inc." in answer.text) == (200, True)
    (line,) = [json.loads(line) for line in desk.said if '"not recorded"' in line]
    assert (line["action"], line["environment"], line["outcome"]) == ("view", "production", "shown")
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert "acme" not in json.dumps(line)


@pytest.mark.django_db(transaction=True)
def test_many_threads_write_one_after_the_other_and_none_gives_up() -> None:
    def write(_: int) -> None:
        for _ in range(EVENTS_OF_EACH):
            note(None, Action.VIEW, "shown", detail=OF_THIS_TEST)
        connection.close()

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(write, range(THREADS)))
    assert AuditEvent.objects.filter(detail=OF_THIS_TEST).count() == THREADS * EVENTS_OF_EACH


@pytest.mark.django_db(transaction=True)
def test_an_event_is_one_statement_so_no_other_process_waits_for_python(
    django_assert_num_queries: Any,
) -> None:
    with django_assert_num_queries(1):
        note(None, Action.VIEW, "shown")


@pytest.mark.django_db(transaction=True)
def test_a_single_statement_queues_up_like_a_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "patience", 0.01)
    with base.queued(patience=1), pytest.raises(NotRecorded):
        note(None, Action.VIEW, "shown")


@pytest.mark.django_db(transaction=True)
def test_a_thread_that_lost_its_connection_keeps_nobody_from_writing() -> None:
    def lose() -> None:
        connection.ensure_connection()
        connection.connection.close()
        with pytest.raises(NotRecorded):
            note(None, Action.VIEW, "shown")

    with ThreadPoolExecutor(1) as thread:
        thread.submit(lose).result()
        note(None, Action.VIEW, "shown", detail=OF_THIS_TEST)
    assert AuditEvent.objects.filter(detail=OF_THIS_TEST).count() == 1


@pytest.mark.parametrize(
    "said", ["database or disk is full", "attempt to write a readonly database"]
)
def test_a_database_that_cannot_be_written_is_a_503(
    agent: Client, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OperationalError(said)

    monkeypatch.setattr(AuditEvent, "save", fail)
    agent.raise_request_exception = False
    response = agent.get(page("acme-corp"))
    assert (response.status_code, problem(response)) == (503, "database")
    assert response["X-Request-ID"] in element(response, ".quote").get_text()
    assert "Acme Inc." not in response.content.decode()


def test_a_fault_of_ours_is_still_told_as_one(
    agent: Client, stigg: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations_app.customer.views.open_customer", lambda *_, **__: 1 / 0)
    agent.raise_request_exception = False
    response = agent.get(page("acme-corp"))
    assert (response.status_code, problem(response)) == (500, "desk-fault")
    assert "has been logged" in response.content.decode()
