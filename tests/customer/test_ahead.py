"""What an agent may open next is asked for before: at most once, after all else, and in silence."""

import pytest
from django.test import Client

from integrations_app.audit.events import AuditEvent
from integrations_app.customer.page import MOST_AHEAD
from integrations_app.simulator import Simulator
from integrations_app.stigg import RateLimited
from integrations_app.upstream import environments
from integrations_app.upstream.limits import Room, Wish
from tests.conftest import settle
from tests.pages import Response, element, page


def ahead(agent: Client, customer: str, query: str = "", **headers: str) -> Response:
    response = agent.get(page(customer, query, part="ahead/"), headers=headers)
    settle()
    assert (response.status_code, response.content) == (204, b"")
    return response


def calls(stigg: Simulator) -> int:
    return len(stigg.requests())


def next_query(agent: Client) -> str:
    href = str(element(agent.get(page("meridian-group")), "a[rel=next]")["href"])
    return "?" + href.split("?")[1]


def test_the_next_page_is_asked_for_by_one_call_and_is_at_hand_then(
    agent: Client, stigg: Simulator
) -> None:
    query = next_query(agent)
    before = calls(stigg)
    ahead(agent, "meridian-group", query)
    assert calls(stigg) == before + 1
    agent.get(page("meridian-group", query))
    assert calls(stigg) == before + 1


def test_a_customer_that_is_suggested_is_asked_for_by_one_call_too(
    agent: Client, stigg: Simulator
) -> None:
    ahead(agent, "acme-corp")
    assert [seen["path"].split("?")[0] for seen in stigg.requests()] == [
        "/api/v1/customers/acme-corp/integrations"
    ]


def test_it_is_on_no_record_until_the_page_is_opened(agent: Client) -> None:
    ahead(agent, "acme-corp")
    assert AuditEvent.objects.count() == 0
    agent.get(page("acme-corp"))
    assert AuditEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("customer", "query", "headers"),
    [
        ("acme-corp", "", {"Save-Data": "on"}),
        ("acme-corp", "?limit=0", {}),
        ("acme-corp", "?find=failed", {}),
        ("..", "", {}),
    ],
)
def test_without_need_or_sense_nothing_is_asked(
    agent: Client, stigg: Simulator, customer: str, query: str, headers: dict[str, str]
) -> None:
    ahead(agent, customer, query, **headers)
    assert calls(stigg) == 0


def test_a_page_of_two_calls_costs_one(agent: Client, stigg: Simulator) -> None:
    ahead(agent, "meridian-group", "?limit=200")
    assert calls(stigg) == 1


def test_while_stigg_rests_and_just_after_nothing_is_asked(agent: Client, stigg: Simulator) -> None:
    upstream = environments.configured()["production"].upstream
    upstream.rest.begin(RateLimited(), 0)  # over, but the next call is to be a page's
    ahead(agent, "acme-corp")
    assert calls(stigg) == 0
    assert agent.get(page("acme-corp")).status_code == 200
    ahead(agent, "meridian-group")
    assert calls(stigg) > 1


def test_while_half_of_the_places_are_taken_nothing_is_asked(
    agent: Client, stigg: Simulator
) -> None:
    room = environments.configured()["production"].upstream.pages
    wishes = [Wish("production", account) for account in range(room.own + room.common // 2)]
    for wish in wishes:
        room.take(wish)
    ahead(agent, "acme-corp")
    assert calls(stigg) == 0
    room.give_back(wishes.pop())
    ahead(agent, "acme-corp")
    assert calls(stigg) == 1


def test_few_calls_are_made_ahead_at_once_whoever_asks_for_more(
    agent: Client, stigg: Simulator
) -> None:
    stigg.fault(route="integrations", delay=60)
    for number in range(2 * MOST_AHEAD):
        agent.get(page(f"customer-{number}", part="ahead/"))
    while calls(stigg) < MOST_AHEAD:  # they begin in threads of their own
        agent.get("/help/")
    stigg.stop()  # which answers those under way
    settle()
    assert calls(stigg) == MOST_AHEAD


def test_calls_ahead_that_are_over_leave_room_for_others(agent: Client, stigg: Simulator) -> None:
    stigg.fault(customer="acme-corp", route="integrations", status=500)
    for _ in range(2 * MOST_AHEAD):
        ahead(agent, "acme-corp")
    ahead(agent, "meridian-group")
    assert stigg.requests()[-1]["path"].startswith("/api/v1/customers/meridian-group/")


def test_a_room_is_not_quiet_while_somebody_waits() -> None:
    room = Room(own=1, common=4)
    assert room.is_quiet
    room._waiting.append(Wish("production"))
    assert not room.is_quiet


def test_a_failure_is_passed_over_in_silence(agent: Client, stigg: Simulator) -> None:
    stigg.fault(customer="acme-corp", route="integrations", status=500)
    ahead(agent, "acme-corp")


def test_it_sees_only_the_accounts_environments(agent: Client, stigg: Simulator) -> None:
    response = agent.get(page("acme-corp", environment="nowhere", part="ahead/"))
    assert response.status_code == 404
    assert calls(stigg) == 0
