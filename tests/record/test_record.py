"""The record as auditors read it, as a page and as CSV, and who saw a customer."""

import csv
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from integrations_app.audit.events import AuditEvent
from integrations_app.record.filters import ROWS
from tests.accounts import give
from tests.pages import Response, element, page, problem, soup

RECORD = "/record/"
CSV = "/record/csv/"
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.fixture
def auditor(db: None) -> Client:
    account = User.objects.create_user("vera")
    give(account, "auditor")
    browser = Client()
    browser.force_login(account)
    QuerySet(AuditEvent).delete()  # her own sign-in
    return browser


def event(at: datetime = NOON, **changed: str) -> AuditEvent:
    known = {
        "user": "mara",
        "action": "view",
        "environment": "production",
        "customer_id": "acme-corp",
        "customer_name": "Acme Inc.",
        "outcome": "shown",
    }
    with time_machine.travel(at, tick=False):
        return AuditEvent.objects.create(**(known | changed))


def customers(response: Response) -> list[str]:
    return [cell.get_text() for cell in soup(response).select("td[data-label=Customer] bdi.id")]


def as_csv(response: object) -> list[list[str]]:
    whole = b"".join(cast("Iterable[bytes]", cast(StreamingHttpResponse, response)))
    assert whole.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(whole.decode("utf-8-sig").splitlines()))


@pytest.mark.parametrize("address", [RECORD, CSV])
def test_it_is_for_those_who_may_read_it(agent: Client, address: str) -> None:
    response = agent.get(address)
    assert (response.status_code, problem(response)) == (403, "no-permission")
    assert soup(agent.get("/")).select("header a[href='/record/']") == []


def test_it_shows_the_newest_first_with_all_that_is_known(auditor: Client) -> None:
    event(customer_id="older")
    event(query="ops@acme.example", ticket="T-41", detail="?vendor=STRIPE", address="192.0.2.7")
    response = auditor.get(RECORD)
    assert customers(response) == ["acme-corp", "older"]
    row = element(response, "tbody tr").get_text(" ", strip=True)
    for told in ("2 Nov 2026 12:00:00", "mara", "192.0.2.7", "Customer opened", "Acme Inc.",
                 "production", "ops@acme.example", "?vendor=STRIPE", "T-41", "shown"):  # fmt: skip
        assert told in row
    assert element(response, "header a[href='/record/']").get_text() == "Record"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("user=otto", ["b"]),
        ("customer=c", ["c"]),
        ("ticket=T-1", ["d"]),
        ("action=lookup", ["e"]),
        ("since=2026-11-03", ["f"]),
        ("until=2026-11-01", ["a"]),
        ("since=2026-11-02&until=2026-11-02&user=mara", ["e", "d", "c"]),
        ("user=otto&customer=c", []),
    ],
)
def test_each_filter_narrows_it(auditor: Client, query: str, expected: list[str]) -> None:
    event(NOON - timedelta(days=1), customer_id="a")
    event(customer_id="b", user="otto")
    event(customer_id="c")
    event(customer_id="d", ticket="T-1")
    event(customer_id="e", action="lookup")
    event(NOON + timedelta(days=1), customer_id="f")
    assert customers(auditor.get(f"{RECORD}?{query}")) == expected
    rows = as_csv(auditor.get(f"{CSV}?{query}"))
    column = rows[0].index("customer_id")
    assert [row[column] for row in rows[1:] if row[column]] == expected


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("since=yesterday", "From: Enter a valid date."),
        ("until=9999-12-31", "To: "),
        ("since=0001-01-01", "From: "),
        ("action=nothing", "What: "),
        ("before=-1", "Before: "),
        ("before=99999999999999999999", "Before: "),
        ("user=%00", "Person: "),
        (f"customer={'x' * 256}", "Customer's id: "),
    ],
)
def test_a_filter_that_cannot_be_is_told_and_kept(auditor: Client, query: str, said: str) -> None:
    event()
    for address in (RECORD, CSV):
        response = auditor.get(f"{address}?{query}&ticket=T-7")
        assert (response.status_code, problem(response)) == (400, "bad-input")
        assert said in element(response, ".notice.bad").get_text()
        assert element(response, "[name=ticket]")["value"] == "T-7"
        assert customers(response) == []


def test_pages_go_on_from_where_the_last_one_ended(auditor: Client) -> None:
    for number in range(ROWS + 2):
        event(customer_id=f"c{number}")
    first = auditor.get(f"{RECORD}?user=mara")
    for number in range(5):  # what comes meanwhile moves nothing
        event(customer_id=f"new{number}")
    second = auditor.get(RECORD + str(element(first, "a[rel=next]")["href"]).removeprefix(RECORD))
    assert customers(first) == [f"c{number}" for number in range(ROWS + 1, 1, -1)]
    assert customers(second) == ["c1", "c0"]
    assert soup(second).select("a[rel=next]") == []
    assert element(second, "a[rel=first]")["href"] == f"{RECORD}?user=mara"


def test_nothing_that_fits_is_said(auditor: Client) -> None:
    response = auditor.get(f"{RECORD}?customer=nobody")
    assert response.status_code == 200
    assert "Nothing on record fits." in element(response, "[data-state=empty]").get_text()


def test_reading_it_is_on_record(auditor: Client) -> None:
    auditor.get(f"{RECORD}?customer=acme-corp")
    b"".join(cast("Iterable[bytes]", auditor.get(f"{CSV}?user=mara")))
    fields = ("user", "action", "outcome", "detail")
    assert list(AuditEvent.objects.order_by("id").values_list(*fields)) == [
        ("vera", "record", "shown", "customer=acme-corp"),
        ("vera", "record", "csv", "user=mara"),
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\u3000=1"])
def test_no_cell_of_the_csv_is_a_formula(auditor: Client, text: str) -> None:
    event(query=text)
    header, row, *_ = as_csv(auditor.get(f"{CSV}?user=mara"))
    assert row[header.index("query")] == f"'{text}"


def test_the_csv_has_every_row_however_many(
    auditor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations_app.record.views.CSV_ROWS", 3)
    for number in range(8):
        event(customer_id=f"Zoë {number}")
    header, *rows = as_csv(auditor.get(f"{CSV}?user=mara&before=8000"))
    assert [row[header.index("customer_id")] for row in rows] == [
        f"Zoë {number}" for number in range(7, -1, -1)
    ]


# --- on the customer's page -----------------------------------------------------------------------


@pytest.mark.usefixtures("stigg")
@pytest.mark.sqlite
def test_those_who_may_read_it_see_who_saw_a_customer(auditor: Client) -> None:
    give(User.objects.get(username="vera"), "viewer")
    event(user="otto")
    event(user="lena")
    event(user="otto")
    event(user="rita", customer_id="other")
    event(user="rita", environment="staging")
    event(user="rita", outcome="not-found")
    with CaptureQueriesContext(connection) as queries:
        response = auditor.get(page("acme-corp"))
    names = [name.get_text() for name in soup(response).select(".seen-by bdi")]
    assert names == ["otto", "lena"]
    assert element(response, ".seen-by a")["href"] == "/record/?customer=acme-corp"
    asked = [
        query["sql"] for query in queries if "NOT" in query["sql"] and "mara" not in query["sql"]
    ]
    (plan_of,) = [sql for sql in asked if "auditevent" in sql]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {plan_of}")
        plan = " ".join(str(row[-1]) for row in cursor.fetchall())
    assert "record_by_customer" in plan
    assert "TEMP B-TREE" not in plan


def test_nobody_else_is_told_or_costs_a_query(agent: Client) -> None:
    event(user="otto")
    with CaptureQueriesContext(connection) as queries:
        response = agent.get(page("acme-corp"))
    assert soup(response).select(".seen-by") == []
    assert [
        query for query in queries if "SELECT" in query["sql"] and "auditevent" in query["sql"]
    ] == []
