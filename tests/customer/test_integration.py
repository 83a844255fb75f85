"""One integration's own page: what it shows, what it asks before an unfamiliar link, and which
record it is about when one id has several.
"""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import time_machine
from bs4 import Tag
from django.test import Client
from django.utils import timezone

from integrations_app import simulator
from integrations_app.audit.events import AuditEvent
from integrations_app.customer.integration import MAX_JSON_CHARACTERS
from integrations_app.links.models import LinkTemplate, TrustedHost
from integrations_app.simulator import Simulator
from integrations_app.upstream import environments
from tests.accounts import account, browser_of
from tests.pages import Response, element, notices, page, problem, soup

EVERY_LINK = page("every-link")
MARA_ASKED = "https://zuora.partner.example/accounts/2c92c0f9"


def row_of(agent: Client, selector: str, customer_id: str = "every-link") -> Tag:
    return element(agent.get(page(customer_id)), f"tr:has({selector})")


def own_page(row: Tag) -> str:
    return str(element(row, "a.details")["href"])


def of_vendor(agent: Client, vendor: str, customer_id: str = "acme-corp") -> str:
    rows = soup(agent.get(page(customer_id))).select("tr[data-integration-id]")
    return next(own_page(row) for row in rows if element(row, "th bdi").get_text() == vendor)


def named(customer_id: str, integration_id: str, query: str = "") -> str:
    customer, integration = quote(customer_id, safe=""), quote(integration_id, safe="")
    return f"/production/customers/{customer}/integration/{integration}/{query}"


def refreshed(address: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}refresh=1"


def outbound(response: Response) -> list[str]:
    """Every address outside the desk that the page links to or sends to."""
    links = [str(a["href"]) for a in soup(response).select("a[href]")]
    return [to for to in [*links, response.get("Location", "")] if to and to[0] not in "/#"]


def ids(response: Response) -> dict[str, str]:
    shown = soup(response)
    texts = [[one.get_text(strip=True) for one in shown.select(name)] for name in ("dt", "dd")]
    return dict(zip(*texts, strict=True))


def sent(response: Response) -> Any:
    return json.loads(element(response, ".sent pre").get_text())


def answers(stigg: Simulator, *rows: dict[str, Any]) -> None:
    """From now on, the list of acme-corp has these rows, and each integration is the first."""
    nothing_more = {"pagination": {"next": None, "prev": None}}
    body = json.dumps({"data": rows} | nothing_more)
    stigg.fault(customer="acme-corp", route="integrations", body=body)
    stigg.fault(customer="acme-corp", route="integration", body=json.dumps({"data": rows[0]}))


def record(synced: str, integration_id: str = "integration-1", **more: Any) -> dict[str, Any]:
    return {"id": integration_id, "vendorIdentifier": "STRIPE", "syncedEntityId": synced, **more}


# --- what it shows --------------------------------------------------------------------------------


def test_a_row_leads_to_its_own_page_with_every_id_and_the_link(agent: Client) -> None:
    row = row_of(agent, "a.open", "acme-corp")
    response = agent.get(own_page(row))
    shown = ids(response)
    assert response.status_code == 200
    assert "Stripe" in element(response, "h1").get_text()
    assert shown["Record in vendor"] == shown["Billing id"]
    assert shown["Record in vendor"].startswith("cus_")
    assert (shown["Integration"], shown["Customer"]) == (row["data-integration-id"], "acme-corp")
    assert shown["Vendor in Stigg"] == "STRIPE"
    assert outbound(response) == [element(row, "a.open")["href"]]
    assert "dashboard.stripe.com is known to be Stripe's own" in soup(response).get_text()


def test_it_asks_stigg_for_the_one_integration(agent: Client, stigg: Simulator) -> None:
    address = of_vendor(agent, "Stripe")
    already = len(stigg.requests())
    agent.get(refreshed(address))
    paths = [seen["path"] for seen in stigg.requests()[already:]]
    one = f"/api/v1/customers/acme-corp/integrations/{urlsplit(address).path.split('/')[-2]}"
    assert sorted(paths) == ["/api/v1/customers/acme-corp", one, "/graphql", "/graphql"]


def test_a_row_that_was_just_read_is_not_asked_for_again(agent: Client, stigg: Simulator) -> None:
    address = of_vendor(agent, "Stripe")
    already = len(stigg.requests())
    assert agent.get(address).status_code == 200
    assert [seen["path"] for seen in stigg.requests()[already:]] == ["/graphql"]


def test_it_shows_the_json_as_stigg_sent_it(agent: Client, stigg: Simulator) -> None:
    row = record("cus_1", later={"field": ["nobody", 1, None, "m\u00fc\u202eller"]})
    answers(stigg, row)
    response = agent.get(named("acme-corp", "integration-1"))
    assert sent(response) == row
    assert "\u202e" not in response.content.decode()


def test_no_key_and_nothing_that_looks_like_one_is_in_the_json(
    agent: Client, stigg: Simulator
) -> None:
    key = next(iter(simulator.KEYS))
    answers(
        stigg, record("cus_1", echo=key, apiKey="abcdefgh12345678", token="sk_live_" + "a" * 24)
    )
    text = agent.get(named("acme-corp", "integration-1")).content.decode()
    assert "cus_1" in text
    for secret in (key, "abcdefgh12345678", "sk_live_"):
        assert secret not in text


def test_json_without_end_is_cut(agent: Client, stigg: Simulator) -> None:
    answers(stigg, record("cus_1", filler=[0] * MAX_JSON_CHARACTERS))
    shown = element(agent.get(named("acme-corp", "integration-1")), ".sent pre").get_text()
    assert len(shown) == MAX_JSON_CHARACTERS + len("\n…")


def test_a_failed_sync_has_the_whole_error_and_the_recent_failures_with_their_traces(
    agent: Client,
) -> None:
    response = agent.get(of_vendor(agent, "Salesforce"))
    failed = element(response, "[data-sync=failed]").get_text()
    assert "REQUIRED_FIELD_MISSING: Salesforce wants an Industry for this account." in failed
    failures = soup(response).select(".failures li")
    assert len(failures) == 3
    times = [str(element(failure, "time")["datetime"]) for failure in failures]
    assert times == sorted(times, reverse=True)
    for failure in failures:
        assert "wants an Industry" in failure.get_text()
        assert len(element(failure, ".copyable .id").get_text()) == 36
    assert not soup(agent.get(of_vendor(agent, "Stripe"))).select(".failures")


def test_a_failure_of_no_named_vendor_is_shown_as_such(agent: Client, stigg: Simulator) -> None:
    node = {"createdAt": "nonsense", "traceId": "trace-1", "payload": "no object"}
    body = json.dumps({"data": {"eventLogs": {"edges": [{"node": node}, {}, None]}}})
    stigg.fault(customer="acme-corp", said="eventLogs", body=body)
    (failure,) = soup(agent.get(of_vendor(agent, "Stripe"))).select(".failures li")
    assert failure.get_text(" ", strip=True) == "No time No vendor named Trace trace-1"


@pytest.mark.slow
@pytest.mark.parametrize("fault", [{"status": 403}, {"status": 500}, {"delay": 20}])
def test_the_page_does_without_the_failures(
    agent: Client, stigg: Simulator, fault: dict[str, Any]
) -> None:
    stigg.fault(customer="acme-corp", said="eventLogs", **fault)
    response = agent.get(of_vendor(agent, "Salesforce"))
    assert response.status_code == 200
    assert soup(response).select_one("[data-sync=failed]")
    assert not soup(response).select(".failures")


def test_failures_that_are_forbidden_are_not_asked_for_again(
    agent: Client, stigg: Simulator
) -> None:
    stigg.fault(customer="acme-corp", said="eventLogs", status=403)
    address = of_vendor(agent, "Salesforce")
    agent.get(address)
    already = len(stigg.requests())
    agent.get(refreshed(address))
    assert [seen["path"] for seen in stigg.requests()[already:]].count("/graphql") == 1


def test_without_graphql_it_says_that_no_status_is_told(agent: Client, settings: Any) -> None:
    for found in environments.configured().values():
        found.upstream.memory.set("no-sync-states", value=True, seconds=60)
    response = agent.get(of_vendor(agent, "Stripe"))
    assert "tells the desk no sync status" in soup(response).get_text()


def test_states_that_did_not_come_are_said_to_be_missing_now(
    agent: Client, stigg: Simulator
) -> None:
    stigg.fault(customer="acme-corp", said="syncStates", status=500)
    response = agent.get(of_vendor(agent, "Stripe"))
    assert "The sync status is not available right now." in soup(response).get_text()


def test_a_row_without_a_link_says_why(agent: Client) -> None:
    response = agent.get(of_vendor(agent, "AWS Marketplace", "every-link"))
    assert "has no page for one customer" in soup(response).get_text()
    assert not soup(response).select("form#report")


def test_a_row_that_is_not_synced_has_stiggs_reasons(agent: Client) -> None:
    response = agent.get(own_page(row_of(agent, "details.reasons")))
    assert ids(response)["Record in vendor"] == "Not synced yet"
    assert soup(response).select_one(".reasons li")


def test_a_refused_address_is_text_with_its_reason(agent: Client) -> None:
    response = agent.get(own_page(row_of(agent, ".refused")))
    assert element(response, ".refused bdi").get_text() == "javascript:alert(1)"
    assert "This is a script, not the address of a page" in "".join(notices(soup(response)))
    assert outbound(response) == []


def test_a_row_that_could_not_be_read_shows_what_stigg_sent(
    agent: Client, stigg: Simulator
) -> None:
    broken = {"id": "integration-1", "vendorIdentifier": "STRIPE", "syncedEntityId": "cus_1"}
    answers(stigg, broken | {"syncData": {"billingId": {"no": "text"}}, "id": "integration-1"})
    assert agent.get(named("acme-corp", "integration-1")).status_code == 200
    answers(stigg, {"id": "", "vendorIdentifier": "STRIPE"})
    assert problem(agent.get(named("acme-corp", "integration-1", "?refresh=1"))) == "no-integration"


def test_hostile_values_are_inert_text(agent: Client) -> None:
    rows = soup(agent.get(page("hostile-values"))).select("tr[data-integration-id]")
    assert len(rows) == 15
    for row in rows:
        response = agent.get(own_page(row))
        assert response.status_code == 200
        assert ids(response)["Integration"] == row["data-integration-id"]
        assert len(soup(response).find_all("script")) == 2
        assert not soup(response).select("img")


# --- an unfamiliar link ---------------------------------------------------------------------------


def test_an_unfamiliar_link_leads_here_and_its_host_is_asked_about(agent: Client) -> None:
    row = row_of(agent, "a.open:-soup-contains('Check, then open')")
    response = agent.get(str(element(row, "a.open")["href"]))
    assert element(response, "#link").get_text() == "Does this address belong to Zuora?"
    assert element(response, ".host .id").get_text() == "zuora.partner.example"
    assert outbound(response) == [MARA_ASKED]
    link = element(response, f"a[href='{MARA_ASKED}']")
    assert (link["target"], link["rel"]) == ("_blank", ["noopener", "noreferrer"])


def test_the_safe_way_is_the_primary_one(agent: Client) -> None:
    response = agent.get(own_page(row_of(agent, "a.open:-soup-contains('Check, then open')")))
    (primary,) = soup(response).select(".integration .primary")
    assert primary["href"] == EVERY_LINK


def test_an_international_host_is_spelled_in_punycode_and_in_its_letters(agent: Client) -> None:
    response = agent.get(own_page(row_of(agent, "td:-soup-contains('xn--zuor-83d')")))
    assert element(response, ".host .id").get_text() == "xn--zuor-83d.example"
    assert "zuor\u0430.example" in element(response, "#link ~ p:not(.host)").get_text()
    assert [urlsplit(to).hostname for to in outbound(response)] == ["xn--zuor-83d.example"]


def test_the_list_never_links_to_an_unfamiliar_address(agent: Client) -> None:
    outside = outbound(agent.get(EVERY_LINK))
    assert {urlsplit(to)[:2] for to in outside} == {
        ("https", "dashboard.stripe.com"),
        ("https", "www.zuora.com"),
    }


def test_the_link_is_judged_anew_from_what_stigg_says_now(agent: Client, stigg: Simulator) -> None:
    data = {"billingId": "cus_1", "billingLinkUrl": "https://dashboard.stripe.com/customers/cus_1"}
    answers(stigg, record("cus_1", syncData=data))
    address = named("acme-corp", "integration-1", "?record=cus_1&refresh=1")
    assert outbound(agent.get(address)) == ["https://dashboard.stripe.com/customers/cus_1"]
    answers(stigg, record("cus_1", syncData=data | {"billingLinkUrl": "javascript:alert(1)"}))
    assert outbound(agent.get(address)) == []


def test_nothing_in_the_address_can_choose_where_it_leads(agent: Client) -> None:
    address = of_vendor(agent, "Stripe")
    for more in ("to", "url", "link", "host", "back", "next"):
        response = agent.get(f"{address}&{more}=https://evil.example/")
        assert "evil.example" not in "".join(outbound(response))


def test_a_host_that_operators_trust_opens_directly(agent: Client) -> None:
    TrustedHost.objects.create(
        environment="production", vendor_identifier="ZUORA", domain="partner.example"
    )
    row = row_of(agent, f"a.open[href='{MARA_ASKED}']")
    assert element(agent.get(own_page(row)), "a.primary")["href"] == MARA_ASKED
    staging = soup(agent.get(page("every-link", environment="staging"))).select("a.open")
    assert MARA_ASKED not in [a["href"] for a in staging]


def test_the_desks_link_stands_before_stiggs_own_which_is_asked_about(agent: Client) -> None:
    LinkTemplate.objects.create(
        environment="production",
        vendor_identifier="STRIPE_INVOICING",
        template="https://dashboard.stripe.com/customers/{synced_entity_id}",
    )
    row = row_of(agent, "a:-soup-contains('invoices.partner.example')")
    response = agent.get(own_page(row))
    first, second = outbound(response)
    assert first.startswith("https://dashboard.stripe.com/customers/cus_")
    assert second == "https://invoices.partner.example/cus_1"
    assert element(response, "#stiggs-link ~ .host .id").get_text() == "invoices.partner.example"
    assert "Built by the desk from the template" in soup(response).get_text()


def test_whether_it_asked_is_on_record_with_the_host(agent: Client) -> None:
    agent.get(own_page(row_of(agent, "a.open:-soup-contains('Check, then open')")))
    agent.get(own_page(row_of(agent, "a.open[target]")))
    agent.get(named("every-link", "no-such"))
    found = AuditEvent.objects.filter(action="integration").order_by("id")
    outcomes = list(found.values_list("outcome", "customer_id", "customer_name"))
    assert outcomes == [
        (kind, "every-link", "Every Link Ltd.") for kind in ("asked", "shown", "no-integration")
    ]
    assert found[0].detail.startswith("ZUORA zuora.partner.example integration-")
    assert found[1].detail.startswith("STRIPE integration-")


# --- which record ---------------------------------------------------------------------------------


def test_the_record_in_the_address_chooses_among_several_under_one_id(
    agent: Client, stigg: Simulator
) -> None:
    answers(stigg, record("cus_1"), record("cus_2"), record("cus_3", "integration-2"))
    rows = soup(agent.get(page("acme-corp"))).select("tr[data-integration-id]")
    first, second, third = rows[:3]
    for row, expected in ((first, "cus_1"), (second, "cus_2")):
        for fresh in ("", "&refresh=1"):
            response = agent.get(own_page(row) + fresh)
            assert (ids(response)["Record in vendor"], sent(response)["syncedEntityId"]) == (
                expected,
                expected,
            )
            assert notices(soup(response)) == []
    # Here Stigg answers about another integration than it was asked for
    assert ids(agent.get(refreshed(own_page(third))))["Record in vendor"] == "cus_3"


def test_a_record_that_stigg_has_no_more_is_not_passed_over_in_silence(
    agent: Client, stigg: Simulator
) -> None:
    answers(stigg, record("cus_1"))
    response = agent.get(named("acme-corp", "integration-1", "?record=cus_9"))
    assert ids(response)["Record in vendor"] == "cus_1"
    assert "names another record" in "".join(notices(soup(response)))


def test_a_billing_id_is_a_record_too(agent: Client, stigg: Simulator) -> None:
    answers(stigg, record("", syncData={"billingId": "sub_1"}) | {"syncedEntityId": None})
    row = element(agent.get(page("acme-corp")), "tr[data-integration-id]")
    assert own_page(row).endswith("?record=sub_1")
    response = agent.get(refreshed(own_page(row)))
    assert (ids(response)["Billing id"], notices(soup(response))) == ("sub_1", [])


@pytest.mark.parametrize(("billing_id", "notes"), [("cus_1", []), ("sub_1", ["Billing id sub_1"])])
def test_a_row_names_the_billing_id_where_it_is_another_one(
    agent: Client, stigg: Simulator, billing_id: str, notes: list[str]
) -> None:
    answers(stigg, record("cus_1", syncData={"billingId": billing_id}))
    cell = element(agent.get(page("acme-corp")), "td[data-label='Record in vendor']")
    assert [note.get_text(" ", strip=True) for note in cell.select(".note")] == notes


def test_what_only_the_customers_record_names_is_found_and_said_to_be(agent: Client) -> None:
    own = of_vendor(agent, "Salesforce", "narrowed-list")
    for address, is_another in ((own, False), (f"{own.split('?')[0]}?record=another", True)):
        response = agent.get(address)
        assert response.status_code == 200
        said = "".join(notices(soup(response)))
        assert "Named by the customer record only" in said
        assert ("names another record" in said) == is_another


def test_a_404_of_the_one_is_not_believed_before_the_list(agent: Client, stigg: Simulator) -> None:
    stigg.fault(customer="meridian-group", route="integration", status=404, code=None)
    last = f"{page('meridian-group', '?limit=100')}"
    rows = soup(agent.get(last)).select("tr[data-integration-id]")
    response = agent.get(refreshed(own_page(rows[-1])))
    assert ids(response)["Integration"] == rows[-1]["data-integration-id"]


@pytest.mark.parametrize("query", ["", "?record=cus_1"])
def test_an_integration_that_the_customer_has_not_is_not_found(agent: Client, query: str) -> None:
    response = agent.get(named("acme-corp", "integration-of-somebody-else", query))
    assert (response.status_code, problem(response)) == (404, "no-integration")
    words = element(response, "[data-problem]").get_text()
    assert "It is in none of 6 rows of the customer's list" in words
    assert "does not name it either" in words
    assert element(response, "a.primary")["href"] == page("acme-corp")


@pytest.mark.parametrize("fault", [{"status": 500}, {"body": '{"data": {"id": "acme-corp"}}'}])
def test_what_was_not_looked_at_is_not_claimed(
    agent: Client, stigg: Simulator, fault: dict[str, Any]
) -> None:
    stigg.fault(customer="acme-corp", route="customer", **fault)
    words = element(agent.get(named("acme-corp", "no-such")), "[data-problem]").get_text()
    assert "Stigg's record of the customer did not come" in words


@pytest.mark.parametrize("fault", [{}, {"body": '{"data": [], "pagination": {}}'}])
def test_a_customer_that_stigg_does_not_know_is_said_to_be_unknown(
    agent: Client, stigg: Simulator, fault: dict[str, Any]
) -> None:
    """Also where its list comes, and is empty."""
    if fault:
        stigg.fault(customer="nobody", route="integrations", **fault)
    response = agent.get(named("nobody", "integration-1"))
    assert (response.status_code, problem(response)) == (404, "not-found")


# --- when Stigg fails -----------------------------------------------------------------------------


def test_while_stigg_fails_a_copy_is_shown_and_called_one(agent: Client, stigg: Simulator) -> None:
    address = of_vendor(agent, "Stripe")
    stigg.fault(customer="acme-corp", status=503)
    with time_machine.travel(timezone.now() + timedelta(minutes=1)):
        response = agent.get(address)
    assert response.status_code == 200
    assert "This is a copy from " in element(response, "[data-stale]").get_text()
    assert outbound(response)


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        ({"status": 503}, 503, "unavailable"),
        ({"status": 401}, 502, "key-rejected"),
        ({"status": 429, "headers": {"Retry-After": "7"}}, 503, "rate-limited"),
        ({"html": True}, 502, "unexpected"),
        ({"body": '{"data": []}'}, 502, "unexpected"),
    ],
)
def test_without_a_copy_it_says_what_is_wrong(
    agent: Client, stigg: Simulator, fault: dict[str, Any], status: int, kind: str
) -> None:
    stigg.fault(customer="acme-corp", route="integration", **fault)
    response = agent.get(named("acme-corp", "integration-1"))
    assert (response.status_code, problem(response)) == (status, kind)
    assert soup(response).select_one(f"a[href='{page('acme-corp')}']")


# --- who may, and which addresses -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/nowhere/customers/acme-corp/integration/integration-1/", 404),
        (named("a/b", "integration-1"), 400),
        (named("acme-corp", "x" * 256), 400),
        (named("acme-corp", ".."), 400),
        (named("acme-corp", "integration-1", f"?record={'x' * 1001}"), 400),
    ],
)
def test_what_is_no_integrations_address_is_refused(
    agent: Client, stigg: Simulator, address: str, status: int
) -> None:
    assert agent.get(address).status_code == status
    assert stigg.requests() == []


def test_it_asks_for_a_sign_in_and_sees_only_the_accounts_environments(agent: Client) -> None:
    address = of_vendor(agent, "Stripe")
    assert Client().get(address)["Location"].startswith("/accounts/login/?next=/production/")
    user = account("lin")
    user.environment_limits.create(environment="staging")
    assert browser_of(user).get(address).status_code == 404


def test_a_ticket_is_asked_for_first(agent: Client, settings: Any) -> None:
    address = of_vendor(agent, "Stripe")
    settings.REQUIRE_TICKET = True
    assert element(agent.get(address), "form.ticket-first")
    leads_on = agent.get(f"{address}&ticket=T-1")
    assert leads_on["Location"] == address
    assert agent.get(address).status_code == 200
