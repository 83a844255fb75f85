"""One answer for many readers, an old one when there is no new one, and no queue of waiting
threads.
"""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.test import Client as Browser

from integrations_app.simulator import Simulator
from integrations_app.stigg import Question
from integrations_app.upstream import environments, fresh_or_copy
from integrations_app.upstream import upstream as upstreams
from integrations_app.upstream.copies import Copies, Copy, Memory, NoCopy
from integrations_app.upstream.limits import (
    MAX_RETRIES_SAVED,
    PAUSE_SECONDS,
    RETRIES_PER_CALL,
    RetryBudget,
    Room,
)
from integrations_app.upstream.upstream import Upstream
from tests.accounts import account, browser_of
from tests.pages import HTMX, element, page, problem, rows, soup

ACME = page("acme-corp")


@pytest.fixture
def upstream(stigg: Simulator) -> Upstream:
    return environments.configured()["production"].upstream


@pytest.fixture
def later() -> Iterator[Callable[[float], object]]:
    """Moves the clock on, by seconds."""
    with time_machine.travel("2026-11-24T12:00:00Z", tick=False) as traveller:
        yield lambda seconds: traveller.shift(timedelta(seconds=seconds))


def asked(stigg: Simulator) -> int:
    """How many questions reached REST; the sync states come by GraphQL, beside them."""
    return [seen["method"] for seen in stigg.requests()].count("GET")


def stale(response: Any) -> str:
    notice = soup(response).select_one("[data-stale]")
    return str(notice["data-stale"]) if notice else ""


def test_many_readers_share_one_call(upstream: Upstream, stigg: Simulator) -> None:
    stigg.fault(customer="acme-corp", delay=0.3)
    together = threading.Barrier(6)

    def read(_number: int) -> str:
        visit = environments.configured()["production"].visit()
        together.wait()
        return str(visit.gather(customer=lambda s: s.get_customer("acme-corp"))["customer"].name)

    with ThreadPoolExecutor(6) as readers:
        assert set(readers.map(read, range(6))) == {"Acme Inc."}
    assert asked(stigg) == 1


def test_it_shares_an_answer_for_fifteen_seconds(
    agent: Browser, stigg: Simulator, later: Callable[[float], object]
) -> None:
    agent.get(ACME)
    assert asked(stigg) == 2
    later(14)
    shown = element(agent.get(ACME), "time[data-age]")
    assert shown["datetime"] == "2026-11-24T12:00:00+00:00"
    assert asked(stigg) == 2
    later(2)
    agent.get(ACME)
    assert asked(stigg) == 4


def test_refresh_goes_past_the_copy_and_its_address_does_not_stay(
    agent: Browser, stigg: Simulator, later: Callable[[float], object]
) -> None:
    first = agent.get(ACME)
    later(3)
    again = agent.get(str(element(first, "#refresh")["hx-get"]), headers=HTMX)
    assert asked(stigg) == 4
    assert again["HX-Push-Url"] == ACME
    assert element(again, "time[data-age]")["datetime"] == "2026-11-24T12:00:03+00:00"


@pytest.mark.parametrize("size", ["", "&limit=2"])
def test_a_chip_is_answered_from_a_whole_list_that_is_fresh(
    agent: Browser, stigg: Simulator, size: str
) -> None:
    agent.get(ACME)
    response = agent.get(page("acme-corp", f"?vendor=STRIPE{size}"))
    assert len(rows(response)) == 2
    assert asked(stigg) == 2


def test_a_chip_asks_stigg_when_only_a_part_of_the_list_is_known(
    agent: Browser, stigg: Simulator
) -> None:
    agent.get(page("meridian-group"))
    agent.get(page("meridian-group", "?vendor=STRIPE"))
    assert asked(stigg) == 3


def test_a_page_is_as_old_as_the_oldest_answer_on_it(
    agent: Browser, stigg: Simulator, later: Callable[[float], object]
) -> None:
    agent.get(page("meridian-group"))
    later(10)
    response = agent.get(page("meridian-group", "?vendor=STRIPE"))
    assert asked(stigg) == 3
    assert element(response, "time[data-age]")["datetime"] == "2026-11-24T12:00:00+00:00"


def test_another_environment_never_gets_this_ones_answer(agent: Browser, stigg: Simulator) -> None:
    agent.get(ACME)
    agent.get(page("acme-corp", environment="staging"))
    assert asked(stigg) == 4


def test_nobody_sees_a_copy_without_signing_in(agent: Browser) -> None:
    agent.get(ACME)
    agent.logout()
    assert agent.get(ACME).status_code == 302


TROUBLE = [
    ({"status": 503}, "unavailable"),
    ({"status": 429}, "rate-limited"),
    ({"html": True}, "unexpected"),
    ({"shape": "data-null"}, "unexpected"),
]


@pytest.mark.parametrize(("fault", "kind"), TROUBLE)
def test_it_shows_what_it_had_with_its_age_and_the_reason(
    agent: Browser,
    stigg: Simulator,
    later: Callable[[float], object],
    fault: dict[str, Any],
    kind: str,
) -> None:
    agent.get(ACME)
    later(300)
    stigg.fault(customer="acme-corp", **fault)
    response = agent.get(ACME)
    assert (response.status_code, len(rows(response)), stale(response)) == (200, 6, kind)
    assert "12:00:00" in element(response, "[data-stale]").get_text()
    assert "Acme Inc." in element(response, "h1").get_text()
    filtered = agent.get(page("acme-corp", "?vendor=STRIPE"))
    assert (len(rows(filtered)), stale(filtered)) == (2, kind)


def test_states_from_before_that_a_page_did_not_wait_for_are_no_trouble(
    agent: Browser,
    stigg: Simulator,
    later: Callable[[float], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agent.get(ACME)
    later(20)
    stigg.fault(route="graphql", delay=20)
    monkeypatch.setattr(fresh_or_copy, "EXTRA_SECONDS", 0)
    response = agent.get(ACME)
    assert soup(response).find("th", string="State")
    assert stale(response) == ""


def test_it_shows_no_copy_older_than_ten_minutes(
    agent: Browser, stigg: Simulator, later: Callable[[float], object]
) -> None:
    agent.get(ACME)
    later(601)
    stigg.fault(customer="acme-corp", status=503)
    assert problem(agent.get(ACME)) == "unavailable"


def test_a_copy_that_this_version_of_the_desk_cannot_read_is_none(
    agent: Browser, stigg: Simulator, upstream: Upstream
) -> None:
    question = Question("/api/v1/customers/acme-corp")
    upstream.memory.set(question.key, Copy(time.time() - 60, b'{"data": []}'), 600)
    stigg.fault(customer="acme-corp", route="customer", status=500)
    response = agent.get(ACME)
    assert (len(rows(response)), stale(response)) == (6, "")
    assert "acme-corp" in element(response, "h1").get_text()


def test_it_keeps_nothing_for_bad_days_when_told_so(
    agent: Browser, stigg: Simulator, upstream: Upstream, later: Callable[[float], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(upstream, "stale_seconds", 0)
    agent.get(ACME)
    later(5)
    stigg.fault(customer="acme-corp", status=503)
    assert problem(agent.get(page("acme-corp", "?refresh=1"))) == "unavailable"
    later(11)
    assert problem(agent.get(ACME)) == "unavailable"


@pytest.mark.parametrize(
    ("status", "kind"), [(401, "key-rejected"), (403, "forbidden"), (404, "not-found")]
)
def test_a_refusal_is_shown_and_ends_the_copy(
    agent: Browser, stigg: Simulator, later: Callable[[float], object], status: int, kind: str
) -> None:
    agent.get(ACME)
    later(20)
    stigg.fault(customer="acme-corp", status=status)
    assert problem(agent.get(ACME)) == kind
    stigg.clear()
    stigg.fault(customer="acme-corp", status=500)
    assert problem(agent.get(ACME)) == "unavailable"


def test_nobody_asks_stigg_while_it_asks_for_a_rest(
    agent: Browser, stigg: Simulator, later: Callable[[float], object]
) -> None:
    stigg.fault(environment="production", status=429, headers={"Retry-After": "30"})
    response = agent.get(ACME)
    assert (problem(response), response["Retry-After"]) == ("rate-limited", "30")
    already = asked(stigg)
    later(10)
    other = agent.get(page("empty-co"))
    assert (problem(other), other["Retry-After"]) == ("rate-limited", "20")
    assert element(other, "[data-countdown]").get_text() == "20"
    assert agent.get(page("acme-corp", environment="staging")).status_code == 200
    assert asked(stigg) == already + 2
    stigg.clear()
    later(21)
    assert len(rows(agent.get(ACME))) == 6


@pytest.mark.parametrize(
    ("value", "seconds"), [(None, 10), ("soon", 10), ("0", 1), ("86400", 300), ("99999999999", 300)]
)
def test_an_absent_or_absurd_wait_becomes_a_sane_one(
    agent: Browser, stigg: Simulator, value: str | None, seconds: int
) -> None:
    stigg.fault(customer="acme-corp", status=429, headers={"Retry-After": value} if value else {})
    assert agent.get(ACME)["Retry-After"] == str(seconds)


def test_a_limit_of_graphql_costs_no_page_its_list(agent: Browser, stigg: Simulator) -> None:
    stigg.fault(route="graphql", code="RateLimitExceeded")
    assert len(rows(agent.get(ACME))) == 6
    assert agent.get(page("empty-co")).status_code == 200


@pytest.mark.parametrize("status", [502, 503, 504])
def test_it_tries_once_more_when_the_trouble_may_pass(
    agent: Browser, stigg: Simulator, status: int
) -> None:
    stigg.fault(customer="acme-corp", route="integrations", status=status, times=1)
    assert len(rows(agent.get(ACME))) == 6
    assert asked(stigg) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_it_does_not_try_again_what_will_not_pass(
    agent: Browser, stigg: Simulator, status: int
) -> None:
    stigg.fault(customer="acme-corp", route="integrations", status=status)
    agent.get(ACME)
    assert len([seen for seen in stigg.requests() if "integrations" in str(seen["path"])]) == 1


@pytest.mark.slow
def test_an_outage_costs_a_tenth_more_calls_not_twice_as_many(
    agent: Browser, stigg: Simulator, later: Callable[[float], object]
) -> None:
    stigg.fault(customer="acme-corp", route="customer", status=503)
    for _ in range(20):
        agent.get(page("acme-corp", "?refresh=1"))
        later(PAUSE_SECONDS + 1)
    asked_for = [seen["path"] for seen in stigg.requests()]
    retries = asked_for.count("/api/v1/customers/acme-corp") - 20
    tenth = len(asked_for) * RETRIES_PER_CALL
    assert 0 < retries <= MAX_RETRIES_SAVED + tenth


def test_a_retry_is_earned_by_ten_calls() -> None:
    budget = RetryBudget(saved=1)
    assert budget.spend()
    assert not budget.spend()
    for _ in range(11):
        budget.earn()
    assert budget.spend()


def test_a_long_good_day_saves_up_no_more_than_a_few_retries() -> None:
    budget = RetryBudget()
    for _ in range(1000):
        budget.earn()
    assert [budget.spend() for _ in range(4)] == [True, True, True, False]


@pytest.fixture
def full(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """No page of production may wait on Stigg."""
    monkeypatch.setattr(upstream, "pages", Room(0, 0))


def test_a_full_desk_says_so_and_the_rest_stays_quick(
    agent: Browser, stigg: Simulator, full: None
) -> None:
    response = agent.get(ACME)
    assert (response.status_code, problem(response)) == (503, "busy")
    assert asked(stigg) == 0
    assert agent.get(page("acme-corp", environment="staging")).status_code == 200
    assert agent.get("/").status_code == 200


def test_a_full_desk_still_shows_copies(
    agent: Browser,
    stigg: Simulator,
    later: Callable[[float], object],
    request: pytest.FixtureRequest,
) -> None:
    agent.get(ACME)
    later(60)
    request.getfixturevalue("full")
    assert stale(agent.get(ACME)) == "busy"


@pytest.mark.slow
def test_places_are_given_back_after_every_kind_of_answer(agent: Browser, stigg: Simulator) -> None:
    for status in (200, 401, 404, 500):
        stigg.fault(customer="acme-corp", status=status)
        for _ in range(settings.THREADS):
            agent.get(page("acme-corp", "?refresh=1"))
    stigg.clear()
    assert agent.get(page("empty-co")).status_code == 200


class Broken:
    def get(self, *_arguments: object) -> Any:
        raise ConnectionError("cache is down")

    set = add = delete = get


def test_it_works_without_its_cache(
    agent: Browser, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Memory(Broken(), "x")
    monkeypatch.setattr(upstream, "memory", broken)
    monkeypatch.setattr(upstream.rest, "memory", broken)
    assert len(rows(agent.get(ACME))) == 6


def test_a_large_answer_is_shown_and_not_kept(
    agent: Browser, stigg: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstreams, "KEPT_BYTES", 100)
    agent.get(ACME)
    agent.get(ACME)
    assert asked(stigg) == 4


def test_the_log_names_the_request_that_the_page_names(
    agent: Browser, stigg: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    stigg.fault(customer="acme-corp", status=500, headers={"X-Request-Id": "trace-of-stigg"})
    response = agent.get(ACME)
    quoted = re.search(r"request\s+(\w+)", element(response, ".state .quote").get_text())
    assert quoted
    assert quoted[1] == response["X-Request-ID"]
    logged = [vars(record) for record in caplog.records if record.message == "stigg call failed"]
    assert {(line["request_id"], line["trace_id"]) for line in logged} == {
        (quoted[1], "trace-of-stigg")
    }
    (ours,) = [vars(record) for record in caplog.records if record.name == "django.request"]
    assert ours["request_id"] == quoted[1]


def test_the_log_says_when_a_page_was_shown_from_a_copy(
    agent: Browser,
    stigg: Simulator,
    later: Callable[[float], object],
    caplog: pytest.LogCaptureFixture,
) -> None:
    agent.get(ACME)
    later(20)
    stigg.fault(customer="acme-corp", status=500)
    assert stale(agent.get(ACME)) == "unavailable"
    said = [vars(line) for line in caplog.records if line.message == "stigg call failed"]
    assert [line["kind"] for line in said if line["call"] == "shown from a copy"] == ["unavailable"]


def test_an_unknown_customer_is_logged_but_is_no_warning(
    agent: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        assert agent.get(page("acme-korp")).status_code == 404
    levels = {line.levelname for line in caplog.records if line.message == "stigg call failed"}
    assert levels == {"INFO"}


def test_what_an_agent_pasted_is_not_in_the_log(
    agent: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    formatter = next(handler for handler in logging.getLogger().handlers if handler.filters)
    assert agent.get("/lookup", {"q": "mara@secret.example"}).status_code == 404
    written = [formatter.format(record) for record in caplog.records if formatter.filter(record)]
    assert any("Not Found" in line for line in written)
    assert "secret" not in "".join(written)


def test_a_request_id_from_outside_is_not_taken_over(agent: Browser) -> None:
    assert agent.get("/", HTTP_X_REQUEST_ID="forged")["X-Request-ID"] != "forged"


def test_who_answers_from_copies_alone_never_asks(upstream: Upstream, stigg: Simulator) -> None:
    with pytest.raises(NoCopy):
        Copies(upstream.memory, 600).get_customer("acme-corp")
    assert asked(stigg) == 0


def test_each_agent_has_the_same_copy_but_needs_a_sign_in_of_its_own(
    agent: Browser, stigg: Simulator
) -> None:
    agent.get(ACME)
    other = browser_of(account("noor"))
    assert len(rows(other.get(ACME))) == 6
    assert asked(stigg) == 2
