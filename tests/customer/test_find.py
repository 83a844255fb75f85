"""Finding rows of a customer by a text: in the whole list, and nothing untrue about the rest."""

import json
from socket import socket

import pytest
from django.test import Client

from integrations_app.simulator import Simulator
from integrations_app.upstream import fresh_or_copy
from tests import hostile
from tests.accounts import account, browser_of, give
from tests.customer.test_pager import REFUSED, point, walk
from tests.pages import Response, element, notices, page, rows, soup
from tests.upstream.test_bad_days import A, B, Point, by_cursor, listing

__all__ = ["point"]
C, D, E = (f"{letter * 8}-0000-4000-8000-000000000000" for letter in "cde")


def found(agent: Client, find: str, customer: str = "meridian-group", more: str = "") -> Response:
    return agent.get(page(customer), {"find": find, **({"vendor": more} if more else {})})


def heading(response: Response) -> str:
    return element(response, "#results-heading").get_text()


def test_a_row_is_found_by_its_id_wherever_in_the_list_it_is(agent: Client) -> None:
    last = walk(agent, page("meridian-group"), "next")[-1]
    shown = agent.get(last)
    record = element(shown, "td[data-label='Record in vendor'] .id").get_text()
    for text in (record, record.upper(), f" {record[:-1]} "):
        response = found(agent, text)
        assert len(rows(response)) == 1
        assert rows(response)[0] in rows(shown)
        assert heading(response) == f"1 of 137 integrations with “{text.strip()}”"


def test_rows_are_found_by_vendor_by_state_and_by_integration(agent: Client) -> None:
    assert len(rows(found(agent, "zuora"))) == 31
    failed = found(agent, "failed")
    assert 0 < len(rows(failed)) < 137
    states = [cell.get_text() for cell in soup(failed).select("td.sync")]
    assert ["Failed" in state for state in states] == [True] * len(rows(failed))
    one = rows(failed)[0]
    assert one in rows(found(agent, one))


@pytest.mark.slow
def test_the_states_are_waited_for(
    agent: Client, stigg: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fresh_or_copy, "EXTRA_SECONDS", 0.01)
    stigg.fault(route="graphql", delay=1, times=1)
    response = found(agent, "failed")
    assert len(rows(response)) > 0
    assert soup(response).select("#late-states") == []


def test_the_chosen_vendors_stay_chosen(agent: Client) -> None:
    response = found(agent, "failed", more="STRIPE")
    assert heading(response).endswith("of 42 integrations with “failed”, Stripe only")
    hidden = element(response, ".find input[type=hidden]")
    assert (hidden["name"], hidden["value"]) == ("vendor", "STRIPE")
    assert element(response, "#find")["value"] == "failed"


def test_a_miss_says_among_how_many_it_looked(agent: Client) -> None:
    response = found(agent, "no such thing")
    assert heading(response) == "0 of 137 integrations with “no such thing”"
    said = element(response, "[data-state=filtered-out]").get_text(" ", strip=True)
    assert "None of 137 integrations" in said
    assert "or in its state" in said
    assert element(response, ".state a.primary")["href"] == page("meridian-group")


def test_what_was_not_looked_at_is_said(agent: Client, point: Point) -> None:
    cursors = [A, B, C, D, E]
    answers = {"first": listing(100, A)}
    answers |= {
        f"after={at}": listing(100, following)
        for at, following in zip(cursors, [*cursors[1:], None], strict=True)
    }
    with hostile.server(by_cursor(answers)) as stigg:
        point(stigg.url)
        response = found(agent, "no such thing", "acme-corp")
        asked = sum(b"/integrations?" in head.split(b"\r\n")[0] for head in stigg.requests)
    assert asked == 5
    assert heading(response) == "0 of 500 integrations with “no such thing”"
    assert any("its first 500 integrations only" in text for text in notices(soup(response)))


def test_a_text_that_could_be_markup_is_shown_as_it_is(agent: Client) -> None:
    assert '<b>&"' in heading(found(agent, '<b>&"'))
    for find in ("x" * 101, "a\u202eb", "a\nb"):
        assert found(agent, find).status_code == 400


def test_failed_rows_are_one_click_away_where_there_are_some(agent: Client) -> None:
    chip = element(agent.get(page("meridian-group")), "#chip-failed")
    chosen = agent.get(str(chip["href"]))
    assert rows(chosen) == rows(found(agent, "failed"))
    again = element(chosen, "#chip-failed")
    assert (again["aria-current"], again["href"]) == ("true", page("meridian-group"))
    assert soup(agent.get(page("empty-co"))).select("#chip-failed") == []


def test_an_export_has_the_rows_that_were_found(agent: Client) -> None:
    user = account("export")
    give(user, "exporter")
    exporter = browser_of(user)
    shown = found(exporter, "failed")
    link = element(shown, ".export a[type='application/json']")
    sent = json.loads(exporter.get(str(link["href"])).getvalue())
    assert [row["integration_id"] for row in sent["integrations"]] == rows(shown)
    assert sent["find"] == "failed"


def test_a_list_that_came_before_is_searched_while_stigg_fails(
    agent: Client, stigg: Simulator
) -> None:
    known = rows(found(agent, "zuora"))
    stigg.fault(customer="meridian-group", status=500)
    response = agent.get(page("meridian-group"), {"find": "zuora", "refresh": "1"})
    assert rows(response) == known
    assert soup(response).select("[data-stale]")


@pytest.mark.parametrize("cursor", [{"after": A, "trail": "start:20"}, {"before": A}])
def test_a_text_is_looked_for_from_the_beginning(agent: Client, cursor: dict[str, str]) -> None:
    response = agent.get(page("meridian-group"), {"find": "zuora", **cursor})
    assert len(rows(response)) == 31


def test_a_list_that_was_read_in_part_is_not_said_to_leave_a_row_out(
    agent: Client, point: Point
) -> None:
    cursors = [A, B, C, D, E]
    answers = {"vendorIdentifier=": REFUSED, "first": listing(100, A)}
    answers |= {
        f"after={at}": listing(100, following)
        for at, following in zip(cursors, [*cursors[1:], None], strict=True)
    }
    of_list, named = by_cursor(answers), {"id": "i-named", "vendorIdentifier": "STRIPE"}
    record = json.dumps({"data": {"id": "acme-corp", "integrations": [named]}}).encode()

    def stigg(connection: socket, head: bytes) -> None:
        if b"/integrations" in head.split(b" ")[1]:
            of_list(connection, head)
        else:
            connection.sendall(hostile.head(f"Content-Length: {len(record)}") + record)

    with hostile.server(stigg) as running:
        point(running.url)
        shown = agent.get(page("acme-corp", "?vendor=STRIPE"))
    assert len(rows(shown)) == 500
    assert "i-named" not in rows(shown)
    assert soup(shown).select("a[rel=next], th a") == []
