"""A whole ticket of any length and script: it is looked up, and what is not read is said."""

from pathlib import Path

import pytest
from django.test import Client, override_settings

from integrations_app.lookup.terms import MAX_PASTE_LENGTH
from integrations_app.pages import MAX_ADDRESS
from integrations_app.simulator import Simulator
from integrations_app.simulator.rows import RowMaker
from tests.desks import open_desk
from tests.pages import Response, element, problem, soup

CUS = RowMaker("production", "acme-corp").synced_id("STRIPE")
MAIL = "ops@acme.example"
PAGE = "/production/customers/acme-corp/integrations/"
PROSE = "Здравствуйте, у нас неверный счёт. "
TICKET = f"{PROSE * 100}\nStripe {CUS}\n{PROSE * 100}\n{MAIL}"  # 7,000 characters
TWO = f"{TICKET} shared@twins.example"
LONGEST = (PROSE * 600)[:MAX_PASTE_LENGTH]


def send(agent: Client, text: str, **more: str) -> Response:
    """What the box sends without scripts, and with them when the text is long."""
    return agent.post("/lookup", {"q": text, "environment": "production", "typed": "1"} | more)


def test_a_long_ticket_that_was_sent_opens_its_customer(agent: Client) -> None:
    response = send(agent, TICKET)
    assert response.status_code == 302
    assert response["Location"].startswith(PAGE)


def test_the_answer_to_a_short_text_has_an_address_that_can_be_shared(agent: Client) -> None:
    response = send(agent, "shared@twins.example", ticket="T-4")
    address = "/lookup?q=shared%40twins.example&environment=production&typed=1&ticket=T-4"
    assert (response.status_code, response["Location"]) == (302, address)
    assert "Twin One Ltd." in soup(agent.get(address)).get_text()


def test_a_long_ticket_that_leads_to_several_stays_in_the_box_and_in_no_link(
    agent: Client,
) -> None:
    response = send(agent, TWO)
    assert response.status_code == 200
    assert len(soup(response).select("tr[data-customer-id]")) == 3
    assert "у нас неверный счёт" in str(element(response, "#q")["value"])
    assert max(len(str(link["href"])) for link in soup(response).select("a[href]")) < MAX_ADDRESS
    other = element(response, "nav.environments a[data-live=false]")
    assert other["href"] == "/?environment=staging"


def test_a_long_text_is_sent_again_from_the_box_not_by_a_link(
    agent: Client, stigg: Simulator
) -> None:
    stigg.fault(status=503)
    response = send(agent, f"{CUS} {' ' * MAX_ADDRESS}")
    assert (response.status_code, problem(response)) == (503, "unavailable")
    assert soup(response).find("a", string="Try again") is None
    assert CUS in str(element(response, "#q")["value"])


@override_settings(REQUIRE_TICKET=True)
def test_a_long_text_is_kept_while_its_ticket_is_asked_for(agent: Client) -> None:
    form = element(send(agent, TICKET), "form.ticket-first")
    assert form["method"] == "POST"
    fields = {str(field["name"]): str(field["value"]) for field in form.select("input")}
    assert fields["q"] == TICKET
    opened = send(agent, fields.pop("q"), **(fields | {"ticket": "T-4"}))
    assert opened["Location"].startswith(PAGE)


def test_what_the_browser_cuts_off_is_more_than_the_desk_reads(agent: Client) -> None:
    """Without a word: so its answer must say that not all was looked at."""
    most = int(str(element(agent.get("/"), "#q")["maxlength"]))
    cut = "🦄" * (most // 2)  # of two characters, as a browser counts them
    response = send(agent, f"{CUS} {cut}"[: most // 2])
    said = element(response, "[data-state=unread]").get_text()
    assert "reads 20,000 characters" in " ".join(said.split())


def test_an_id_that_is_listed_too_often_is_still_one_look_up(agent: Client) -> None:
    text = "\n".join(f"{number}. {CUS}" for number in range(1, 25))
    response = send(agent, text)
    assert response.status_code in (200, 302)


@pytest.mark.slow  # starts the desk in a process of its own
def test_the_server_takes_the_longest_text_in_any_script(stigg: Simulator, tmp_path: Path) -> None:
    with open_desk(stigg, DATABASE_URL=f"sqlite:///{tmp_path}/desk.sqlite3") as desk:
        agent = desk.sign_in()
        for text in (LONGEST, "漢" * 40_002, "🦄" * 20_001):
            form = {"q": (None, text), "environment": (None, "production"), "typed": (None, "1")}
            answer = agent.post(f"{desk.url}/lookup", files=form)
            assert answer.status_code in (200, 400, 404)
            assert f'value="{text[:50]}' in answer.text
        ticket = {"q": (None, f"{CUS} {LONGEST}"[:MAX_PASTE_LENGTH]), "typed": (None, "1")}
        assert agent.post(f"{desk.url}/lookup", files=ticket).url.startswith(f"{desk.url}{PAGE}")
