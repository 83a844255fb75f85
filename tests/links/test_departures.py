"""The page that asks before an unfamiliar address is opened: only what this desk signed for this
user gets there.
"""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.core import signing
from django.test import Client
from django.utils import timezone

from integrations_app.links import departures
from integrations_app.links.departures import Departure
from integrations_app.links.models import TrustedHost
from tests.accounts import account, browser_of
from tests.pages import Response, element, soup

PAGE = "/production/customers/every-link/integrations/"


def asking(agent: Client, number: int = 0) -> str:
    """The address of the asking page, as the customer's page links to it."""
    return str(soup(agent.get(PAGE)).select("a.open[href^='/leave/']")[number]["href"])


def departing(url: str, **changed: str) -> str:
    user = str(get_user_model().objects.get(username="mara").pk)
    known = {
        "user": user,
        "environment": "production",
        "customer_id": "every-link",
        "vendor_identifier": "ZUORA",
    }
    return f"/leave/?to={departures.sign(Departure(**(known | {'url': url} | changed)))}"


def outbound(response: Response) -> list[str]:
    """Every address outside the desk that the page links to or sends to."""
    links = [str(a["href"]) for a in soup(response).select("a[href]")]
    return [
        href
        for href in [*links, response.get("Location", "")]
        if href and not href.startswith(("/", "#"))
    ]


def test_it_names_the_host_and_the_vendor_and_asks(agent: Client) -> None:
    response = agent.get(asking(agent))
    shown = soup(response)
    assert response.status_code == 200
    assert element(shown, ".host .id").get_text() == "zuora.partner.example"
    assert "Zuora" in element(shown, "h1").get_text()
    link = element(shown, "a.primary")
    assert link["href"] == "https://zuora.partner.example/accounts/2c92c0f9"
    assert link["target"] == "_blank"
    assert link["rel"] == ["noopener", "noreferrer"]
    assert element(shown, ".actions a:not(.primary)")["href"] == PAGE


def test_it_spells_an_international_host_in_punycode_and_in_its_letters(agent: Client) -> None:
    shown = soup(agent.get(asking(agent, 1)))
    assert element(shown, ".host .id").get_text() == "xn--zuor-83d.example"
    assert "zuor\u0430.example" in element(shown, ".leave").get_text()
    assert str(element(shown, "a.primary")["href"]).startswith("https://xn--zuor-83d.example/")


def test_it_never_links_to_an_unfamiliar_address_directly(agent: Client) -> None:
    outside = outbound(agent.get(PAGE))
    assert outside
    assert {href.split("/")[2] for href in outside} == {"dashboard.stripe.com", "www.zuora.com"}
    assert {href.split("/")[0] for href in outside} == {"https:"}


@pytest.mark.parametrize(
    "token", ["", "x", "WyIxIl0", "WyIxIl0:1:2", "\x00", "https://evil.example/", "a" * 9000]
)
def test_it_opens_nothing_without_a_token_of_its_own(agent: Client, token: str) -> None:
    response = agent.get("/leave/", {"to": token})
    assert response.status_code == 400
    assert outbound(response) == []
    assert soup(response).select_one("[data-problem=cannot-leave]")


def test_it_refuses_a_token_that_was_changed(agent: Client) -> None:
    address = asking(agent)
    for changed in (
        address[:-1] + ("A" if address[-1] != "A" else "B"),
        address.replace("to=", "to=A"),
    ):
        response = agent.get(changed)
        assert response.status_code == 400
        assert outbound(response) == []


def test_it_refuses_a_token_that_another_part_of_the_desk_signed(agent: Client) -> None:
    user = str(get_user_model().objects.get().pk)
    token = signing.dumps([user, "production", "every-link", "ZUORA", "https://evil.example/"])
    response = agent.get("/leave/", {"to": token})
    assert response.status_code == 400
    assert outbound(response) == []


def test_it_refuses_a_token_of_another_shape(agent: Client) -> None:
    response = agent.get(
        "/leave/", {"to": signing.dumps(["https://evil.example/"], salt=departures.SALT)}
    )
    assert response.status_code == 400
    assert outbound(response) == []


def test_a_token_expires(agent: Client) -> None:
    address = asking(agent)
    with time_machine.travel(timezone.now() + timedelta(seconds=departures.MAX_AGE_SECONDS - 60)):
        agent.force_login(get_user_model().objects.get())
        assert agent.get(address).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(seconds=departures.MAX_AGE_SECONDS + 60)):
        response = agent.get(address)
    assert response.status_code == 400
    assert "expired" in element(response, "h1").get_text()
    assert outbound(response) == []


def test_a_token_of_somebody_else_opens_nothing(agent: Client) -> None:
    address = asking(agent)
    response = browser_of(account("tom")).get(address)
    assert response.status_code == 403
    assert outbound(response) == []


def test_it_asks_for_a_sign_in_first(agent: Client) -> None:
    response = Client().get(asking(agent))
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/?next=/leave/")


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "https://a@evil.example/",
        "https://evil.example\\@zuora.com/",
        "",
        "//x.example",
    ],
)
def test_it_judges_the_address_anew(agent: Client, url: str) -> None:
    response = agent.get(departing(url))
    assert response.status_code == 400
    assert outbound(response) == []


def test_it_refuses_an_environment_that_is_gone(agent: Client) -> None:
    assert agent.get(departing("https://x.example/", environment="gone")).status_code == 404


def test_a_host_that_operators_trust_opens_directly_in_its_environment_only(agent: Client) -> None:
    TrustedHost.objects.create(
        environment="production", vendor_identifier="ZUORA", domain="partner.example"
    )
    hrefs = [str(a["href"]) for a in soup(agent.get(PAGE)).select("a.open")]
    assert "https://zuora.partner.example/accounts/2c92c0f9" in hrefs
    staging = soup(agent.get(PAGE.replace("production", "staging"))).select("a.open")
    assert not [a for a in staging if "partner.example" in str(a["href"])]
    TrustedHost.objects.update(environment="")
    staging = soup(agent.get(PAGE.replace("production", "staging"))).select("a.open")
    assert [a for a in staging if str(a["href"]).startswith("https://zuora.partner.example/")]


def test_it_takes_no_other_method(agent: Client) -> None:
    assert agent.post("/leave/").status_code == 405
