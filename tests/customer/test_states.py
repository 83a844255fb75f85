"""The sync states on a customer's page: merged by integration, never guessed, and never at the
list's cost.
"""

import json

import pytest
from bs4 import BeautifulSoup, Tag
from django.core.cache import cache
from django.test import Client as Browser
from pydantic import SecretStr

from integrations_app import simulator
from integrations_app.customer import sync
from integrations_app.customer.listing import listing
from integrations_app.customer.page import open_customer
from integrations_app.customer.query import Query
from integrations_app.customer.states import State, by_integration, state_of
from integrations_app.simulator import Simulator
from integrations_app.stigg import Integration, Page
from integrations_app.stigg.graphql import SyncState
from integrations_app.upstream import environments, fresh_or_copy
from integrations_app.upstream.environments import Environment
from tests.pages import HTMX, Response, element, notices, page, soup


def opened(response: Response) -> BeautifulSoup:
    assert response.status_code == 200
    return soup(response)


def has_column(shown: BeautifulSoup) -> bool:
    return "State" in [th.get_text() for th in shown.select("thead th")]


def cell(row: Tag) -> str:
    return element(row, "td.sync").get_text(" ", strip=True)


def cells(shown: BeautifulSoup) -> dict[str, str]:
    return {str(element(row, "th bdi").get_text()): cell(row) for row in shown.select("tbody tr")}


def questions(stigg: Simulator) -> int:
    return [seen["path"] for seen in stigg.requests()].count("/graphql")


# --- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error", "state"),
    [
        ("SUCCESS", None, State("synced", "Synced")),
        ("SUCCESS", "an old failure", State("synced", "Synced")),
        ("PENDING", None, State("pending", "Pending")),
        ("NO_SYNC_REQUIRED", None, State("not-needed", "Not needed")),
        (
            "ERROR",
            " Customer already\n\texists\n",
            State("failed", "Failed", "Customer already exists"),
        ),
        ("ERROR", None, State("failed", "Failed")),
        ("PAUSED", None, State("unknown", "Stigg says", said="PAUSED")),
        ("", None, None),
    ],
)
def test_it_says_each_state_in_plain_words(
    status: str, error: str | None, state: State | None
) -> None:
    assert state_of(SyncState({"status": status, "error": error})) == state


def sync_state(status: str, integration_id: str, uuid: str = "") -> SyncState:
    return SyncState(
        {"status": status, "integration": {"id": uuid, "integrationId": integration_id}}
    )


def test_a_state_is_found_by_either_id_of_an_integration_that_is_shown() -> None:
    states = [
        sync_state("SUCCESS", "stripe-eu", "u-1"),
        sync_state("PENDING", "", "u-2"),
        sync_state("ERROR", "hidden"),
    ]
    found = by_integration(states, {"stripe-eu", "u-2"})
    assert {key: state.words for key, state in found.items()} == {
        "stripe-eu": "Synced",
        "u-2": "Pending",
    }
    assert by_integration(states, {"u-1"})["u-1"].words == "Synced"


def test_a_failure_outweighs_what_else_is_said_of_an_integration() -> None:
    for states in (["ERROR", "SUCCESS"], ["SUCCESS", "ERROR"]):
        assert (
            by_integration([sync_state(status, "i") for status in states], {"i"})["i"].kind
            == "failed"
        )


def test_a_state_without_an_integration_belongs_to_no_row() -> None:
    assert by_integration([SyncState({"status": "SUCCESS"})], {"i"}) == {}


def test_the_listing_merges_states_by_id_and_has_none_of_its_own() -> None:
    rows = tuple(Integration(id=name, vendor_identifier="STRIPE") for name in ("a", "b"))
    assert not listing(Query(), None, Page(rows)).has_states
    shown = listing(
        Query(),
        None,
        Page(rows),
        states={"b": State("synced", "Synced"), "c": State("failed", "Failed")},
    )
    assert shown.has_states
    assert [row.state and row.state.kind for row in shown.rows] == [None, "synced"]


# --- on the page ----------------------------------------------------------------------------------


def test_each_row_says_its_state(agent: Browser, stigg: Simulator) -> None:
    shown = opened(agent.get(page("acme-corp")))
    assert has_column(shown)
    assert cells(shown) == {
        "Stripe": "Synced",
        "Salesforce": (
            "Failed: REQUIRED_FIELD_MISSING: Salesforce wants an Industry for this account."
        ),
        "HubSpot": "Synced",
        "Snowflake": "Not needed",
        "Acme Ledger": "– No sync status",
    }
    assert notices(shown) == []
    assert sorted(seen["path"] for seen in stigg.requests()) == [
        "/api/v1/customers/acme-corp",
        "/api/v1/customers/acme-corp/integrations",
        "/graphql",
    ]


def test_all_four_kinds_come_and_stay_with_their_rows_through_filters_and_pages(
    agent: Browser,
) -> None:
    every = opened(agent.get(page("meridian-group", "?limit=100")))
    assert {str(mark["data-sync"]) for mark in every.select("[data-sync]")} == {
        "synced",
        "pending",
        "failed",
        "not-needed",
    }
    known = {row["data-integration-id"]: cell(row) for row in every.select("tbody tr")}
    part = opened(agent.get(page("meridian-group", "?limit=20&vendor=STRIPE"))).select("tbody tr")
    shared = [row for row in part if row["data-integration-id"] in known]
    assert len(shared) > 10
    assert [cell(row) for row in shared] == [known[row["data-integration-id"]] for row in shared]


def test_a_row_that_is_not_synced_still_says_its_state(agent: Browser) -> None:
    unsynced = [
        row
        for row in opened(agent.get(page("meridian-group", "?limit=100"))).select("tbody tr")
        if "Not synced yet" in row.get_text()
    ]
    assert unsynced
    assert {cell(row) for row in unsynced} == {"Pending", "Not needed"}


def test_what_only_the_customer_record_names_has_a_state_too(agent: Browser) -> None:
    assert set(cells(opened(agent.get(page("narrowed-list"))))) >= {"Salesforce", "Snowflake"}


def test_the_fragment_for_htmx_has_the_column_too(agent: Browser) -> None:
    assert has_column(opened(agent.get(page("acme-corp", part="results/"), headers=HTMX)))


def test_a_long_and_hostile_error_is_cut_escaped_and_whole_when_asked_for(agent: Browser) -> None:
    response = agent.get(page("hostile-values"))
    details = opened(response).select("td.sync details[data-sync=failed]")
    assert details
    summary, whole = element(details[0], "summary"), element(details[0], ".whole")
    assert summary.get_text().startswith('Failed: <img src=x onerror="alert(1)">')
    assert summary.get_text().endswith("…")
    assert len(element(summary, "bdi").get_text()) == 120
    assert whole.get_text().endswith("x" * 300)
    assert "open" not in details[0].attrs
    assert b"<img" not in response.content
    assert b"\x1b" not in response.content


def test_a_customer_without_states_has_no_column(agent: Browser, stigg: Simulator) -> None:
    stigg.fault(route="graphql", body='{"data": {"getCustomerByRefId": {"syncStates": []}}}')
    shown = opened(agent.get(page("acme-corp")))
    assert not has_column(shown)
    assert shown.select("td.sync") == []
    assert notices(shown) == []


def test_a_broken_row_spans_the_column(agent: Browser, stigg: Simulator) -> None:
    stigg.fault(customer="acme-corp", route="integrations", shape="broken-row")
    shown = opened(agent.get(page("acme-corp")))
    assert has_column(shown)
    assert {str(td["colspan"]) for td in shown.select("td.broken")} == {"3"}


def test_a_word_of_tomorrow_is_shown_as_it_came(agent: Browser, stigg: Simulator) -> None:
    shown = opened(agent.get(page("acme-corp")))
    row_id = str(element(shown, "tbody tr")["data-integration-id"])
    state = f'{{"status": "<b>PAUSED", "integration": {{"id": "u", "integrationId": "{row_id}"}}}}'
    stigg.fault(
        route="graphql",
        body=f'{{"data": {{"getCustomerByRefId": {{"syncStates": [null, {state}]}}}}}}',
    )
    again = opened(agent.get(page("acme-corp", "?refresh=1")))
    assert cell(element(again, "tbody tr")) == "Stigg says <b>PAUSED"


# --- when it fails --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        {"code": "IdentityForbidden"},
        {"code": "NoFeatureEntitlementError"},
        {"code": "Unauthenticated"},
        {"code": "GRAPHQL_VALIDATION_FAILED"},
        {"status": 403},
        {"status": 404, "body": ""},
        {"status": 405},
    ],
)
def test_it_goes_without_where_graphql_is_not_allowed_and_asks_once(
    agent: Browser, stigg: Simulator, fault: dict[str, object]
) -> None:
    stigg.fault(route="graphql", environment="production", **fault)
    for _ in range(3):
        shown = opened(agent.get(page("acme-corp")))
        assert not has_column(shown)
        assert len(shown.select("tbody tr")) == 6
        assert notices(shown) == []
        assert not shown.select("[data-problem]:not(template [data-problem])")
    assert questions(stigg) == 1
    assert has_column(opened(agent.get(page("acme-corp", environment="staging"))))


def test_it_asks_again_when_what_it_remembers_is_old(
    agent: Browser, stigg: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "REMEMBERED_SECONDS", 0.0)
    stigg.fault(route="graphql", code="IdentityForbidden", times=1)
    assert not has_column(opened(agent.get(page("acme-corp"))))
    assert has_column(opened(agent.get(page("acme-corp"))))


def test_a_key_that_is_refused_everywhere_says_nothing_about_graphql(
    agent: Browser, stigg: Simulator
) -> None:
    assert agent.get(page("fault-401")).status_code == 502
    assert agent.get(page("fault-403")).status_code == 502
    assert has_column(opened(agent.get(page("acme-corp"))))


@pytest.fixture
def rest_only(db: None, stigg: Simulator) -> Environment:
    (key,) = simulator.REST_ONLY_KEYS
    spec = {
        "name": "rest-only",
        "label": "REST only",
        "live": True,
        "prefix": "STIGG_",
        "url": stigg.url,
        "api_key": SecretStr(key),
    }
    return environments._environment(spec, environments._shared(1))


def test_a_key_for_rest_alone_gets_the_list_without_states(
    rest_only: Environment, stigg: Simulator
) -> None:
    for _ in range(2):
        opened = open_customer(rest_only, "acme-corp", Query())
        assert (opened.status, opened.notices) == (200, ())
        assert opened.listing is not None
        assert len(opened.listing.rows) == 6
        assert not opened.listing.has_states
    assert questions(stigg) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"code": "RateLimitExceeded"},
        {"code": "UnexpectedError"},
        {"code": "CustomerNotFound"},
        {"status": 500},
        {"status": 503},
        {"html": True},
        {"cut": True},
        {"shape": "empty"},
        {"shape": "deep"},
    ],
)
def test_any_other_failure_is_a_short_notice_beside_the_whole_list(
    agent: Browser, stigg: Simulator, fault: dict[str, object]
) -> None:
    stigg.fault(route="graphql", times=1, **fault)
    shown = opened(agent.get(page("acme-corp")))
    assert not has_column(shown)
    assert len(shown.select("tbody tr")) == 6
    assert notices(shown) == [sync.NO_STATES]
    cache.clear()  # as if a minute had passed
    again = opened(agent.get(page("acme-corp")))
    assert has_column(again)
    assert notices(again) == []


def test_the_page_waits_less_for_the_states_than_for_the_list(
    agent: Browser, stigg: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call without a deadline of its own would have waited, and shown the states."""
    monkeypatch.setattr(sync, "PATIENCE_SECONDS", 0.2)
    stigg.fault(route="graphql", delay=2)
    shown = opened(agent.get(page("acme-corp")))
    assert not has_column(shown)
    assert notices(shown) == [sync.NO_STATES]


@pytest.mark.slow
def test_a_list_does_not_wait_for_its_states_and_shows_them_when_they_have_come(
    agent: Browser, stigg: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fresh_or_copy, "EXTRA_SECONDS", 0.05)
    stigg.fault(route="graphql", delay=1.5, times=1)
    response = agent.get(page("acme-corp"))
    late = element(response, "#late-states")
    assert len(soup(response).select("tbody tr")) == 6
    assert set(cells(opened(response)).values()) == {"…"}
    assert notices(opened(response)) == []
    assert element(response, "#late-states a")["href"] == page("acme-corp")
    asked_by_itself = HTMX | {"HX-Trigger": "late-states", "HX-Target": "results"}
    shown = agent.get(str(late["hx-get"]), headers=asked_by_itself)
    assert has_column(opened(shown))
    assert not soup(shown).select("#late-states")
    assert questions(stigg) == 1  # the first page's question went on


def test_states_that_never_come_are_said_once_and_asked_for_once(
    agent: Browser, stigg: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fresh_or_copy, "EXTRA_SECONDS", 0.05)
    monkeypatch.setattr(sync, "PATIENCE_SECONDS", 0.5)
    stigg.fault(route="graphql", delay=30)
    late = element(agent.get(page("acme-corp")), "#late-states")
    shown = agent.get(str(late["hx-get"]), headers=HTMX | {"HX-Trigger": "late-states"})
    assert notices(opened(shown)) == [sync.NO_STATES]
    assert not soup(shown).select("#late-states")


def test_a_failure_is_on_record_without_the_customer(
    agent: Browser, stigg: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    stigg.fault(route="graphql", code="UnexpectedError")
    agent.get(page("acme-corp"))
    (record,) = [record for record in caplog.records if record.getMessage() == "stigg call failed"]
    assert (record.__dict__["call"], record.__dict__["kind"]) == ("sync states", "unavailable")
    assert record.__dict__["trace_id"]
    assert "acme" not in str(record.__dict__)


@pytest.mark.parametrize(
    "code",
    [
        "BAD_USER_INPUT",
        "BadUserInput",
        "VALIDATION_ERROR",
        "ValidationError",
        "InvalidArgumentError",
    ],
)
def test_one_customer_whose_id_graphql_refuses_costs_no_other_its_states(
    agent: Browser, stigg: Simulator, code: str
) -> None:
    errors = [{"message": "odd id", "extensions": {"code": code}}]
    stigg.fault(route="graphql", times=1, body=json.dumps({"errors": errors}))
    refused = opened(agent.get(page("all-vendors")))
    assert not has_column(refused)
    assert notices(refused) == [sync.NO_STATES]
    assert has_column(opened(agent.get(page("acme-corp"))))
