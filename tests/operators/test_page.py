"""The operators' page: what was counted, what is wrong, and nothing of customers."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client import REGISTRY

from dashboard.logs import Formatter
from dashboard.metrics import written
from integrations_app import metrics
from integrations_app.access.models import EnvironmentLimit
from integrations_app.audit.events import AuditEvent
from integrations_app.models import StiggCount, WrongLink
from integrations_app.operators import counts
from integrations_app.operators.counts import keep
from integrations_app.simulator import KEYS, Simulator
from tests.access.people import signed_in
from tests.accounts import account, browser_of
from tests.pages import Response, element, page, soup

PAGE = "/operations/"
NOON = datetime(2026, 11, 26, 12, 0, 30, tzinfo=UTC)


@pytest.fixture
def operator(db: None, stigg: Simulator) -> Iterator[Client]:
    """Somebody who may see everything, before whom nothing was counted; at noon."""
    with time_machine.travel(NOON, tick=False):
        browser = browser_of(account("olga", "operator"))
        keep()
        StiggCount.objects.all().delete()
        yield browser


def counted(ago: int, kind: str, outcome: str, times: int, **more: Any) -> None:
    """Something that happened `ago` minutes ago, in production unless it is said otherwise."""
    known = {"environment": "production", "at_most_ms": 100 if kind in ("rest", "graphql") else 0}
    at = counts.minute() - ago
    StiggCount.objects.create(minute=at, kind=kind, outcome=outcome, count=times, **known | more)


def advice(response: Response) -> list[str]:
    """What is wrong, and what to do."""
    return [
        " ".join(each.get_text(" ", strip=True).split())
        for each in soup(response).select("[data-advice]")
    ]


def told(response: Response, name: str, environment: str = "production") -> list[str]:
    """What the table says of the last hour and of the last day."""
    section = element(response, f"section[aria-labelledby=place-{environment}]")
    [row] = [row for row in section.select(".figures tbody tr") if element(row, "th").text == name]
    return [cell.get_text() for cell in row.select("td")]


def test_what_agents_did_is_counted_and_told(operator: Client) -> None:
    operator.get(page("acme-corp"))
    operator.get(page("nobody-knows"))
    response = operator.get(PAGE)
    assert told(response, "Failed calls") == ["none", "none"]
    assert int(told(response, "Calls to Stigg")[0]) >= 3
    assert told(response, "Half of its answers came within")[0].endswith(" ms")
    operator.get(page("acme-corp"))
    assert "fresh" in told(operator.get(PAGE), "Answered from copies")[0]
    assert [text[:8] for text in advice(response)] == ["Nothing:"]


def test_before_anything_was_asked_it_says_so(operator: Client) -> None:
    response = operator.get(PAGE)
    assert len(soup(response).select("[data-state=empty]")) == 2
    assert soup(response).select(".figures, svg.chart") == []
    assert advice(response) == [
        "Nothing is known to be wrong, but Stigg was not asked in the last hour."
    ]


def test_a_call_is_counted_once_in_the_bound_that_it_kept(operator: Client) -> None:
    for seconds in (0.02, 0.02, 0.3, 12):
        metrics.CALLS.labels("production", "rest", "answered").observe(seconds)
    keep()
    keep()
    assert list(StiggCount.objects.order_by("at_most_ms").values_list("at_most_ms", "count")) == [
        (25, 2),
        (500, 1),
        (60_000, 1),
    ]


def test_what_could_not_be_written_is_written_later_with_its_own_minute(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise OperationalError

    with monkeypatch.context() as broken:
        broken.setattr(counts, "_add", away)
        metrics.CALLS.labels("production", "rest", "answered").observe(0.01)
        keep()
    with time_machine.travel(NOON + timedelta(minutes=7), tick=False):
        metrics.CALLS.labels("production", "rest", "answered").observe(0.01)
        keep()
        assert list(StiggCount.objects.order_by("minute").values_list("minute", "count")) == [
            (counts.minute() - 7, 1),
            (counts.minute(), 1),
        ]


def test_several_processes_are_added_up(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics.CALLS.labels("production", "rest", "answered").observe(0.01)
    keep()
    before = StiggCount.objects.get().count
    monkeypatch.setattr(counts, "_known", counts._counted())  # as one that begins now
    metrics.CALLS.labels("production", "rest", "answered").observe(0.01)
    keep()
    assert StiggCount.objects.get().count == before + 1


def test_a_window_holds_what_it_says(operator: Client) -> None:
    for ago in (0, 59, 60, 1439, 1440):
        counted(ago, "rest", "answered", 1)
    response = operator.get(PAGE)
    assert told(response, "Calls to Stigg") == ["2", "4"]
    tables = soup(response).select(".charts table")
    for table, first, columns in zip(tables, ("11:01", "12:01"), (12, 24), strict=True):
        rows = [[cell.text for cell in row.select("th, td")] for row in table.select("tbody tr")]
        assert len(rows) == columns
        assert rows[0] == [first, "1", "0", "75 ms", "98 ms"]
    assert len(soup(response).select("svg.chart rect")) == 2 * 2 * (12 + 24)


def test_times_are_estimated_between_two_bounds(operator: Client) -> None:
    counted(3, "rest", "answered", 30, at_most_ms=50)
    counted(3, "graphql", "not-found", 60, at_most_ms=100)
    counted(2, "rest", "answered", 10, at_most_ms=60_000)
    counted(2, "rest", "timeout", 500, at_most_ms=10_000)
    response = operator.get(PAGE)
    assert told(response, "Half of its answers came within")[0] == "67 ms"
    assert told(response, "95 in 100 answers came within")[0] == "over 10 s"
    assert "Stigg's times are estimates" in element(response, ".how").get_text()


@pytest.mark.parametrize(("at_most_ms", "said"), [(500, "375 ms"), (2_500, "1.8 s")])
def test_a_time_is_told_in_the_unit_that_suits_it(
    operator: Client, at_most_ms: int, said: str
) -> None:
    counted(3, "rest", "answered", 10, at_most_ms=at_most_ms)
    assert told(operator.get(PAGE), "Half of its answers came within")[0] == said


KEY = "Make a new one in Stigg, set it as STIGG_PRODUCTION_API_KEY, and restart the desk."


@pytest.mark.parametrize(
    ("kind", "outcome", "said"),
    [
        ("rest", "key-rejected", f"Production: Stigg refused the desk's key, 12 times. {KEY}"),
        ("rest", "forbidden", "The desk's key may not read this, 12 times. Give the key the scope"),
        ("graphql", "forbidden", "The desk's key may not use GraphQL, 12 times."),
        ("graphql", "key-rejected", "The desk's key may not use GraphQL, 12 times."),
        ("rest", "rate-limited", "Stigg asks the desk to slow down, 12 times. It ends by itself."),
        ("rest", "unavailable", "Stigg cannot be reached, 12 times. Look at status.stigg.io."),
        ("graphql", "timeout", "Stigg takes too long, 12 times. Look at status.stigg.io"),
        ("rest", "unexpected", "makes no sense, 12 times. Look at STIGG_PRODUCTION_API_URL"),
        ("rest", "fault", "A call failed in the desk itself, 12 times. The log has a traceback"),
        ("not-asked", "busy", "The desk is busy, 12 times. See why Stigg is slow."),
        ("not-asked", "over-allowance", "its share of a minute, 12 times. The log's 429s name it"),
        ("not-recorded", "view", "could not be put on record, 12 times. Free the disk"),
    ],
)
def test_it_says_what_is_wrong_and_what_to_do(
    operator: Client, kind: str, outcome: str, said: str
) -> None:
    counted(40, kind, outcome, 5)
    counted(9, kind, outcome, 7)
    counted(61, kind, outcome, 100)
    [told] = advice(operator.get(PAGE))
    since = "12 times since 11:20, last at 11:51"
    assert said in told.replace(since, "12 times")
    assert since in told


def test_each_fault_is_a_sentence_and_those_that_are_over_come_last(operator: Client) -> None:
    counted(30, "rest", "key-rejected", 1)
    counted(20, "rest", "answered", 999)
    counted(10, "not-recorded", "sign-in", 2, environment="")
    counted(8, "rest", "answered", 9, environment="staging")
    counted(5, "rest", "forbidden", 3, environment="staging")
    counted(5, "graphql", "forbidden", 3, environment="staging")
    counted(4, "graphql", "answered", 3, environment="staging")
    told = advice(operator.get(PAGE))
    assert [each.split(". ")[0] for each in told] == [
        "What was done could not be put on record, 2 times since 11:50",
        "Staging: The desk's key may not read this, 3 times since 11:55",
        "Production: Stigg refused the desk's key, once, at 11:30",
        "Staging: The desk's key may not use GraphQL, 3 times since 11:55",
    ]
    assert ["Stigg has answered since." in each for each in told] == [False, False, True, True]


def test_an_answer_in_the_same_minute_does_not_say_that_a_fault_is_over(operator: Client) -> None:
    counted(5, "rest", "forbidden", 1)
    counted(5, "rest", "answered", 9)
    [told] = advice(operator.get(PAGE))
    assert "Stigg has answered since." not in told


def test_a_key_that_is_refused_everywhere_is_one_fault(operator: Client) -> None:
    counted(3, "rest", "key-rejected", 1)
    counted(3, "graphql", "key-rejected", 1)
    counted(3, "graphql", "forbidden", 5)
    [told] = advice(operator.get(PAGE))
    assert "Stigg refused the desk's key, 2 times" in told


@pytest.mark.parametrize(("failed", "said"), [(1, "Nothing: Stigg answered"), (2, "too long")])
def test_one_in_a_hundred_may_fail_in_passing(operator: Client, failed: int, said: str) -> None:
    counted(3, "rest", "answered", 99)
    counted(2, "rest", "timeout", failed)
    [told] = advice(operator.get(PAGE))
    assert said in told


def test_a_real_day_of_faults_is_told(operator: Client, stigg: Simulator) -> None:
    stigg.fault(environment="staging", status=401)
    stigg.fault(environment="production", status=429)
    for environment in ("staging", "production", "production"):
        operator.get(page("acme-corp", environment=environment))
    response = operator.get(PAGE)
    assert "STIGG_STAGING_API_KEY" in " ".join(advice(response))
    assert ": key-rejected" in told(response, "Failed calls", "staging")[0]
    assert ": rate-limited" in told(response, "Failed calls")[0]
    assert ": rate-limited" in told(response, "Cool-downs begun")[0]
    assert ": rate-limited" in told(response, "Calls not made")[0]


def test_what_could_not_be_put_on_record_is_told(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OperationalError

    operator.raise_request_exception = False

    def recorded() -> float:
        view = {"action": "view", "outcome": "shown"}
        return REGISTRY.get_sample_value("desk_recorded_total", view) or 0

    before = recorded()
    with monkeypatch.context() as broken:
        broken.setattr(AuditEvent, "save", full)
        assert operator.get(page("acme-corp")).status_code == 503
    assert recorded() == before
    assert "Production: What was done could not be put on record, once" in " ".join(
        advice(operator.get(PAGE))
    )


# --- from the record ------------------------------------------------------------------------------


def event(ago: float, action: str, user: str = "mara", **more: str) -> None:
    """Something on record, so many seconds ago."""
    known = {"environment": "production", "outcome": "one", "customer_id": "acme-corp"} | more
    with time_machine.travel(NOON - timedelta(seconds=ago), tick=False):
        AuditEvent.objects.create(user=user, action=action, **known)


def test_look_ups_and_the_way_to_a_link_come_from_the_record(operator: Client) -> None:
    event(2_000, "lookup", "agent0")  # another came after it
    event(90_000, "lookup")  # of the day before
    event(5_000, "lookup", outcome="several")
    for number, seconds in enumerate([10, 20, 30, 400]):
        event(1_000, "lookup", f"agent{number}")
        event(1_000 - seconds, "link", f"agent{number}", outcome="opened")
        event(900 - seconds, "link", f"agent{number}", outcome="opened")  # not the first
    event(3_000, "lookup", "late")
    event(1_100, "link", "late", outcome="opened")
    event(50, "lookup", "elsewhere")
    event(40, "link", "elsewhere", environment="staging", outcome="opened")
    response = operator.get(PAGE)
    assert told(response, "Look-ups") == [
        "7: one customer 7",
        "8: one customer 7, several customers 1",
    ]
    assert (
        told(response, "From look-up to opened link")
        == ["half within 20 s, 9 in 10 within 6 min 40 s, of 4"] * 2
    )


@pytest.mark.sqlite
def test_the_record_is_read_by_time(operator: Client) -> None:
    """However long it is."""
    with CaptureQueriesContext(connection) as queries:
        operator.get(PAGE)
    asked = [each["sql"] for each in queries if 'FROM "integrations_app_auditevent"' in each["sql"]]
    assert len(asked) == 2
    for sql in asked:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            assert "auditevent_at_" in " ".join(str(row[-1]) for row in cursor.fetchall())


def test_wrong_links_are_counted_and_led_to(operator: Client) -> None:
    for vendor, hours in (("STRIPE", 0.5), ("HUBSPOT", 2), ("HUBSPOT", 25)):
        WrongLink.objects.create(
            at=timezone.now() - timedelta(hours=hours),
            environment="production",
            vendor_identifier=vendor,
            customer_id="acme-corp",
            word="it is another Acme",
        )
    response = operator.get(PAGE)
    assert told(response, "Wrong links reported") == ["1: Stripe 1", "2: HubSpot 1, Stripe 1"]
    [told_so] = advice(response)
    assert told_so.startswith("Production: 1 wrong link reported in the last hour.")
    link = element(response, "[data-advice] a")
    assert operator.get(str(link["href"])).status_code == 200


def test_it_says_who_is_signed_in(operator: Client) -> None:
    def names() -> list[str]:
        section = element(operator.get(PAGE), "section[aria-labelledby=signed-in]")
        return sorted(row.get_text() for row in section.select("tbody th"))

    for name in ("otto", "left", "gone"):
        account(name)
    browsers = {name: signed_in(name) for name in ("otto", "left", "gone")}
    User.objects.filter(username="gone").update(is_active=False)
    browsers["left"].post("/accounts/logout/")
    assert names() == ["otto"]
    with time_machine.travel(NOON + timedelta(hours=1, minutes=30), tick=False):
        operator.get("/")
    with time_machine.travel(NOON + timedelta(hours=2, minutes=30), tick=False):
        assert names() == []  # unused for too long


# --- whose it is ----------------------------------------------------------------------------------


def test_reading_it_is_on_record(operator: Client) -> None:
    operator.get(PAGE)
    last = AuditEvent.objects.order_by("-id").first()
    assert last is not None
    assert (last.user, last.action, last.outcome) == ("olga", "operations", "shown")


def test_who_may_not_see_an_environment_finds_neither_its_name_nor_its_figures(
    operator: Client,
) -> None:
    EnvironmentLimit.objects.create(user=User.objects.get(username="olga"), environment="staging")
    counted(3, "rest", "key-rejected", 7777)
    counted(3, "not-recorded", "view", 7777, environment="")
    counted(3, "rest", "answered", 5, environment="staging")
    event(50, "lookup", outcome="none")
    WrongLink.objects.create(environment="production", vendor_identifier="STRIPE")
    response = operator.get(PAGE)
    assert told(response, "Calls to Stigg", "staging") == ["5", "5"]
    assert told(response, "Wrong links reported", "staging") == ["none", "none"]
    words = response.content.decode()
    assert "roduction" not in words
    assert "7,777" not in words
    assert [text[:8] for text in advice(response)] == ["Nothing:"]


def test_only_operators_are_led_to_it(operator: Client) -> None:
    assert element(operator.get("/"), f"header a[href='{PAGE}']").get_text() == "Operations"
    viewer = browser_of(account("vic"))
    assert soup(viewer.get("/")).select(f"header a[href='{PAGE}']") == []


def as_logged(caplog: pytest.LogCaptureFixture) -> str:
    """The log as the desk writes it."""
    written_by = [handler.formatter for handler in logging.getLogger().handlers]
    [formatter] = [each for each in written_by if isinstance(each, Formatter)]
    return "\n".join(map(formatter.format, caplog.records))


PRIVATE = ("acme", "Acme", "cus_", "@", "hubspot.example", "another", "T-4711", *KEYS)


def test_nothing_of_customers_is_on_it(
    operator: Client, stigg: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor in what is kept for it, nor in /metrics, nor in the log of requests and failed calls."""
    asked = (
        page("acme-corp", "?ticket=T-4711"),
        "/lookup?q=billing%40acme.example%20cus_1234567890&ticket=T-4711",
        page("acme-corp", "?refresh=1", environment="staging"),
    )
    for address in asked:
        operator.get(address)
    for number, status in enumerate((400, 401, 403, 404, 429, 500)):
        stigg.fault(customer=f"acme-{number}", status=status)
        operator.get(page(f"acme-{number}"))
    operator.post(page("acme-corp", part="opened/"), {"integration": "cus_1234567890"})
    WrongLink.objects.create(
        environment="production",
        vendor_identifier="ACME LEDGER",
        customer_id="acme-corp",
        integration_id="cus_1234567890",
        host="acme.hubspot.example",
        word="it is another Acme",
    )
    response = operator.get(PAGE)
    main = element(response, "main").decode()
    assert told(response, "Look-ups")[0].startswith("1")
    log = as_logged(caplog)
    assert "stigg call failed" in log
    for outside in (written().decode(), log):
        assert [word for word in PRIVATE if word in outside] == []
    kept = str(list(StiggCount.objects.values_list()))
    vendor = "Acme Ledger"  # a vendor's name, which an operator must know
    assert [word for word in PRIVATE if word in (main + kept).replace(vendor, "")] == []


def test_tidy_keeps_two_days(operator: Client) -> None:
    for days in (0, 1.9, 2.1):
        counted(int(days * 24 * 60), "rest", "answered", 1)
    said = StringIO()
    call_command("tidy", stdout=said)
    assert "counts: 1 removed" in said.getvalue()
    assert StiggCount.objects.count() == 2
