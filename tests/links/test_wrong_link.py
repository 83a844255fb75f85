"""An agent says that a link is wrong, on the integration's own page: one line on record."""

from datetime import timedelta
from urllib.parse import urljoin

import pytest
from django.test import Client
from django.utils import timezone

from integrations_app.links.models import LinkTemplate, WrongLink
from integrations_app.links.reports import MAX_REPORTS_A_DAY
from integrations_app.simulator import Simulator
from tests.pages import element, page, problem, soup

PAGE = page("acme-corp")
WORD = {"word": "opens another customer"}


def reported(
    agent: Client, link: str = "a.open[href*=stripe]", customer_id: str = "acme-corp"
) -> str:
    """The own page of the row with this link, which takes the report."""
    details = element(agent.get(page(customer_id)), f"tr:has({link}) a.details")
    return str(details["href"])


def form(agent: Client, address: str) -> str:
    """Where the form on the page leads."""
    return str(element(agent.get(address), "form#report")["action"])


def test_an_agent_reports_a_link_on_its_own_page_and_is_thanked(agent: Client) -> None:
    row = element(agent.get(PAGE), "tr:has(a.open)")
    address = reported(agent)
    response = agent.post(form(agent, address), WORD)
    assert (response.status_code, response["Location"]) == (302, address)
    kept = WrongLink.objects.get()
    assert (kept.user, kept.environment, kept.vendor_identifier) == ("mara", "production", "STRIPE")
    assert (kept.customer_id, kept.integration_id) == ("acme-corp", row["data-integration-id"])
    assert (kept.host, kept.source, kept.template) == ("dashboard.stripe.com", "stigg", "")
    assert kept.word == "opens another customer"
    thanks = element(agent.get(response["Location"]), ".notice.ok").get_text()
    assert "was sent to the operators" in thanks


def test_it_keeps_which_template_built_the_link(agent: Client) -> None:
    template = "https://acme.my.salesforce.com/{synced_entity_id}"
    LinkTemplate.objects.create(
        environment="production", vendor_identifier="SALESFORCE", template=template
    )
    agent.post(reported(agent, "a.open[href*=salesforce]"))
    kept = WrongLink.objects.get()
    told = (kept.source, kept.template, kept.host, kept.word)
    assert told == ("template", template, "acme.my.salesforce.com", "")


def test_a_link_of_stiggs_own_is_not_held_against_the_template(agent: Client) -> None:
    template = "https://dashboard.stripe.com/customers/{billing_id}"
    LinkTemplate.objects.create(
        environment="production", vendor_identifier="STRIPE", template=template
    )
    agent.post(reported(agent))
    assert (WrongLink.objects.get().source, WrongLink.objects.get().template) == ("stigg", "")


def test_stiggs_own_link_beside_the_desks_is_reported_by_a_tick(agent: Client) -> None:
    LinkTemplate.objects.create(
        environment="production",
        vendor_identifier="STRIPE_INVOICING",
        template="https://dashboard.stripe.com/customers/{synced_entity_id}",
    )
    address = reported(agent, "a:-soup-contains('invoices.partner.example')", "every-link")
    assert element(agent.get(address), "form#report input[name=stiggs]")
    assert not soup(agent.get(reported(agent))).select("input[name=stiggs]")
    agent.post(address)
    agent.post(address, {"stiggs": "on"})
    told = WrongLink.objects.order_by("pk").values_list("source", "host")
    assert list(told) == [
        ("template", "dashboard.stripe.com"),
        ("stigg", "invoices.partner.example"),
    ]


def test_looking_at_the_form_files_nothing(agent: Client) -> None:
    assert form(agent, reported(agent))
    assert not WrongLink.objects.exists()


@pytest.mark.parametrize(
    ("word", "said"), [("x" * 201, "at most 200 characters"), ("a\x00b", "Null characters")]
)
def test_a_word_that_cannot_be_kept_is_refused_and_stays_in_the_form(
    agent: Client, word: str, said: str
) -> None:
    response = agent.post(reported(agent), {"word": word})
    assert response.status_code == 400
    assert str(element(response, "#word")["value"])[:1] == word[:1]
    assert said in element(response, "#word-problem").get_text()
    assert not WrongLink.objects.exists()


def test_the_server_and_not_the_browser_says_who_which_link_and_which_template(
    agent: Client,
) -> None:
    forged = {
        "user": "tom",
        "template": "https://forged.example/",
        "customer_id": "other",
        "environment": "staging",
        "integration_id": "other",
        "vendor_identifier": "ZUORA",
        "host": "forged.example",
        "source": "template",
    }
    agent.post(reported(agent), forged)
    kept = WrongLink.objects.get()
    assert (kept.user, kept.template, kept.customer_id) == ("mara", "", "acme-corp")
    assert (kept.environment, kept.vendor_identifier) == ("production", "STRIPE")
    assert (kept.host, kept.source) == ("dashboard.stripe.com", "stigg")
    assert kept.integration_id != "other"


def test_it_needs_a_sign_in_and_a_token_against_forgery(agent: Client) -> None:
    address = reported(agent)
    assert Client().post(address, WORD).status_code == 302
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = agent.cookies
    assert strict.post(address, WORD).status_code == 403
    assert not WrongLink.objects.exists()


def test_a_row_without_a_link_has_nothing_to_report(agent: Client) -> None:
    rows = soup(agent.get(page("every-link"))).select("tr[data-integration-id]")
    for row in rows:
        own_page = str(element(row, "a.details")["href"])
        form = soup(agent.get(own_page)).select_one("form#report")
        assert bool(form) is bool(row.select_one("a.open, .refused"))
    silent = next(row for row in rows if not row.select_one("a.open, .refused"))
    own_page = str(element(silent, "a.details")["href"])
    response = agent.post(own_page, WORD)
    assert (response.status_code, problem(response)) == (400, "bad-input")
    assert not WrongLink.objects.exists()


def test_a_report_while_stigg_fails_is_not_lost(agent: Client, stigg: Simulator) -> None:
    address = reported(agent)
    stigg.fault(customer="acme-corp", status=503)
    response = agent.post(address.replace("integration-", "integration-0"), WORD)
    assert (response.status_code, problem(response)) == (503, "unavailable")
    assert element(response, "#word")["value"] == WORD["word"]
    assert "Your report was not sent" in element(response, "form#report").get_text()
    assert not WrongLink.objects.exists()


def test_a_link_that_is_not_the_customers_cannot_be_reported(agent: Client) -> None:
    response = agent.post(urljoin(PAGE, "../integration/no-such/"), WORD)
    assert (response.status_code, problem(response)) == (404, "no-integration")
    assert not WrongLink.objects.exists()


def test_an_agent_may_report_so_many_links_a_day(agent: Client) -> None:
    address = reported(agent)
    made = WrongLink(user="mara", environment="production", vendor_identifier="STRIPE")
    WrongLink.objects.bulk_create([made] * (MAX_REPORTS_A_DAY - 1))
    assert agent.post(address, WORD).status_code == 302
    refused = agent.post(address, WORD)
    assert refused.status_code == 429
    assert "Tell an operator" in refused.content.decode()
    assert WrongLink.objects.count() == MAX_REPORTS_A_DAY
    WrongLink.objects.update(at=timezone.now() - timedelta(hours=25))
    assert agent.post(address, WORD).status_code == 302
