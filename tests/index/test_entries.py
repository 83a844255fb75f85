"""The index of vendors' records: what is kept, and what comes back."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any
from unittest.mock import Mock

import pytest
import time_machine
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from integrations_app.index import entries
from integrations_app.index.entries import add, customers_with, digest, remember
from integrations_app.index.models import IndexEntry

pytestmark = pytest.mark.django_db

RECORD = "cus_MIhJJFnJL24HFH"


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    cache.clear()
    entries.written.clear()


def test_a_record_leads_back_to_its_customer() -> None:
    remember("production", "acme-corp", [RECORD, "8123456789"])
    assert customers_with("production", [RECORD]) == ("acme-corp",)
    assert customers_with("production", ["8123456789"]) == ("acme-corp",)


@pytest.mark.sqlite  # Redis has a clock of its own
def test_what_could_not_be_written_is_tried_again_in_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(entries, "add", Mock(side_effect=DatabaseError))
        remember("production", "acme-corp", [RECORD])
    remember("production", "acme-corp", [RECORD])
    assert customers_with("production", [RECORD]) == ()
    a_minute_later = time.monotonic() + 61
    monkeypatch.setattr("integrations_app.index.entries.time.monotonic", lambda: a_minute_later)
    with time_machine.travel(timedelta(seconds=61)):
        remember("production", "acme-corp", [RECORD])
    assert customers_with("production", [RECORD]) == ("acme-corp",)


def test_entries_are_written_in_one_order_so_that_no_two_wait_for_each_other() -> None:
    with CaptureQueriesContext(connection) as asked:
        for ids in (["b", "c", "a"], ["c", "a", "b"]):
            add("production", [("acme-corp", ids)])
    first, second = (query["sql"] for query in asked.captured_queries)
    assert first == second


def test_a_record_of_another_environment_leads_nowhere() -> None:
    remember("staging", "acme-corp", [RECORD])
    assert customers_with("production", [RECORD]) == ()


def test_any_spelling_of_a_record_will_do() -> None:
    remember("production", "acme-corp", ["0015g00000XyZab"])
    assert customers_with("production", ["0015g00000XyZabAAC", "0015g00000XyZab"]) == ("acme-corp",)


def test_a_shared_record_leads_to_all_its_customers_and_one_of_many_to_none() -> None:
    add("production", [(name, [RECORD]) for name in ("b", "a")])
    assert customers_with("production", [RECORD]) == ("a", "b")
    add("production", [(f"customer-{number}", [RECORD]) for number in range(4)])
    assert customers_with("production", [RECORD]) == ()


def test_no_id_is_kept_in_clear_text(settings: Any) -> None:
    add("production", [("acme-corp", [RECORD])])
    entry = IndexEntry.objects.get()
    assert RECORD.encode() not in bytes(entry.digest)
    before = digest(RECORD)
    settings.SECRET_KEY = "another" * 10
    assert digest(RECORD) != before


def test_the_same_rows_are_written_once(django_assert_num_queries: Any) -> None:
    remember("production", "acme-corp", [RECORD])
    with django_assert_num_queries(0):
        remember("production", "acme-corp", [RECORD])
    with django_assert_num_queries(0):
        remember("production", "nobody", [])


def test_known_entries_are_left_as_they_are() -> None:
    add("production", [("acme-corp", [RECORD])])
    add("production", [("acme-corp", [RECORD, "org_1234567890"])])
    assert IndexEntry.objects.count() == 2


def test_a_database_that_fails_costs_the_page_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def locked(*args: object, **options: object) -> None:
        raise DatabaseError("database is locked")

    monkeypatch.setattr("integrations_app.index.entries.add", locked)
    remember("production", "acme-corp", [RECORD])
    assert [record.message for record in caplog.records] == ["index not written"]
    assert RECORD not in caplog.text


def test_no_page_waits_and_only_so_many_customers_do(monkeypatch: pytest.MonkeyPatch) -> None:
    writer, is_slow, add_slowly = ThreadPoolExecutor(1), Event(), Mock()
    monkeypatch.setattr(entries, "writer", writer)
    monkeypatch.setattr(entries, "add", add_slowly)
    writer.submit(is_slow.wait, 20)
    for number in range(entries.MOST_WAITING + 5):
        remember("production", f"customer-{number}", [RECORD])
    add_slowly.assert_not_called()
    is_slow.set()
    writer.shutdown()
    assert add_slowly.call_count == entries.MOST_WAITING
