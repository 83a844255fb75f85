"""The row that a look-up came by: marked, on whichever page has it, or told to be missing."""

import json

import pytest
from bs4 import Tag
from django.test import Client

from integrations_app.customer.query import MAX_ROW_CHARACTERS, Query
from integrations_app.simulator import Simulator
from integrations_app.simulator.data import customers
from integrations_app.simulator.rows import RowMaker
from tests import hostile
from tests.pages import HTMX, Response, element, page, problem, rows, soup
from tests.upstream.test_bad_days import A, B, C, Point, by_cursor, listing, pointing

ACME = RowMaker("production", "acme-corp")
MERIDIAN = [
    str(one.row["syncedEntityId"])
    for one in customers("production")["meridian-group"].listed
    if one.row["syncedEntityId"]
]
D = "dddddddd-0000-4000-8000-000000000000"


@pytest.fixture
def point(monkeypatch: pytest.MonkeyPatch) -> Point:
    """Production is another server, which is slow at most because the machine is busy."""
    return pointing(monkeypatch, deadline=20)


def marked(response: Response) -> Tag | None:
    found = soup(response).select("tr#row")
    assert len(found) == len(soup(response).select(".looked-up")) <= 1
    return found[0] if found else None


def missing(response: Response) -> str:
    """What the page says of a row that it does not show; "" when it says nothing."""
    said = soup(response).select_one("[data-row=missing]")
    return " ".join(said.get_text().split()) if said else ""


def lists_asked(stigg: Simulator) -> int:
    return sum(str(seen["path"]).endswith("/integrations") for seen in stigg.requests())


# --- from the look-up to the row ------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        ACME.synced_id("STRIPE", 2),
        f"https://dashboard.stripe.com/customers/{ACME.synced_id('STRIPE', 2)}",
        f"Hello, the invoice of {ACME.synced_id('STRIPE', 2)} is wrong. Regards, ops@acme.example",
    ],
    ids=["id", "address", "ticket"],
)
def test_a_vendors_id_leads_to_its_row(agent: Client, text: str) -> None:
    agent.get(page("acme-corp"))  # the search knows the first record, the desk now knows both
    second = ACME.synced_id("STRIPE", 2)
    response = agent.get("/lookup", {"q": text, "typed": "1"})
    assert response["Location"] == page("acme-corp", f"?row={second}#row")
    row = marked(agent.get(response["Location"].removesuffix("#row")))
    assert row is not None
    assert second in row.get_text()
    assert "Looked up" in row.get_text()
    assert row["tabindex"] == "-1"


def test_a_salesforce_id_leads_to_its_row_in_either_form(agent: Client) -> None:
    response = agent.get("/lookup", {"q": ACME.synced_id("SALESFORCE")[:15]}, follow=True)
    row = marked(response)
    assert row is not None
    assert ACME.synced_id("SALESFORCE") in row.get_text()


def test_a_choice_leads_to_the_row_of_each_customer_that_a_vendors_id_found(agent: Client) -> None:
    record = RowMaker("production", "twin-one").synced_id("STRIPE")
    response = agent.get("/lookup", {"q": f"{record} or ops@acme.example"})
    links = {
        str(row["data-customer-id"]): element(row, "a")["href"]
        for row in soup(response).select("tr[data-customer-id]")
    }
    assert links == {
        "twin-one": page("twin-one", f"?row={record}#row"),
        "acme-corp": page("acme-corp"),
    }


@pytest.mark.parametrize("text", ["acme-corp", "ops@acme.example", "Acme Inc."])
def test_what_is_no_vendors_id_leads_to_no_row(agent: Client, text: str) -> None:
    assert agent.get("/lookup", {"q": text})["Location"] == page("acme-corp")


# --- the page that has it -------------------------------------------------------------------------


def test_a_row_on_the_first_page_costs_no_call_more(agent: Client, stigg: Simulator) -> None:
    row = marked(agent.get(page("meridian-group", f"?row={MERIDIAN[3]}")))
    assert row is not None
    assert MERIDIAN[3] in row.get_text()
    assert lists_asked(stigg) == 1


@pytest.mark.parametrize(("record", "calls"), [(MERIDIAN[60], 2), (MERIDIAN[-1], 3)])
def test_a_row_on_a_later_page_opens_that_page(
    agent: Client, stigg: Simulator, record: str, calls: int
) -> None:
    response = agent.get(page("meridian-group", f"?row={record}"))
    row = marked(response)
    assert row is not None
    assert record in row.get_text()
    assert missing(response) == ""
    assert lists_asked(stigg) == calls
    assert element(response, ".sizes [aria-current]").get_text().startswith("100")


def test_the_page_of_a_row_has_an_address_that_shows_it_again_and_leads_back(
    agent: Client, stigg: Simulator
) -> None:
    shown = agent.get(page("meridian-group", f"?row={MERIDIAN[-1]}"))
    again = str(element(shown, "#refresh")["href"])
    before = lists_asked(stigg)
    assert marked(agent.get(again)) is not None
    assert lists_asked(stigg) == before + 1
    first = agent.get(str(element(shown, "a[rel=prev]")["href"]))
    assert len(rows(first)) == 100
    assert marked(first) is None
    assert missing(first) == ""


def test_htmx_gets_the_row_and_an_address_that_keeps_it(agent: Client) -> None:
    asked = f"?row={MERIDIAN[3]}"
    response = agent.get(page("meridian-group", asked, part="results/"), headers=HTMX)
    assert marked(response) is not None
    assert response["HX-Push-Url"] == page("meridian-group", asked)


def test_links_to_other_rows_leave_the_row_out(agent: Client) -> None:
    shown = soup(agent.get(page("meridian-group", f"?row={MERIDIAN[3]}")))
    links = [str(link["href"]) for link in shown.select(".pager a[href], nav li a[href]")]
    assert len(links) > 10
    assert not [link for link in links if "row=" in link]


def test_a_filter_in_the_address_drops_the_row(agent: Client, stigg: Simulator) -> None:
    response = agent.get(page("meridian-group", f"?vendor=STRIPE&row={MERIDIAN[-1]}"))
    assert marked(response) is None
    assert missing(response) == ""
    assert lists_asked(stigg) == 1


def test_a_row_that_the_list_leaves_out_is_marked_where_the_record_names_it(agent: Client) -> None:
    record = customers("production")["narrowed-list"].synced("SALESFORCE")
    row = marked(agent.get(page("narrowed-list", f"?row={record}")))
    assert row is not None
    assert "Named by the customer record only" in row.get_text()


def test_of_several_rows_with_the_id_the_first_is_marked(agent: Client, point: Point) -> None:
    same = {"id": "i", "vendorIdentifier": "STRIPE", "syncedEntityId": "cus_1"}
    body = json.dumps({"data": [same, same], "pagination": {"next": None, "prev": None}}).encode()
    answer = hostile.head(f"Content-Length: {len(body)}", "Connection: close") + body
    with hostile.server(by_cursor({"first": answer})) as stigg:
        point(stigg.url)
        shown = soup(agent.get(page("acme-corp", "?row=cus_1"))).select("tr[data-integration-id]")
    assert [row.get("id") for row in shown] == ["row", None]


# --- where it is missing --------------------------------------------------------------------------


def test_what_the_customers_record_does_not_name_is_said_without_a_call(
    agent: Client, stigg: Simulator
) -> None:
    response = agent.get(page("meridian-group", "?row=cus_gone"))
    gone = "The record cus_gone is not named by Stigg's record of this customer."
    assert missing(response) == gone
    assert response.status_code == 200
    assert len(rows(response)) == 20
    assert lists_asked(stigg) == 1


def test_what_the_only_page_does_not_have_is_said(agent: Client) -> None:
    response = agent.get(page("acme-corp", "?row=cus_gone"))
    assert missing(response) == "The record cus_gone is in none of these rows."


@pytest.mark.parametrize(
    ("last", "said"),
    [
        (F := "ffffffff-0000-4000-8000-000000000000", "was not found in the first 500 rows"),
        (None, "is in none of 500 rows"),
    ],
)
def test_the_desk_looks_through_five_pages_and_says_so(
    agent: Client, point: Point, last: str | None, said: str
) -> None:
    """The customer's own record does not come, so the rows alone can tell."""
    following = zip((f"after={A}", f"after={B}", f"after={C}"), (B, C, D), strict=True)
    pages = {cursor: listing(100, there) for cursor, there in following}
    pages |= {f"after={D}": listing(100, last), "first": listing(100, A)}
    with hostile.server(by_cursor(pages)) as stigg:
        point(stigg.url)
        response = agent.get(page("acme-corp", "?row=cus_gone"))
        asked = [head for head in stigg.requests if b"/integrations" in head.split(b"\r\n")[0]]
    assert missing(response) == f"The record cus_gone {said}."
    assert len(asked) == 6


def test_a_walk_that_fails_says_what_was_not_seen(agent: Client, stigg: Simulator) -> None:
    stigg.fault(route="integrations", said="limit=100", status=503)
    response = agent.get(page("meridian-group", f"?row={MERIDIAN[-1]}"))
    said = "was not found in these rows, and Stigg did not give the others."
    assert missing(response) == f"The record {MERIDIAN[-1]} {said}"
    assert len(rows(response)) == 20


def test_an_unknown_customer_stays_unknown(agent: Client, stigg: Simulator) -> None:
    response = agent.get(page("nobody", "?row=cus_1"))
    assert (response.status_code, problem(response)) == (404, "not-found")
    assert missing(response) == ""
    assert lists_asked(stigg) == 1


# --- what somebody may write into the address -----------------------------------------------------


def test_a_hostile_row_is_shown_as_text(agent: Client) -> None:
    response = agent.get(page("acme-corp"), {"row": "<script>alert(1)</script>"})
    assert "<script>alert(1)</script> is in none" in missing(response)
    assert b"<script>alert(1)" not in response.content


@pytest.mark.parametrize(
    "query", [f"?row={'x' * (MAX_ROW_CHARACTERS + 1)}", "?row=a%00b", "?row=a%0Ab", "?row=a&row=b"]
)
def test_a_row_that_cannot_be_one_is_refused_without_a_call(
    agent: Client, stigg: Simulator, query: str
) -> None:
    response = agent.get(page("acme-corp", query))
    assert (response.status_code, problem(response)) == (400, "bad-input")
    assert stigg.requests() == []


def test_an_address_keeps_the_longest_row() -> None:
    longest = "x" * MAX_ROW_CHARACTERS
    assert Query.read({"row": [longest]}).row == longest
    assert str(Query.read({"row": [longest]})) == f"?row={longest}"
