"""From page to page of a list: Previous works wherever Next did, and nothing untrue is said."""

import json
import re
from socket import socket

import pytest
from django.core.cache import cache
from django.test import Client

from integrations_app.customer.query import MAX_TRAIL, START, BadQuery, Query
from integrations_app.simulator import Simulator
from tests import hostile
from tests.pages import element, notices, page, rows, soup
from tests.upstream.test_bad_days import EMPTY, A, B, Point, by_cursor, listing, pointing

C = "cccccccc-0000-4000-8000-000000000000"
REFUSED = hostile.head("Content-Length: 2", "Connection: close", status="400 Bad Request") + b"{}"
# Each page has as many rows as its number says, so that they can be told apart.
FORWARD_ONLY = {
    "before=": REFUSED,
    f"after={A}": listing(2, B),
    f"after={B}": listing(3, C),
    f"after={C}": listing(4, None),
    "first": listing(1, A),
}
WITH_WRONG_WAYS_BACK = {
    "before=": listing(1, A),  # whatever is asked for, the head of the list
    f"after={A}": listing(2, B, A),
    f"after={B}": listing(3, C, B),
    f"after={C}": listing(4, None, C),
    "first": listing(1, A, A),
}


@pytest.fixture
def point(monkeypatch: pytest.MonkeyPatch) -> Point:
    """Production is another server, which is slow at most because the machine is busy."""
    return pointing(monkeypatch, deadline=20)


def follow(agent: Client, address: str, rel: str) -> str:
    link = soup(agent.get(address)).select_one(f"a[rel={rel}]")
    return str(link["href"]) if link else ""


def walk(agent: Client, address: str, rel: str) -> list[str]:
    walked = [address]
    while following := follow(agent, walked[-1], rel):
        walked.append(following)
    return walked


@pytest.mark.parametrize("answers", [FORWARD_ONLY, WITH_WRONG_WAYS_BACK], ids=["none", "wrong"])
def test_previous_leads_back_the_way_that_next_came(
    agent: Client, point: Point, answers: dict[str, bytes]
) -> None:
    with hostile.server(by_cursor(answers)) as stigg:
        point(stigg.url)
        forth = walk(agent, page("acme-corp"), "next")
        assert [len(rows(agent.get(address))) for address in forth] == [1, 2, 3, 4]
        assert walk(agent, forth[-1], "prev") == forth[::-1]


def test_the_first_page_has_no_previous_whatever_stigg_says(agent: Client, point: Point) -> None:
    with hostile.server(by_cursor(WITH_WRONG_WAYS_BACK)) as stigg:
        point(stigg.url)
        assert follow(agent, page("acme-corp"), "prev") == ""
        assert follow(agent, page("acme-corp"), "first") == ""


def test_every_other_page_leads_to_the_first_at_once(agent: Client, point: Point) -> None:
    with hostile.server(by_cursor(FORWARD_ONLY)) as stigg:
        point(stigg.url)
        copied = page("acme-corp", f"?after={B}&limit=20")
        assert follow(agent, copied, "prev") == ""
        assert follow(agent, copied, "first") == page("acme-corp")


def test_an_empty_page_that_more_pages_follow_says_so(agent: Client, point: Point) -> None:
    nothing_yet = {
        "first": listing(0, A),
        f"after={A}": listing(0, B),
        f"after={B}": listing(2, None),
    }
    with hostile.server(by_cursor(nothing_yet)) as stigg:
        point(stigg.url)
        shown = agent.get(page("acme-corp"))
        assert element(shown, "#results-heading").get_text() == "No integrations on this page"
        assert "more follow" in element(shown, "[data-state=empty-page]").get_text()
        assert [len(rows(agent.get(at))) for at in walk(agent, page("acme-corp"), "next")] == [
            0,
            0,
            2,
        ]


def test_a_page_without_rows_is_not_blamed_on_the_list(agent: Client, point: Point) -> None:
    with hostile.server(by_cursor({"first": listing(1, A), f"after={A}": EMPTY_ANSWER})) as stigg:
        point(stigg.url)
        said = notices(soup(agent.get(page("acme-corp", f"?after={A}"))))
        assert said[0].startswith("Stigg gave no rows for the page of the list in the address.")


EMPTY_ANSWER = hostile.head(f"Content-Length: {len(EMPTY)}", "Connection: close") + EMPTY


def test_it_says_how_many_rows_it_left_out(agent: Client, stigg: Simulator) -> None:
    data = [{"id": f"i{n}", "vendorIdentifier": "STRIPE"} for n in range(250)]
    body = json.dumps({"data": data, "pagination": {}})
    stigg.fault(customer="acme-corp", route="integrations", body=body)
    shown = agent.get(page("acme-corp"))
    assert 100 <= len(rows(shown)) < 110  # those of the list, and those that the record names
    assert any(said.startswith("Stigg sent 150 rows more") for said in notices(soup(shown)))


def test_it_says_how_many_of_a_records_integrations_it_left_out(
    agent: Client, stigg: Simulator
) -> None:
    named = [{"id": f"i{n}", "vendorIdentifier": f"VENDOR_{n % 40}"} for n in range(5_000)]
    for route, data in (
        ("customer", {"id": "acme-corp", "integrations": named}),
        ("integrations", []),
    ):
        body = json.dumps({"data": data, "pagination": {}})
        stigg.fault(customer="acme-corp", route=route, body=body)
    said = notices(soup(agent.get(page("acme-corp"))))
    assert any("names 4900 integrations more" in sentence for sentence in said)
    assert "Filters are offered for 30 of this customer's 40 vendors." in said


def test_a_trail_is_bounded() -> None:
    query = Query()
    for _ in range(3 * MAX_TRAIL):
        query = query.following(A, 20)
    assert len(query.trail) == MAX_TRAIL
    assert Query.read({"after": [A], "trail": [",".join(query.trail)]}) == query


def heading(agent: Client, address: str) -> str:
    return element(agent.get(address), "#results-heading").get_text()


@pytest.mark.slow
def test_each_page_says_which_rows_of_how_many_it_has(agent: Client) -> None:
    walked = walk(agent, page("meridian-group", "?limit=50"), "next")
    known = ["1–50 of 137", "51–100 of 137", "101–137 of 137"]
    for shown, at in zip(map(agent.get, walked), known, strict=True):
        assert element(shown, "#results-heading").get_text() == f"{at} integrations"
        title = element(shown, "title").get_text().strip()
        assert title.startswith(f"Meridian Group, {at} – ")
    back = walk(agent, walked[-1], "prev")
    assert [heading(agent, at) for at in back] == [f"{each} integrations" for each in known[::-1]]


def test_a_filtered_list_has_positions_of_its_own(agent: Client) -> None:
    walked = walk(agent, page("meridian-group", "?vendor=STRIPE"), "next")
    assert heading(agent, walked[-1]) == "41–42 of 42 integrations, Stripe only"


def test_no_position_is_claimed_that_is_not_known(agent: Client, stigg: Simulator) -> None:
    second = walk(agent, page("meridian-group", "?limit=50"), "next")[1]
    for address in (
        re.sub("&trail=[^&]*", "", second),  # opened directly
        second.replace("start:50", "start"),  # of an older desk
        second.replace("start:50", "start:100"),  # does not fit how many there are
    ):
        assert heading(agent, address) == "50 of 137 integrations"
    stigg.fault(customer="meridian-group", route="customer", status=500)
    cache.clear()
    assert heading(agent, second) == "50 integrations"


def test_positions_count_the_rows_that_came_and_not_those_that_fit(
    agent: Client, point: Point
) -> None:
    named = [{"id": f"i{n}", "vendorIdentifier": "STRIPE"} for n in range(10)]
    body = json.dumps({"data": {"id": "acme-corp", "integrations": named}}).encode()
    customer = hostile.head(f"Content-Length: {len(body)}", "Connection: close") + body

    def answer(connection: socket, head: bytes) -> None:
        if b"/integrations" in head.split(b"\r\n")[0]:
            by_cursor(FORWARD_ONLY)(connection, head)
        else:
            connection.sendall(customer)

    with hostile.server(answer) as stigg:
        point(stigg.url)
        forth = walk(agent, page("acme-corp"), "next")
        assert [heading(agent, at).split()[0] for at in forth] == ["1–1", "2–3", "4–6", "7–10"]


@pytest.mark.slow
def test_up_to_two_hundred_rows_come_on_one_page_by_two_calls(
    agent: Client, stigg: Simulator
) -> None:
    first = soup(agent.get(page("meridian-group")))
    link = first.find("a", string=re.compile("All on one page"))
    assert link is not None
    before = len(stigg.requests())
    whole = agent.get(str(link["href"]))
    asked = [str(seen["path"]) for seen in stigg.requests()[before:]]
    assert len(rows(whole)) == 137
    assert sum(path.endswith("/integrations") for path in asked) == 2
    assert element(whole, "#results-heading").get_text() == "137 integrations"
    assert soup(whole).select_one("a[rel=next]") is None
    known = walk(agent, page("meridian-group", "?limit=100"), "next")
    assert rows(whole) == [id_ for at in known for id_ in rows(agent.get(at))]


def test_what_is_more_than_two_hundred_is_on_the_next_page(agent: Client, point: Point) -> None:
    answers = {
        "first": listing(100, A),
        f"after={A}": listing(100, B),
        f"after={B}": listing(50, None),
    }
    with hostile.server(by_cursor(answers)) as stigg:
        point(stigg.url)
        forth = walk(agent, page("acme-corp", "?limit=200"), "next")
        assert [len(rows(agent.get(at))) for at in forth] == [200, 50]


def test_pages_are_offered_only_where_there_is_more_than_one(agent: Client) -> None:
    assert soup(agent.get(page("acme-corp"))).select(".pager, .find") == []
    offered = soup(agent.get(page("meridian-group", "?vendor=STRIPE"))).select(".sizes a")
    assert offered[0].get("href") is None  # the one that is shown
    assert [link.get_text(" ", strip=True) for link in offered] == [
        "20 rows a page",
        "All on one page",
    ]


@pytest.mark.parametrize(
    "trail", ["x", f"{START},//evil.example", f"after:{A}&limit=1", ",".join([START] * 21), ","]
)
def test_a_trail_that_the_desk_never_makes_is_refused(trail: str) -> None:
    with pytest.raises(BadQuery, match="does not exist"):
        Query.read({"after": [A], "trail": [trail]})
