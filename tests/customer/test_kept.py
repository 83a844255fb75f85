"""What is kept of a page while Stigg's answers are fresh: never more than the agent may see, and
never what an operator has changed since.
"""

from typing import Any

import pytest
from django.test import Client

from integrations_app.audit.events import AuditEvent
from integrations_app.customer.listing import listing
from integrations_app.links.models import LinkTemplate
from integrations_app.own.models import Preferences
from integrations_app.simulator import Simulator
from integrations_app.stigg import decode
from integrations_app.upstream.kept import Kept
from tests.accounts import account, browser_of
from tests.pages import element, page, rows, soup

ACME = page("acme-corp")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The listings that are made from here on."""
    found: list[Any] = []

    def noted(*args: Any, **options: Any) -> Any:
        found.append(args)
        return listing(*args, **options)

    monkeypatch.setattr("integrations_app.customer.page.listing", noted)
    return found


def test_a_page_is_made_once_for_the_same_answers_and_recorded_each_time(
    agent: Client, made: list[Any]
) -> None:
    first, second = agent.get(ACME), agent.get(ACME)
    assert rows(first) == rows(second)
    assert len(made) == 1
    assert AuditEvent.objects.filter(action="view").count() == 2


def test_other_answers_make_another_page(agent: Client, made: list[Any]) -> None:
    for address in (ACME, f"{ACME}?refresh=1", f"{ACME}?vendor=STRIPE", page("archived-co")):
        agent.get(address)
    assert len(made) == 4


@pytest.mark.usefixtures("agent")
def test_who_may_export_and_who_may_not_see_each_their_own() -> None:
    shown = [
        soup(browser_of(account(role, "viewer", role)).get(ACME)).select(".export")
        for role in ("exporter", "auditor", "operator")
    ]
    assert [bool(each) for each in shown] == [True, False, False]


def test_each_agent_reads_times_of_its_own_zone(agent: Client) -> None:
    here = element(agent.get(ACME), "time[data-age]")
    there = account("lin")
    Preferences.objects.create(user=there, time_zone="Asia/Kolkata")
    assert element(browser_of(there).get(ACME), "time[data-age]").get_text() != here.get_text()


def test_another_name_of_the_desk_is_named_in_the_ticket(agent: Client) -> None:
    for host in ("localhost", "127.0.0.1"):
        shown = element(agent.get(ACME, headers={"Host": host}), "#ticket-plain")
        assert f"http://{host}{ACME}" in shown.get_text()


def test_what_an_operator_sets_about_links_counts_at_once(agent: Client) -> None:
    agent.get(ACME)
    template = "https://crm.example/{customer_id}"
    LinkTemplate.objects.create(
        environment="production", vendor_identifier="HUBSPOT", template=template
    )
    assert "crm.example" in agent.get(ACME).content.decode()


def test_a_page_with_a_problem_is_not_kept(
    agent: Client, made: list[Any], stigg: Simulator
) -> None:
    stigg.fault(route="customer", status=404)
    for _ in range(2):
        agent.get(ACME)
    assert len(made) == 2


def test_a_page_of_very_many_rows_is_not_kept(
    agent: Client, made: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations_app.customer.page.MOST_ROWS_KEPT", 3)
    for _ in range(2):
        agent.get(ACME)
    assert len(made) == 2


def test_only_the_last_few_are_kept_and_nothing_that_failed() -> None:
    kept: Kept[int] = Kept(2)
    for of in (1, 2, 1, 3):
        kept.get_or_make(of, lambda of=of: of)  # type: ignore[misc]
    assert kept.get_or_make(1, lambda: 10) == 1
    assert kept.get_or_make(2, lambda: 20) == 20
    with pytest.raises(ZeroDivisionError):
        kept.get_or_make(4, lambda: 1 // 0)
    assert kept.get_or_make(4, lambda: 40) == 40


def test_an_answer_is_read_once_while_it_is_kept(
    agent: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[bytes] = []

    def noted(status: int, headers: Any, body: bytes) -> Any:
        read.append(body)
        return decode(status, headers, body)

    monkeypatch.setattr("integrations_app.upstream.copies.decode", noted)
    for _ in range(3):
        agent.get(ACME)
    assert len(read) == 3
