"""How much of Stigg's limit one account may use up, and what it is told then."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client

from integrations_app import traces
from integrations_app.audit.events import AuditEvent
from integrations_app.simulator import Simulator
from integrations_app.upstream import environments
from integrations_app.upstream.copies import Memory
from integrations_app.upstream.limits import Allowance, OverAllowance
from integrations_app.upstream.upstream import Upstream
from tests.accounts import account, browser_of
from tests.pages import HTMX, element, page, problem, rows, soup

A_PAGE = 3  # questions: the list, the customer, the sync states
KIND = "over-allowance"
Move = Callable[[float], object]


@pytest.fixture
def later() -> Iterator[Move]:
    """Moves the clock on, by seconds, from twelve seconds before a minute's end."""
    with time_machine.travel("2026-11-24T12:00:48Z", tick=False) as traveller:
        yield lambda seconds: traveller.shift(timedelta(seconds=seconds))


@pytest.fixture
def upstream(stigg: Simulator, later: Move, monkeypatch: pytest.MonkeyPatch) -> Upstream:
    """Production, of which each account may ask as much as two pages do."""
    found = environments.configured()["production"].upstream
    monkeypatch.setattr(found, "allowance", Allowance(found.memory, found.name, 2 * A_PAGE))
    return found


def open_two(agent: Client, *customers: str) -> None:
    for customer in customers or ("acme-corp", "empty-co"):
        assert agent.get(page(customer)).status_code == 200


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_an_account_that_asks_too_much_is_told_when_to_go_on(
    agent: Client, stigg: Simulator, upstream: Upstream, later: Move, headers: dict[str, str]
) -> None:
    open_two(agent)
    asked, third = len(stigg.requests()), page("meridian-group", part="results/" if headers else "")
    refused = agent.get(third, headers=headers)
    assert (refused.status_code, problem(refused)) == (429, KIND)
    assert refused["Retry-After"] == "12"
    assert "Wait 12 seconds" in element(refused, ".state").get_text(" ", strip=True)
    assert element(refused, "#try-again")
    assert len(stigg.requests()) == asked
    assert AuditEvent.objects.latest("id").outcome == KIND
    later(12)
    assert agent.get(third, headers=headers).status_code == 200


def test_others_and_other_environments_go_on(agent: Client, upstream: Upstream) -> None:
    open_two(agent)
    assert agent.get(page("all-vendors")).status_code == 429
    assert browser_of(account("noor")).get(page("all-vendors")).status_code == 200
    assert agent.get(page("acme-corp", environment="staging")).status_code == 200


def test_what_is_kept_costs_nothing(agent: Client, upstream: Upstream, later: Move) -> None:
    open_two(agent)
    assert [agent.get(page("acme-corp")).status_code for _ in range(9)] == [200] * 9


def test_an_older_copy_stands_in(agent: Client, upstream: Upstream, later: Move) -> None:
    agent.get(page("acme-corp"))
    later(20)  # in the next minute, and too old to be fresh
    for customer in ("empty-co", "all-vendors"):
        agent.get(page(customer))
    shown = agent.get(page("acme-corp"))
    assert element(shown, "[data-stale]")["data-stale"] == KIND
    assert rows(shown)


def test_look_ups_exports_and_suggestions_count_too(
    agent: Client, stigg: Simulator, upstream: Upstream
) -> None:
    open_two(agent)
    refused = agent.get("/lookup", {"q": "all-vendors"})
    assert (refused.status_code, problem(refused), refused["Retry-After"]) == (429, KIND, "12")
    typed = agent.get("/lookup/suggestions/", {"q": "all-ven"}, headers=HTMX)
    assert (typed.status_code, soup(typed).select("[role=option]")) == (200, [])
    exporter = browser_of(account("noor", "exporter"))
    open_two(exporter, "meridian-group", "every-link")
    refused = exporter.get(page("all-vendors", part="csv/"))
    assert (refused.status_code, refused["Retry-After"]) == (429, "12")
    assert not any("all-vendors" in str(seen["path"]) for seen in stigg.requests())


def use(allowance: Allowance, account: int | None, times: int) -> list[bool]:
    """Whether each of so many questions of an account is one too many."""

    def is_over() -> bool:
        try:
            allowance.use(account)
        except OverAllowance:
            return True
        return False

    return [is_over() for _ in range(times)]


def test_all_processes_count_together_and_commands_are_not_counted(later: Move) -> None:
    cache.clear()
    one, other = (Allowance(Memory(cache, "test"), "production", 4) for _ in range(2))
    assert use(one, 7, 3) + use(other, 7, 3) == [False] * 4 + [True] * 2
    assert use(one, 8, 1) == [False]
    assert not any(use(one, traces.Trace().account, 50))


def test_without_the_cache_nobody_is_refused() -> None:
    class Away:
        def add(self, *_: object) -> bool:
            raise ConnectionError

        incr = add

    assert not any(use(Allowance(Memory(Away(), "test"), "production", 4), 7, 20))


def test_the_setting_says_how_much(stigg: Simulator, settings: Any) -> None:
    settings.ACCOUNT_CALLS_PER_MINUTE = 123
    environments.configured.cache_clear()
    assert environments.configured()["staging"].upstream.allowance.calls == 123
    environments.configured.cache_clear()
