"""When a look-up may open a customer, and when it leaves the choice to the agent."""

import json

import pytest
from django.test import Client

from integrations_app.index import entries
from integrations_app.lookup.similar import core
from integrations_app.simulator import Simulator
from integrations_app.simulator.rows import RowMaker
from tests.conftest import settle
from tests.pages import Response, element, notices, soup

ACME_MAKER = RowMaker("production", "acme-corp")
MERIDIAN = RowMaker("production", "meridian-group")
CUS = ACME_MAKER.synced_id("STRIPE")
CUS2 = ACME_MAKER.synced_id("STRIPE", 2)  # Stigg's search knows the first only
HUB = ACME_MAKER.synced_id("HUBSPOT")
SF = ACME_MAKER.synced_id("SALESFORCE")
OTHER = RowMaker("production", "twin-one").synced_id("STRIPE")
AWS = RowMaker("production", "every-link").synced_id("AWS_MARKETPLACE")
NOBODYS = "cus_NffrFeUfNV2Hib"
MAIL = "ops@acme.example"
TWINS = "shared@twins.example"
PAGE = "/production/customers/{}/integrations/"


def look_up(agent: Client, text: str) -> Response:
    return agent.get("/lookup", {"q": text, "typed": "1"})


def opened(response: Response) -> str:
    """The address of the customer that it opened; "" for a choice."""
    return str(response["Location"]) if response.status_code == 302 else ""


def chosen_from(response: Response) -> list[tuple[str, str]]:
    rows = soup(response).select("tr[data-customer-id]")
    return [(str(row["data-customer-id"]), str(row["data-environment"])) for row in rows]


def named(customer_id: str, name: str) -> str:
    """A body of Stigg's list with one customer."""
    return json.dumps({"data": [{"id": customer_id, "name": name}]})


# --- a choice -------------------------------------------------------------------------------------


def test_evidence_that_leads_to_the_same_two_customers_opens_neither(agent: Client) -> None:
    response = look_up(agent, f"{TWINS} asks, and everybody @twins.example waits")
    assert chosen_from(response) == [("twin-one", "production"), ("twin-two", "production")]


def test_the_same_id_in_two_environments_is_two_customers(agent: Client) -> None:
    page = "https://testserver/staging/customers/acme-corp/integrations/"
    response = look_up(agent, f"see {page} of {MAIL}")
    assert sorted(chosen_from(response)) == [("acme-corp", "production"), ("acme-corp", "staging")]


def test_nothing_opens_while_calls_were_left_out_of_a_ticket(agent: Client) -> None:
    """All of it is Meridian's, but not everything was asked that could have said otherwise."""
    ids = [MERIDIAN.synced_id("STRIPE", number) for number in (*range(1, 9), 10, 11, 12)]
    numbers = [MERIDIAN.synced_id("HUBSPOT", number) for number in range(1, 9)]
    response = look_up(agent, f"Customer ID: meridian-group, {' '.join([*ids, *numbers])}")
    assert chosen_from(response) == [("meridian-group", "production")]
    assert any("Not tried:" in said for said in notices(soup(response)))


def test_nothing_opens_while_calls_were_left_out_of_a_single_id(agent: Client) -> None:
    """Four customers had this number once, so there were more calls than one text may cost."""
    had = ["acme-corp", "empty-co", "twin-one", "twin-two"]
    entries.add("production", [(customer_id, [AWS]) for customer_id in had])
    response = look_up(agent, AWS)
    assert chosen_from(response) == [("every-link", "production")]
    assert any("Not tried:" in said for said in notices(soup(response)))


def test_nothing_opens_while_nobody_can_tell_whether_a_word_is_an_id(
    agent: Client, stigg: Simulator
) -> None:
    stigg.fault(route="customer", customer="empty-co", status=503)
    response = look_up(agent, f"{MAIL} asks about empty-co")
    assert chosen_from(response) == [("acme-corp", "production")]
    assert element(response, "[data-nowhere]")["data-nowhere"] == "empty-co"


# --- one customer ---------------------------------------------------------------------------------


def test_a_name_that_leads_to_others_beside_leaves_the_id_certain(agent: Client) -> None:
    several = chosen_from(look_up(agent, "Apex"))
    assert len(several) > 1
    one = several[-1][0]
    assert opened(look_up(agent, f"Customer: Apex\nCustomer ID: {one}")) == PAGE.format(one)


def test_a_name_and_a_domain_of_one_customer_open_it(agent: Client) -> None:
    response = look_up(agent, "Customer: Acme Inc.\nWebsite: www.acme.example")
    assert opened(response) == PAGE.format("acme-corp")


def test_an_id_in_a_ticket_wins_over_a_customer_of_that_name(
    agent: Client, stigg: Simulator
) -> None:
    stigg.fault(route="customers", said="name=acme-corp", body=named("other", "acme-corp"))
    response = look_up(agent, f"Customer ID: acme-corp\n{MAIL}")
    assert opened(response) == PAGE.format("acme-corp")


def test_a_second_record_whose_search_failed_is_found_in_the_customers_own(
    agent: Client, stigg: Simulator
) -> None:
    stigg.fault(route="graphql", said=CUS2, status=503)
    response = look_up(agent, f"Customer ID: acme-corp has {CUS2}")
    assert opened(response) == f"{PAGE.format('acme-corp')}?row={CUS2}#row"


@pytest.mark.parametrize(
    ("text", "record"),
    [
        (f"{MAIL} asks about {CUS}", CUS),
        (f"Customer ID: acme-corp, https://app.hubspot.com/contacts/1/record/0-2/{HUB}", HUB),
    ],
    ids=["before what has no record", "after it"],
)
def test_the_row_of_the_first_record_is_marked(agent: Client, text: str, record: str) -> None:
    assert opened(look_up(agent, text)) == f"{PAGE.format('acme-corp')}?row={record}#row"


def test_a_second_record_is_found_in_each_form_of_its_id(agent: Client, stigg: Simulator) -> None:
    record = {"vendorIdentifier": "SALESFORCE", "syncedEntityId": SF[:15]}
    held = {"id": "acme-corp", "name": "Acme Inc.", "integrations": [record]}
    stigg.fault(route="customer", customer="acme-corp", body=json.dumps({"data": held}))
    nobody = json.dumps({"data": {"customers": {"edges": []}}})
    stigg.fault(route="graphql", said=SF, body=nobody)
    response = look_up(agent, f"Customer ID: acme-corp has {SF}")
    assert opened(response).startswith(PAGE.format("acme-corp"))


# --- what is said, and what it costs --------------------------------------------------------------


def test_what_led_to_a_customer_is_called_what_it_is(agent: Client) -> None:
    response = look_up(agent, f"{CUS}, {CUS2} and {NOBODYS} of our customer")
    row = element(response, "tr[data-customer-id=acme-corp]").get_text(" ")
    assert "Stripe id" in row
    assert CUS2 in row
    assert element(response, "[data-nowhere]")["data-nowhere"] == NOBODYS


def test_a_miss_says_that_ordinary_words_were_not_read_as_ids(agent: Client) -> None:
    response = look_up(agent, f"Hi, please look at globex, {NOBODYS} of nobody@nowhere.example")
    said = " ".join(soup(response).get_text(" ").split())
    assert "Nothing that was read in the text leads to a customer in Production." in said
    assert "An id that is an ordinary word is read only behind a label" in said


@pytest.mark.parametrize(
    "text",
    [
        f"{CUS}, {OTHER} and {NOBODYS} of our customer",
        "Customer ID: acme-corp\nCustomer ID: empty-co",
        "acme-corp; nobody@nowhere.example",
    ],
    ids=["two vendors' ids", "two ids", "a list"],
)
def test_where_no_customer_opens_no_page_is_asked_for(
    agent: Client, stigg: Simulator, text: str
) -> None:
    assert look_up(agent, text).status_code == 200
    settle()
    assert not [seen for seen in stigg.requests() if seen["path"].endswith("/integrations")]


def test_a_name_whose_look_up_failed_gets_no_second_try(agent: Client, stigg: Simulator) -> None:
    stigg.fault(route="customers", status=503)
    assert look_up(agent, "Meridan Group").status_code == 503
    assert len([seen for seen in stigg.requests() if seen["method"] == "POST"]) == 1


def test_a_name_of_nothing_but_legal_forms_keeps_one() -> None:
    assert core("Limited Company") == "Limited"
