"""Rows in an order of the agent's choice, where all of them are in view."""

import pytest
from django.test import Client

from integrations_app.simulator import Simulator
from integrations_app.upstream import fresh_or_copy
from tests.pages import HTMX, Response, element, page, rows, soup


def shown(agent: Client, query: str = "", customer: str = "acme-corp") -> Response:
    response = agent.get(page(customer, query))
    assert response.status_code == 200
    return response


def vendors(response: Response) -> list[str]:
    return [cell.get_text(strip=True) for cell in soup(response).select(".vendor > bdi:not(.id)")]


def states(response: Response) -> list[str]:
    cells = soup(response).select(".sync")
    return [cell.get_text(" ", strip=True).split(":")[0] for cell in cells]


def sort_link(response: Response, name: str) -> str:
    return str(element(response, f"#sort-{name}")["href"])


def test_a_head_sorts_by_vendor_then_backwards_then_as_stigg_does(agent: Client) -> None:
    first = shown(agent)
    names = vendors(first)
    assert names != sorted(names)
    forth = agent.get(sort_link(first, "vendor"))
    assert vendors(forth) == sorted(names)
    assert element(forth, "th[aria-sort]")["aria-sort"] == "ascending"
    back = agent.get(sort_link(forth, "vendor"))
    assert vendors(back) == sorted(names, reverse=True)
    assert element(back, "th[aria-sort]")["aria-sort"] == "descending"
    assert sort_link(back, "vendor") == page("acme-corp")


def test_rows_of_one_vendor_keep_stiggs_order_either_way(agent: Client) -> None:
    of_stripe = rows(shown(agent, "?vendor=STRIPE"))
    for sort in ("vendor", "-vendor"):
        kept = [row for row in rows(shown(agent, f"?sort={sort}")) if row in of_stripe]
        assert kept == of_stripe


def test_by_state_failures_come_first_and_rows_without_a_state_last(agent: Client) -> None:
    found = states(shown(agent, "?sort=state"))
    assert found == ["Failed", "Not needed", "Synced", "Synced", "Synced", "– No sync status"]
    assert states(shown(agent, "?sort=-state")) == found[::-1]


def test_the_order_is_said_and_is_the_tickets_too(agent: Client) -> None:
    backwards = shown(agent, "?sort=-vendor")
    assert element(backwards, "h2").get_text() == "6 integrations, by vendor from Z to A"
    written = element(backwards, "#ticket-plain").get_text()
    told = [line[2:].split(":")[0] for line in written.splitlines() if line.startswith("- ")]
    assert told == vendors(backwards)


def test_numbers_count_the_links_in_the_order_that_is_shown(agent: Client) -> None:
    keys = [key.get_text() for key in soup(shown(agent, "?sort=-vendor")).select(".key")]
    assert keys == sorted(keys)
    assert keys


def test_a_filter_and_a_text_keep_the_order(agent: Client) -> None:
    sorted_rows = shown(agent, "?sort=vendor")
    chip = element(sorted_rows, "a[data-vendor=STRIPE]")
    assert chip["href"] == page("acme-corp", "?vendor=STRIPE&sort=vendor")
    many = shown(agent, "?find=synced&sort=vendor", "meridian-group")
    assert vendors(many) == sorted(vendors(many), key=str.casefold)
    assert element(many, ".find [name=sort]")["value"] == "vendor"


def test_where_more_rows_follow_no_head_sorts_and_the_order_is_dropped(agent: Client) -> None:
    plain = shown(agent, "", "meridian-group")
    first = agent.get(page("meridian-group", "?sort=vendor", part="results/"), headers=HTMX)
    assert soup(first).select("th a, th[aria-sort]") == []
    assert rows(first) == rows(plain)
    assert first.headers["HX-Push-Url"] == page("meridian-group")
    assert "sort" not in element(first, "a[rel=next]")["href"]
    whole = shown(agent, "?limit=200&sort=vendor", "meridian-group")
    assert vendors(whole) == sorted(vendors(whole), key=str.casefold)


def test_one_row_needs_no_order(agent: Client) -> None:
    assert soup(shown(agent, "?vendor=SALESFORCE")).select("th a") == []


def test_an_order_that_there_is_not_is_refused_without_a_call(
    agent: Client, stigg: Simulator
) -> None:
    asked = len(stigg.requests())
    response = agent.get(page("acme-corp", "?sort=colour"))
    assert response.status_code == 400
    assert "sort is one of vendor, -vendor, state, -state." in response.content.decode()
    assert len(stigg.requests()) == asked


def test_the_looked_up_row_stays_marked(agent: Client) -> None:
    record = "cus_JPfcHlLNaDeKOt"
    marked = element(shown(agent, f"?row={record}&sort=-vendor"), "tr#row")
    assert record in marked.get_text()


def test_chips_and_texts_add_up(agent: Client) -> None:
    failed = shown(agent, "?find=Failed", "meridian-group")
    both = agent.get(str(element(failed, "a[data-vendor=STRIPE]")["href"]))
    assert set(vendors(both)) == {"Stripe"}
    assert set(states(both)) == {"Failed"}
    assert rows(both) == rows(shown(agent, "?vendor=STRIPE&find=Failed", "meridian-group"))


def test_an_order_by_state_waits_for_the_states(
    agent: Client, stigg: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fresh_or_copy, "EXTRA_SECONDS", 0.01)
    stigg.fault(route="graphql", delay=0.5, times=1)
    assert states(shown(agent, "?sort=state"))[0] == "Failed"
