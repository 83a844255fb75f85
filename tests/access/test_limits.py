"""An account that is limited to environments finds neither name nor customer of another."""

import time
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from integrations_app.access.models import EnvironmentLimit
from integrations_app.audit.events import AuditEvent
from integrations_app.links.models import LinkTemplate, TrustedHost, WrongLink
from integrations_app.simulator import Simulator
from tests.accounts import account, browser_of
from tests.pages import HTMX, Response, page, soup

pytestmark = pytest.mark.usefixtures("stigg", "db")

TICKET = "Hello, our bill is wrong.\nSent by qa@staging.example for cus_4242424242nobody"
ADMIN = "/admin/integrations_app/"
# Addresses that show the environment in question, as an agent may type them.
ADDRESSES = [
    page("acme-corp"),
    page("acme-corp", part="results/"),
    "/production/customers/acme-corp/integration/integration-1/",
    "/?environment=production",
    "/lookup?q=acme-corp&environment=production",
    "/lookup?q=ops%40acme.example&environment=production",
    "/lookup/suggestions/?q=acme&environment=production",
]


def limited(*roles: str, to: str = "staging") -> User:
    user = account("lin", *roles)
    user.environment_limits.create(environment=to)
    return user


@pytest.fixture
def agent() -> Client:
    """Of staging alone."""
    return browser_of(limited())


def names_production(response: Response) -> bool:
    return "production" in response.content.decode().lower()


def leads_to(response: Response, environment: str) -> bool:
    hrefs = [str(link["href"]) for link in soup(response).select("a[href]")]
    return any(href.startswith(f"/{environment}/") for href in hrefs) or any(
        f"environment={environment}" in href for href in hrefs
    )


def said(response: Response) -> str:
    return " ".join(soup(response).main.get_text(" ").split())  # type: ignore[union-attr] # every page has one


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["whole", "htmx"])
def test_a_hidden_environment_is_answered_like_one_that_is_not_there(
    agent: Client, address: str, headers: dict[str, str]
) -> None:
    with time_machine.travel(time.time(), tick=False):  # the pages tell the second
        hidden = agent.get(address, headers=headers, follow=True)
        absent = agent.get(address.replace("production", "nonsense"), headers=headers, follow=True)
    assert hidden.status_code == absent.status_code == 404
    assert said(hidden).partition(" request ")[0] == said(absent).partition(" request ")[0]
    assert "You have no environment of this name. Yours: staging." in said(hidden)
    assert not names_production(hidden)


def test_home_is_that_of_the_environment_that_it_sees(agent: Client) -> None:
    shown = agent.get("/")
    switcher = [link.get_text(" ", strip=True) for link in soup(shown).select(".environments a")]
    assert switcher == ["Staging not live"]
    assert not names_production(shown)


@pytest.mark.parametrize("text", ["staging-only", TICKET])
def test_what_only_a_hidden_environment_has_is_looked_for_in_the_others_alone(
    stigg: Simulator, text: str
) -> None:
    everything, confined = browser_of(account("all")), browser_of(limited(to="production"))
    assert leads_to(everything.get("/lookup", {"q": text}), "staging")
    cache.clear()
    stigg.fault(environment="staging", status=503)  # which the desk would tell, had it asked
    missed = confined.get("/lookup", {"q": text})
    assert missed.status_code == 404
    assert "Staging" not in said(missed)
    assert not leads_to(missed, "staging")


def test_the_address_of_a_hidden_page_leads_to_no_page_there(agent: Client) -> None:
    """Its id is looked up where the agent may look, as one from any other address is."""
    address = f"http://testserver{page('acme-corp')}"
    opened = agent.get("/lookup", {"q": address})
    assert (opened.status_code, opened["Location"]) == (302, page("acme-corp", "", "staging"))
    missed = agent.get("/lookup", {"q": f"{address} and also nobody-here-at-all"}, follow=True)
    assert leads_to(missed, "staging")
    assert not leads_to(missed, "production")


def test_recents_leave_out_what_it_no_longer_sees() -> None:
    user = account("lin")
    desk = browser_of(user)
    for environment in ("production", "staging"):
        desk.get(page("acme-corp", environment=environment))
    assert len(soup(desk.get("/")).select("[aria-labelledby=recent] li")) == 2
    user.environment_limits.create(environment="staging")
    assert len(soup(desk.get("/")).select("[aria-labelledby=recent] li")) == 1
    assert not names_production(desk.get("/"))


def test_an_account_limited_to_what_is_gone_sees_nothing_and_is_told_whom_to_ask(
    settings: Any,
) -> None:
    settings.SUPPORT_CONTACT = "it@acme.example"
    shown = browser_of(limited(to="gone")).get("/")
    assert shown.status_code == 404
    assert "none of this desk's environments. Ask it@acme.example" in said(shown)


def test_a_superuser_is_never_limited() -> None:
    root = limited()
    root.is_superuser = True
    root.save()
    assert browser_of(root).get(page("acme-corp")).status_code == 200


class TestAnOperatorOfOneEnvironment:
    @pytest.fixture
    def operator(self) -> Client:
        return browser_of(limited("operator"))

    @pytest.fixture(autouse=True)
    def kept(self, db: None) -> None:  # noqa: ARG002 - it comes first
        """Something of each kind in production, and a host for all environments."""
        there = {"environment": "production", "vendor_identifier": "ZUORA"}
        LinkTemplate.objects.create(**there, template="https://secret.example/{customer_id}")
        TrustedHost.objects.create(**there, domain="secret.example")
        TrustedHost.objects.create(vendor_identifier="ZUORA", domain="everywhere.example")
        WrongLink.objects.create(**there, user="x", customer_id="secret-corp", source="stigg")

    @pytest.mark.parametrize("kind", ["linktemplate", "trustedhost", "wronglink"])
    def test_it_finds_nothing_of_another(self, operator: Client, kind: str) -> None:
        models: dict[str, Any] = {
            "linktemplate": LinkTemplate,
            "trustedhost": TrustedHost,
            "wronglink": WrongLink,
        }
        shown = operator.get(f"{ADMIN}{kind}/")
        assert shown.status_code == 200
        for word in ("production", "secret", "everywhere.example"):
            assert word not in shown.content.decode()
        for each in models[kind].objects.all():
            change = operator.get(f"{ADMIN}{kind}/{each.pk}/change/", follow=True)
            assert "secret" not in change.content.decode()

    @pytest.mark.parametrize("environment", ["production", ""])
    def test_it_sets_nothing_for_another(self, operator: Client, environment: str) -> None:
        form = {"environment": environment, "vendor_identifier": "STRIPE"}
        host = operator.post(f"{ADMIN}trustedhost/add/", form | {"domain": "mine.example"})
        template = "https://mine.example/{customer_id}"
        made = operator.post(f"{ADMIN}linktemplate/add/", form | {"template": template})
        assert (host.status_code, made.status_code) == (200, 200)
        assert not TrustedHost.objects.filter(domain="mine.example").exists()
        assert not LinkTemplate.objects.filter(template=template).exists()

    def test_it_sets_its_own(self, operator: Client) -> None:
        form = {"environment": "staging", "vendor_identifier": "STRIPE", "domain": "mine.example"}
        assert operator.post(f"{ADMIN}trustedhost/add/", form).status_code == 302

    def test_a_preview_does_not_tell_which_hosts_another_trusts(self, operator: Client) -> None:
        form = {"vendor_identifier": "ZUORA", "template": "https://secret.example/{customer_id}"}
        asked = form | {"environment": "production", "_preview": "Preview"}
        shown = operator.post(f"{ADMIN}linktemplate/add/", asked).content.decode()
        assert "Asks agents first" in shown

    def test_presets_offer_its_own_alone(self, operator: Client) -> None:
        shown = operator.get(f"{ADMIN}linktemplate/preset/")
        options = [o["value"] for o in soup(shown).select("select[name=environment] option")]
        assert options == ["staging"]


def test_an_auditor_of_one_environment_reads_of_no_other() -> None:
    desk = browser_of(account("all"))
    for environment in ("production", "staging"):
        desk.get(page("acme-corp", environment=environment))
    read_by_one = account("otto", "auditor")
    browser_of(read_by_one).get("/record/?customer=production-only")
    EnvironmentLimit.objects.create(user=read_by_one, environment="production")
    assert AuditEvent.objects.filter(environment="production").exists()
    assert AuditEvent.objects.filter(environment="", detail__contains="production").count() == 2
    read = browser_of(limited("auditor"))
    for part in ("", "csv/"):
        response = read.get(f"/record/{part}")
        body = b"".join(response) if response.streaming else response.content
        assert b"staging" in body.lower()
        assert b"production" not in body.lower()


def test_other_environments_are_spoken_of_only_to_who_sees_some(agent: Client) -> None:
    texts, words = {"q": "nobody-here, nobody-there"}, "which tries other environments, too."
    assert words not in said(agent.get("/lookup", texts))
    assert words in said(browser_of(account("all")).get("/lookup", texts))
