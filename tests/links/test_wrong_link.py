"""An agent says that a link is wrong: one small page, one line on record."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from integrations_app.links.models import LinkTemplate, WrongLink
from integrations_app.links.views import MAX_REPORTS_A_DAY
from tests.pages import Response, element, page, problem, soup

PAGE = "/production/customers/acme-corp/integrations/"
GOOD = {
    "vendor_identifier": "STRIPE",
    "integration_id": "integration-1",
    "host": "dashboard.stripe.com",
    "source": "stigg",
}


@pytest.fixture
def agent(agent: Client) -> Client:
    """An agent who has the customer's page open."""
    agent.get(PAGE)
    return agent


def filled(response: Response) -> tuple[str, dict[str, str]]:
    """Where the report's form leads, and what it would send."""
    form = element(response, "form.wrong-link")
    return str(form["action"]), {
        str(field["name"]): str(field.get("value", "")) for field in form.select("input")
    }


def test_an_agent_reports_a_link_from_its_row_and_is_back_where_it_was(agent: Client) -> None:
    row = element(agent.get(f"{PAGE}?vendor=STRIPE&limit=50"), "tr[data-integration-id]")
    report = element(row, "a.report")
    assert "Report the Stripe link of cus_" in report["aria-label"]
    action, form = filled(agent.get(str(report["href"])))
    response = agent.post(action, form | {"word": "opens another customer"})
    assert response.status_code == 302
    assert response["Location"] == f"{PAGE}?vendor=STRIPE&limit=50"
    kept = WrongLink.objects.get()
    assert (kept.user, kept.environment, kept.vendor_identifier) == ("mara", "production", "STRIPE")
    assert (kept.customer_id, kept.integration_id) == ("acme-corp", row["data-integration-id"])
    assert (kept.host, kept.source, kept.template) == ("dashboard.stripe.com", "stigg", "")
    assert kept.word == "opens another customer"
    assert (
        "was sent to the operators"
        in element(agent.get(response["Location"]), ".notice.ok").get_text()
    )


def test_it_keeps_which_template_built_the_link(agent: Client) -> None:
    template = "https://acme.my.salesforce.com/{synced_entity_id}"
    LinkTemplate.objects.create(
        environment="production", vendor_identifier="SALESFORCE", template=template
    )
    report = element(agent.get(PAGE), "tr:has(a.open[href*=salesforce]) a.report")
    action, form = filled(agent.get(str(report["href"])))
    agent.post(action, form)
    kept = WrongLink.objects.get()
    assert (kept.source, kept.template, kept.host, kept.word) == (
        "template",
        template,
        "acme.my.salesforce.com",
        "",
    )


def test_a_link_of_stiggs_own_is_not_held_against_the_template(agent: Client) -> None:
    template = "https://dashboard.stripe.com/customers/{billing_id}"
    LinkTemplate.objects.create(
        environment="production", vendor_identifier="STRIPE", template=template
    )
    agent.post(f"{PAGE}wrong-link/", GOOD)
    assert WrongLink.objects.get().template == ""


def test_looking_at_the_form_files_nothing(agent: Client) -> None:
    assert agent.get(f"{PAGE}wrong-link/", GOOD).status_code == 200
    assert not WrongLink.objects.exists()


def test_a_word_that_is_too_long_is_refused_and_kept_in_the_form(agent: Client) -> None:
    response = agent.post(f"{PAGE}wrong-link/", GOOD | {"word": "x" * 201})
    assert response.status_code == 400
    assert element(response, "#word")["value"] == "x" * 201
    assert "at most 200 characters" in element(response, "#word-problem").get_text()
    assert not WrongLink.objects.exists()


@pytest.mark.parametrize(
    "changed",
    [
        {"source": "elsewhere"},
        {"source": ""},
        {"vendor_identifier": ""},
        {"vendor_identifier": "x" * 256},
        {"host": "x" * 256},
        {"integration_id": "a\x00b"},
    ],
)
def test_nonsense_is_refused_and_not_kept(agent: Client, changed: dict[str, str]) -> None:
    for send in (agent.get, agent.post):
        response = send(f"{PAGE}wrong-link/", GOOD | changed)
        assert response.status_code == 400
        assert soup(response).select_one("[data-problem=bad-input]")
    assert not WrongLink.objects.exists()


@pytest.mark.parametrize("customer_id", ["..", "a%2Fb", "a%00b"])
def test_it_takes_no_customer_that_cannot_be_one(agent: Client, customer_id: str) -> None:
    assert (
        agent.post(
            f"/production/customers/{customer_id}/integrations/wrong-link/", GOOD
        ).status_code
        == 400
    )
    assert agent.post("/nowhere/customers/a/integrations/wrong-link/", GOOD).status_code == 404
    assert not WrongLink.objects.exists()


@pytest.mark.parametrize(
    "back",
    ["//evil.example/", "https://evil.example/", "?limit=0", "?vendor=<x>", "?a=1", "\\\\evil"],
)
def test_the_way_back_is_this_customers_page_and_nothing_else(agent: Client, back: str) -> None:
    leads_to = urlsplit(agent.post(f"{PAGE}wrong-link/", GOOD | {"back": back})["Location"])
    assert (leads_to.scheme, leads_to.netloc, leads_to.path) == ("", "", PAGE)


def test_the_server_and_not_the_browser_says_who_and_which_template(agent: Client) -> None:
    forged = {
        "user": "tom",
        "template": "https://forged.example/",
        "customer_id": "other",
        "environment": "staging",
    }
    agent.post(f"{PAGE}wrong-link/", GOOD | forged)
    kept = WrongLink.objects.get()
    assert (kept.user, kept.template, kept.customer_id, kept.environment) == (
        "mara",
        "",
        "acme-corp",
        "production",
    )


def test_it_needs_a_sign_in_and_a_token_against_forgery(agent: Client) -> None:
    assert Client().post(f"{PAGE}wrong-link/", GOOD).status_code == 302
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = agent.cookies
    assert strict.post(f"{PAGE}wrong-link/", GOOD).status_code == 403
    assert not WrongLink.objects.exists()


def test_a_row_without_a_link_has_nothing_to_report(agent: Client) -> None:
    for row in soup(agent.get("/production/customers/every-link/integrations/")).select(
        "tr[data-integration-id]"
    ):
        assert bool(row.select_one("a.report")) is bool(row.select_one("a.open, .refused"))


def test_links_of_customers_that_were_never_shown_cannot_be_reported(agent: Client) -> None:
    for customer_id, environment in (("made-up", "production"), ("acme-corp", "staging")):
        address = page(customer_id, environment=environment, part="wrong-link/")
        for send in (agent.get, agent.post):
            response = send(address, GOOD)
            assert (response.status_code, problem(response)) == (403, "bad-input")
            assert "Open the customer's page" in element(response, ".state").get_text()
    assert not WrongLink.objects.exists()


def test_a_page_that_was_opened_yesterday_is_opened_again_first(agent: Client) -> None:
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        agent.force_login(get_user_model().objects.get())
        assert agent.post(f"{PAGE}wrong-link/", GOOD).status_code == 403
        agent.get(PAGE)
        assert agent.post(f"{PAGE}wrong-link/", GOOD).status_code == 302


def test_an_agent_may_report_so_many_links_a_day(agent: Client) -> None:
    for _ in range(MAX_REPORTS_A_DAY):
        assert agent.post(f"{PAGE}wrong-link/", GOOD).status_code == 302
    refused = agent.post(f"{PAGE}wrong-link/", GOOD)
    assert refused.status_code == 429
    assert "Tell an operator" in refused.content.decode()
    assert WrongLink.objects.count() == MAX_REPORTS_A_DAY
    WrongLink.objects.update(at=timezone.now() - timedelta(hours=25))
    assert agent.post(f"{PAGE}wrong-link/", GOOD).status_code == 302
