"""REQUIRE_TICKET: the first look at a customer asks for a ticket, and goes on."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlencode

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client, override_settings
from django.utils import timezone

from integrations_app.audit.events import AuditEvent
from integrations_app.simulator import Simulator
from tests.pages import HTMX, Response, element, page, problem, soup

PAGE = page("acme-corp", "?vendor=STRIPE&limit=50")


@pytest.fixture(autouse=True)
def _required() -> Iterator[None]:
    with override_settings(REQUIRE_TICKET=True, TICKET_PATTERN="[A-Z]+-[0-9]+"):
        yield


def asks(response: Response) -> bool:
    return bool(soup(response).select("form.ticket-first"))


def answered(response: Response, ticket: str) -> str:
    """The address that the form sends with this ticket."""
    form = element(response, "form.ticket-first")
    kept = [(str(f["name"]), str(f.get("value", ""))) for f in form.select("input[type=hidden]")]
    return f"{form['action']}?{urlencode([*kept, ('ticket', ticket)])}"


def events() -> list[tuple[str, ...]]:
    fields = ("action", "customer_id", "ticket")
    return list(AuditEvent.objects.order_by("id").values_list(*fields))


def test_a_customers_page_asks_and_goes_on_where_it_was(agent: Client, stigg: Simulator) -> None:
    response = agent.get(PAGE)
    assert asks(response)
    assert stigg.requests() == []
    assert b"Acme" not in response.content
    on = agent.get(answered(response, "T-41"))
    assert (on.status_code, on["Location"]) == (302, PAGE)
    assert "Acme Inc." in agent.get(on["Location"]).content.decode()
    agent.post(page("acme-corp", part="opened/"), {"integration": "integration-1"})
    assert "Acme Inc." in agent.get(page("acme-corp")).content.decode()
    assert events() == [
        ("ticket", "acme-corp", "T-41"),
        ("view", "acme-corp", "T-41"),
        ("link", "acme-corp", ""),
        ("view", "acme-corp", "T-41"),
    ]


def test_a_look_up_asks_and_keeps_the_text(agent: Client, stigg: Simulator) -> None:
    response = agent.get("/lookup", {"q": "ops+a@acme.example", "typed": "1"})
    assert asks(response)
    assert stigg.requests() == []
    response = agent.get("/lookup", {"q": "ops@acme.example", "environment": "production"})
    shown = agent.get(answered(response, "T-41"), follow=True)
    assert "Acme Inc." in shown.content.decode()
    assert events() == [("lookup", "acme-corp", "T-41"), ("view", "acme-corp", "T-41")]


def test_the_help_desks_link_brings_it(agent: Client) -> None:
    response = agent.get("/lookup?q=ops@acme.example&ticket=T-7", follow=True)
    assert "Acme Inc." in response.content.decode()


def test_another_customer_is_another_question_with_the_same_ticket_at_hand(agent: Client) -> None:
    agent.get("/lookup?q=ops@acme.example&ticket=T-7", follow=True)
    response = agent.get(page("empty-co"))
    assert asks(response)
    assert element(response, "#ticket")["value"] == "T-7"


def given(user: str, hours: int, user_id: int = 0) -> None:
    with time_machine.travel(timezone.now() - timedelta(hours=hours)):
        AuditEvent.objects.create(
            user=user,
            user_id=user_id or User.objects.get().pk,
            action="ticket",
            environment="production",
            customer_id="acme-corp",
            ticket="T-7",
            outcome="given",
        )


def test_looking_again_and_again_gives_no_ticket_anew(agent: Client) -> None:
    now = timezone.now()
    agent.get(page("acme-corp", "?ticket=T-41"))
    for hours in (15, 30):
        with time_machine.travel(now + timedelta(hours=hours)):
            agent.force_login(User.objects.get())
            asked = asks(agent.get(page("acme-corp")))
    assert asked


def test_a_report_without_a_ticket_leads_to_a_question_that_goes_on(agent: Client) -> None:
    agent.get(page("acme-corp", "?ticket=T-41"))
    own = element(agent.get(page("acme-corp")), "a.details")["href"]
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        agent.force_login(User.objects.get())
        form = element(agent.post(str(own), {"word": "wrong"}), "form.ticket-first")
    assert form["method"] == "GET"


@pytest.mark.parametrize(
    ("user", "hours", "again"), [("mara", 23, False), ("mara", 25, True), ("otto", 1, True)]
)
def test_a_ticket_lasts_a_day_for_the_one_who_gave_it(
    agent: Client, user: str, hours: int, *, again: bool
) -> None:
    given(user, hours)
    response = agent.get(page("acme-corp"))
    assert (response.status_code, asks(response)) == (200, again)


@pytest.mark.parametrize("ticket", ["t-1", "T-1x", "x" * 65, "T-1\n"])
@pytest.mark.parametrize("address", [page("acme-corp"), "/lookup"])
def test_what_is_no_ticket_is_told(
    agent: Client, stigg: Simulator, address: str, ticket: str
) -> None:
    if ticket == "T-1\n":
        ticket = "T-1\n1"
    response = agent.get(address, {"q": "acme-corp", "ticket": ticket})
    assert (response.status_code, problem(response)) == (400, "bad-input")
    assert element(response, "#ticket")["value"] == ticket
    assert stigg.requests() == []
    assert events() == []


def test_rows_for_an_open_page_lead_to_the_question(agent: Client, stigg: Simulator) -> None:
    headers = {**HTMX, "HX-Current-URL": f"http://testserver{PAGE}"}
    response = agent.get(page("acme-corp", part="results/"), headers=headers)
    assert response["HX-Redirect"] == PAGE
    assert stigg.requests() == []


def test_no_name_is_suggested_before_a_ticket(agent: Client, stigg: Simulator) -> None:
    address = "/lookup/suggestions/?q=meridian"
    assert agent.get(address, headers=HTMX).content.strip() == b""
    assert stigg.requests() == []
    assert b"eridian" in agent.get(f"{address}&ticket=T-1", headers=HTMX).content


@override_settings(REQUIRE_TICKET=False)
def test_without_the_duty_nothing_asks(agent: Client) -> None:
    assert not asks(agent.get(page("acme-corp")))


def test_a_later_account_of_the_same_name_has_given_none(agent: Client) -> None:
    given("mara", 1, user_id=User.objects.get().pk + 1)
    assert asks(agent.get(page("acme-corp")))
