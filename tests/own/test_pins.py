"""An agent's pinned customers: on the look-up page, among the suggestions, and nobody else's."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from integrations_app.audit.events import AuditEvent
from integrations_app.own.models import Pin
from integrations_app.own.pins import MAX_PINS
from integrations_app.simulator import Simulator
from tests.accounts import account, browser_of
from tests.pages import HTMX, Response, element, page, soup


def address(customer_id: str, environment: str = "production") -> str:
    return page(customer_id, environment=environment, part="pin/")


def pin(agent: Client, customer_id: str = "acme-corp", environment: str = "production") -> Response:
    agent.get(page(customer_id, environment=environment))
    return agent.post(address(customer_id, environment), {"pinned": "1"}, follow=True)


def pinned(agent: Client, query: str = "") -> list[str]:
    """Ids and names as the look-up page lists them."""
    found = soup(agent.get(f"/{query}")).select("section[aria-labelledby=pinned] li")
    return [" ".join(each.get_text(" ").split()) for each in found]


def suggested(agent: Client, text: str) -> list[str]:
    response = agent.get("/lookup/suggestions/", {"q": text}, headers=HTMX)
    return [" ".join(each.get_text(" ").split()) for each in soup(response).select("a")]


def button(response: Response) -> tuple[str, str]:
    found = element(response, "#pin")
    return found.get_text(), str(found["value"])


def test_a_pinned_customer_is_on_the_look_up_page_until_it_is_let_go(agent: Client) -> None:
    assert pinned(agent) == []
    assert button(agent.get(page("acme-corp"))) == ("Pin", "1")
    shown = pin(agent)
    assert button(shown) == ("Unpin", "")
    assert "Pinned: it is on the look-up page" in element(shown, "main [role=status]").get_text()
    assert pinned(agent) == ["Acme Inc. acme-corp"]
    assert element(agent.get("/"), "section[aria-labelledby=pinned] a")["href"] == page("acme-corp")
    let_go = agent.post(address("acme-corp"), {"pinned": ""}, follow=True)
    assert "No longer pinned" in element(let_go, "main [role=status]").get_text()
    assert pinned(agent) == []


def test_the_button_sends_the_headers_form_which_brings_the_token(agent: Client) -> None:
    shown = soup(agent.get(page("acme-corp")))
    sends = element(shown, f"form#{element(shown, '#pin')['form']}[method=post]")
    careful = Client(enforce_csrf_checks=True)
    careful.cookies = agent.cookies
    assert careful.post(address("acme-corp"), {"pinned": "1"}).status_code == 403
    assert pinned(agent) == []
    token = element(sends, "[name=csrfmiddlewaretoken]")["value"]
    sent = {"pinned": "1", "csrfmiddlewaretoken": str(token)}
    careful.post(str(element(shown, "#pin")["formaction"]), sent)
    assert pinned(agent) == ["Acme Inc. acme-corp"]


def test_htmx_gets_the_button_as_it_is_then_and_what_is_announced(agent: Client) -> None:
    agent.get(page("acme-corp"))
    response = agent.post(address("acme-corp"), {"pinned": "1"}, headers=HTMX)
    assert button(response) == ("Unpin", "")
    assert element(response, "#announcement[hx-swap-oob]").get_text().startswith("Pinned")
    assert b"<html" not in response.content
    assert not soup(response).select("form")
    response = agent.post(address("acme-corp"), {"pinned": ""}, headers=HTMX)
    assert button(response) == ("Pin", "1")


def test_a_page_comes_where_another_tab_unpins_meanwhile(
    agent: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin(agent)
    Pin.objects.update(customer_name="as it was called before")

    def unpinned(name: str) -> str:
        Pin.objects.all().delete()
        return name

    monkeypatch.setattr("integrations_app.own.pins.printable", unpinned)
    assert agent.get(page("acme-corp")).status_code == 200


def test_it_is_pinned_once_however_often_it_is_asked(agent: Client) -> None:
    pin(agent)
    pin(agent)
    assert Pin.objects.count() == 1


def test_pins_are_of_one_agent_and_one_environment(agent: Client) -> None:
    pin(agent)
    pin(agent, "c11", "staging")
    assert pinned(agent) == ["Acme Inc. acme-corp"]
    assert [each.split()[-1] for each in pinned(agent, "?environment=staging")] == ["c11"]
    other = browser_of(account("ines"))
    assert pinned(other) == []
    assert button(other.get(page("acme-corp"))) == ("Pin", "1")


def test_they_are_listed_by_name(agent: Client) -> None:
    for name in ("meridian-group", "empty-co", "acme-corp"):
        pin(agent, name)
    names = pinned(agent)
    assert names == sorted(names, key=str.casefold)
    assert len(names) == 3


def test_the_twenty_first_is_refused_in_words_and_the_others_stay(agent: Client) -> None:
    user = User.objects.get()
    for number in range(MAX_PINS):
        user.pins.create(environment="production", customer_id=f"c{number}")
    user.pins.create(environment="staging", customer_id="elsewhere")
    shown = pin(agent)
    assert "you have 20 pins in this environment" in element(shown, "[role=status]").get_text()
    assert button(shown) == ("Pin", "1")
    assert len(pinned(agent)) == MAX_PINS
    by_htmx = agent.post(address("acme-corp"), {"pinned": "1"}, headers=HTMX)
    assert by_htmx["HX-Redirect"] == page("acme-corp")
    assert "you have 20 pins" in element(agent.get(page("acme-corp")), "[role=status]").get_text()
    agent.post(address("c7"), {"pinned": ""})
    assert button(pin(agent)) == ("Unpin", "")


def test_of_an_environment_that_is_not_seen_any_more_nothing_is_shown(agent: Client) -> None:
    pin(agent)
    limit = User.objects.get().environment_limits.create(environment="staging")
    assert pinned(agent) == []
    assert agent.get("/?environment=production").status_code == 404
    assert agent.post(address("acme-corp"), {"pinned": "1"}).status_code == 404
    assert not any("Pinned" in each for each in suggested(agent, "acme"))
    limit.delete()
    assert pinned(agent) == ["Acme Inc. acme-corp"]


def test_while_one_types_pinned_customers_come_first_and_once(agent: Client) -> None:
    pin(agent, "meridian-group")
    found = suggested(agent, "mer")
    assert found[0].startswith("Meridian Group Pinned meridian-group")
    assert len(found) == 8
    assert ["meridian-group" in each for each in suggested(agent, "meridian-g")] == [True]
    assert suggested(agent, "DIAN-GR")[0].startswith("Meridian Group Pinned")
    assert not any("Pinned" in each for each in suggested(agent, "acme"))
    assert not any("Pinned" in each for each in suggested(agent, "  "))


def test_pinned_customers_are_suggested_while_stigg_is_down(
    agent: Client, stigg: Simulator
) -> None:
    pin(agent, "meridian-group")
    stigg.fault(status=500)
    assert suggested(agent, "meridian") == ["Meridian Group Pinned meridian-group"]


def test_names_are_not_suggested_without_the_ticket_that_is_required(
    agent: Client, settings: object
) -> None:
    pin(agent, "meridian-group")
    settings.REQUIRE_TICKET = True  # type: ignore[attr-defined]
    assert suggested(agent, "meridian") == []


def test_the_name_is_stiggs_whatever_a_form_says_and_learns_a_new_one(agent: Client) -> None:
    agent.post(address("acme-corp"), {"pinned": "1", "name": "Forged"})
    assert pinned(agent) == ["acme-corp"]
    agent.get(page("acme-corp"))
    assert pinned(agent) == ["Acme Inc. acme-corp"]
    Pin.objects.update(customer_name="Acme before it was sold")
    agent.get(page("acme-corp"))
    assert pinned(agent) == ["Acme Inc. acme-corp"]


def test_a_page_without_the_customers_name_forgets_none(agent: Client, stigg: Simulator) -> None:
    named = {"customer_id": "acme-corp", "customer_name": "Acme Inc."}
    User.objects.get().pins.create(environment="production", **named)
    stigg.fault(customer="acme-corp", status=500)
    assert agent.get(page("acme-corp")).status_code == 503
    assert pinned(agent) == ["Acme Inc. acme-corp"]


def test_names_that_bite_are_text(agent: Client) -> None:
    pin(agent, "hostile-values")
    shown = agent.get("/").content.decode()
    assert "<script>alert" not in shown
    assert len(pinned(agent)) == 1


@pytest.mark.parametrize("odd", ["x" * 256, " acme", "a\u202eb"])
def test_what_can_be_no_customers_id_is_not_pinned(agent: Client, odd: str) -> None:
    assert agent.post(address(odd), {"pinned": "1"}).status_code == 400
    assert not Pin.objects.exists()


def test_a_customer_that_is_not_there_has_no_button(agent: Client) -> None:
    assert not soup(agent.get(page("nobody-here"))).select("#pin")


def test_one_that_is_gone_can_be_let_go(agent: Client) -> None:
    User.objects.get().pins.create(environment="production", customer_id="nobody-here")
    assert button(agent.get(page("nobody-here"))) == ("Unpin", "")


def test_pinning_shows_nobody_so_it_is_not_on_record(agent: Client) -> None:
    agent.get(page("acme-corp"))
    agent.post(address("acme-corp"), {"pinned": "1"})
    assert [event.action for event in AuditEvent.objects.all()] == ["view"]


def test_admin_deletes_them_with_the_account(agent: Client) -> None:
    pin(agent)
    mara = User.objects.get()
    root = browser_of(account("root", is_superuser=True))
    root.post(f"/admin/auth/user/{mara.pk}/delete/", {"post": "yes"})
    assert list(User.objects.values_list("username", flat=True)) == ["root"]
    assert not Pin.objects.exists()


def test_what_is_refused_takes_the_place_of_the_page_and_not_of_the_button(agent: Client) -> None:
    careful = Client(enforce_csrf_checks=True)
    careful.cookies = agent.cookies
    refused = careful.post(address("acme-corp"), {"pinned": "1"}, headers=HTMX)
    assert (refused.status_code, refused["HX-Retarget"]) == (403, "main")
    assert element(refused, "main [data-problem]")["data-problem"] == "old-form"


@pytest.mark.usefixtures("stigg", "db")
def test_a_later_account_of_the_same_name_learns_no_name_by_pinning() -> None:
    former = account("kim")
    browser_of(former).get(page("acme-corp"))
    former.delete()
    browser_of(account("kim")).post(address("acme-corp"), {"pinned": "1"})
    assert Pin.objects.get().customer_name == ""
