"""The pages, through Django's test client and over real HTTP to the simulated Stigg."""

import json
import re
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.db import OperationalError
from django.test import Client

from integrations_app.customer.page import NO_CUSTOMER
from integrations_app.simulator import KEYS, Simulator
from tests.pages import HTMX, element, notices, page, problem, rows, soup


def test_it_shows_a_customer_with_all_its_integrations(agent: Client) -> None:
    response = agent.get(page("acme-corp"))
    assert response.status_code == 200
    shown = soup(response)
    assert shown.h1 is not None
    assert element(shown, "h1").get_text(strip=True) == "Acme Inc."
    assert len(rows(response)) == 6
    assert element(shown, "h2").get_text(strip=True) == "6 integrations"


def test_it_names_each_link_by_id_and_vendor(agent: Client) -> None:
    link = soup(agent.get(page("acme-corp"))).select_one("a.open")
    assert link is not None
    assert re.fullmatch(r"Open in Stripe cus_\w+ \(opens in a new tab\)", link.get_text())
    assert link["target"] == "_blank"
    assert link["rel"] == ["noopener", "noreferrer"]
    assert str(link["href"]).startswith("https://dashboard.stripe.com/")


def test_it_counts_vendors_on_chips_that_toggle_and_drop_the_cursor(agent: Client) -> None:
    first = agent.get(page("meridian-group", "?limit=7"))
    following = element(first, "a[rel=next]")["href"]
    shown = soup(agent.get(str(following)))
    stripe = element(shown, "a[data-vendor=STRIPE]")
    assert "after=" not in stripe["href"]
    assert "limit=7" in stripe["href"]
    counts = [int(element(chip, ".count").get_text()) for chip in shown.select("a[data-vendor]")]
    assert sum(counts) == 137
    assert element(shown, "#chip-all .count").get_text() == "137"


def test_it_filters_by_several_vendors(agent: Client) -> None:
    response = agent.get(page("meridian-group", "?vendor=ZUORA&vendor=STRIPE&limit=100"))
    names = {element(th, "bdi").get_text() for th in soup(response).select("tbody th")}
    assert names == {"Stripe", "Zuora"}
    chosen = [chip["data-vendor"] for chip in soup(response).select("a[data-vendor][aria-current]")]
    assert sorted(map(str, chosen)) == ["STRIPE", "ZUORA"]


BOTH = "&vendor=STRIPE&vendor=ZUORA"


@pytest.mark.slow  # 50 pages
@pytest.mark.parametrize(
    ("customer", "limit", "filters", "rows_in_all"),
    [
        (name, limit, filters, count)
        for name, limits, counts in (
            ("meridian-group", (20, 100), (137, 73)),
            ("all-vendors", (1,), (14, 2)),
        )
        for limit in limits
        for filters, count in zip(("", BOTH), counts, strict=True)
    ],
)
def test_it_walks_to_the_end_and_back_over_every_row_once(
    agent: Client, customer: str, limit: int, filters: str, rows_in_all: int
) -> None:
    address, pages = page(customer, f"?limit={limit}{filters}"), []
    while address:
        response = agent.get(address)
        pages.append(rows(response))
        link = soup(response).select_one("a[rel=next]")
        address = str(link["href"]) if link else ""
    forth = [row for shown in pages for row in shown]
    assert len(forth) == len(set(forth)) == rows_in_all
    back: list[str] = []
    while True:
        back = rows(response) + back
        link = soup(response).select_one("a[rel=prev]")
        if not link:
            break
        response = agent.get(str(link["href"]))
    assert back == forth


def test_it_gives_the_fragment_alone_to_htmx_and_the_address_of_the_page(agent: Client) -> None:
    response = agent.get(page("acme-corp", "?vendor=STRIPE", part="results/"), headers=HTMX)
    assert b"<html" not in response.content
    assert soup(response).select_one("#results") is not None
    assert response["HX-Push-Url"] == page("acme-corp", "?vendor=STRIPE")
    assert "HX-Request" in response["Vary"]


def test_it_leads_a_fragment_opened_by_hand_to_its_page(agent: Client) -> None:
    response = agent.get(page("acme-corp", "?vendor=STRIPE", part="results/"))
    assert response.status_code == 302
    assert response["Location"] == page("acme-corp", "?vendor=STRIPE")


@pytest.mark.parametrize(
    "query",
    [
        "?limit=0",
        "?limit=201",
        "?limit=abc",
        "?limit=1e3",
        "?limit=١٠",
        "?limit=20&limit=50",
        "?after=nonsense",
        "?before=nonsense",
        "?after=7d617674-0000-4000-8000-000000000000&before=7d617674-0000-4000-8000-000000000000",
        "?vendor=STRIPE,ZUORA",
        "?vendor=%3Cscript%3E",
        "?" + "&".join(f"vendor=V{n:04}" for n in range(90)),
    ],
)
def test_it_explains_nonsense_in_the_address_without_asking_stigg(
    agent: Client, stigg: Simulator, query: str
) -> None:
    response = agent.get(page("acme-corp", query))
    assert response.status_code == 400
    assert problem(response) == "bad-input"
    assert stigg.requests() == []


@pytest.mark.parametrize(
    "customer_id", [".", "..", "a/b", "a\\b", "a?b", "a#b", "a%b", "a\nb", "a\x00b", "x" * 256]
)
def test_it_refuses_an_id_that_cannot_be_one(
    agent: Client, stigg: Simulator, customer_id: str
) -> None:
    for part in ("", "results/"):
        response = agent.get(page(customer_id, part=part), headers=HTMX)
        assert response.status_code == 400
        assert problem(response) == "bad-input"
        assert (b"<html" in response.content) == (not part)
    assert stigg.requests() == []


@pytest.mark.parametrize(
    "customer_id", ["auth0|65f1c0ffee0badc0de5ca1ab", "ops@globex.example", "müller-gmbh"]
)
def test_it_opens_ids_of_every_shape(agent: Client, customer_id: str) -> None:
    assert agent.get(page(customer_id)).status_code == 200


@pytest.mark.parametrize(("chosen", "number"), [("", 6), ("&vendor=STRIPE", 2)])
def test_it_shows_the_first_page_with_a_notice_when_a_cursor_has_expired(
    agent: Client, chosen: str, number: int
) -> None:
    agent.get(page("acme-corp"))  # the whole list is kept, and no page of it has this cursor
    response = agent.get(page("acme-corp", f"?after=7d617674-0000-4000-8000-000000000000{chosen}"))
    assert response.status_code == 200
    assert len(rows(response)) == number
    assert "first page" in element(response, ".notice").get_text()
    assert "after" not in response["HX-Push-Url"]


def test_it_filters_itself_by_a_vendor_that_stigg_does_not_filter_by(agent: Client) -> None:
    response = agent.get(page("acme-corp", "?vendor=ACME_LEDGER"))
    assert response.status_code == 200
    assert len(rows(response)) == 1
    assert "filtered it itself" in element(response, ".notice").get_text()


def test_it_also_shows_what_only_the_customer_record_names(agent: Client) -> None:
    assert len(rows(agent.get(page("narrowed-list")))) == 5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        ({"status": 401}, 502, "key-rejected"),
        ({"status": 403}, 502, "forbidden"),
        ({"status": 404}, 404, "not-found"),
        ({"status": 429, "headers": {"Retry-After": "12"}}, 503, "rate-limited"),
        ({"status": 500}, 503, "unavailable"),
        ({"status": 503}, 503, "unavailable"),
        ({"status": 400, "code": "EntityIsArchivedError"}, 400, "bad-request"),
        ({"status": 400, "code": "ApiKeyExpired"}, 502, "key-rejected"),
        ({"status": 302, "headers": {"Location": "https://elsewhere.example/"}}, 502, "unexpected"),
        ({"html": True}, 502, "unexpected"),
        ({"cut": True}, 503, "unavailable"),
        ({"shape": "data-null"}, 502, "unexpected"),
        ({"shape": "list"}, 502, "unexpected"),
        ({"shape": "empty"}, 502, "unexpected"),
        ({"shape": "broken-json"}, 502, "unexpected"),
        ({"shape": "deep"}, 502, "unexpected"),
        ({"shape": "nan"}, 502, "unexpected"),
        ({"shape": "huge-number"}, 502, "unexpected"),
    ],
)
@pytest.mark.parametrize("part", ["", "results/"])
def test_it_says_what_is_wrong_with_stigg(
    agent: Client, stigg: Simulator, fault: dict[str, object], status: int, kind: str, part: str
) -> None:
    stigg.fault(customer="acme-corp", route="integrations", **fault)
    response = agent.get(page("acme-corp", part=part), headers=HTMX if part else {})
    assert (response.status_code, problem(response)) == (status, kind)
    if kind != "rate-limited":  # then the rest may not even have been asked for
        assert "Acme Inc." in agent.get(page("acme-corp")).content.decode()


def test_an_empty_list_is_no_customer_where_stigg_knows_none(
    agent: Client, stigg: Simulator
) -> None:
    stigg.fault(route="integrations", body='{"data": [], "pagination": {}}')
    assert problem(agent.get(page("nobody-here"))) == "not-found"
    assert agent.get(page("acme-corp")).status_code == 200


def test_rows_are_shown_also_where_stigg_does_not_know_their_customer(
    agent: Client, stigg: Simulator
) -> None:
    stigg.fault(customer="acme-corp", route="customer", status=404)
    assert len(rows(agent.get(page("acme-corp")))) == 6


def test_it_shows_the_rows_when_the_customer_call_fails(agent: Client, stigg: Simulator) -> None:
    stigg.fault(customer="acme-corp", route="customer", status=500)
    response = agent.get(page("acme-corp"))
    assert response.status_code == 200
    assert len(rows(response)) == 6
    assert soup(response).select_one("a[data-vendor=STRIPE]") is not None
    assert soup(response).select_one(".chip .count") is None
    assert notices(soup(response)) == [NO_CUSTOMER]


@pytest.mark.parametrize("shape", ["no-pagination", "surrogate", "broken-row"])
def test_it_keeps_the_other_rows_when_one_is_broken(
    agent: Client, stigg: Simulator, shape: str
) -> None:
    stigg.fault(customer="acme-corp", route="integrations", shape=shape)
    response = agent.get(page("acme-corp"))
    assert response.status_code == 200
    assert len(rows(response)) >= 5


def test_a_name_cannot_turn_the_rest_of_a_title_around(agent: Client) -> None:
    for part, headers in (("", {}), ("results/", HTMX)):
        response = agent.get(page("hostile-values", part=part), headers=headers)
        title = element(response, "title").get_text()
        assert title.startswith('<script>alert("name")</script> etalP & Sons')
        assert title.endswith(" – Production – Integrations Desk")


def test_it_shows_hostile_values_as_inert_text(agent: Client) -> None:
    response = agent.get(page("hostile-values"))
    shown = soup(response)
    assert response.status_code == 200
    own_pages = "/production/customers/hostile-values/integration/"
    assert all(str(a["href"]).startswith(own_pages) for a in shown.select("a.open"))
    assert shown.select("a.open")
    assert "javascript:" in shown.get_text()
    assert len(shown.find_all("script")) == 2
    assert shown.select(".refused")


def test_it_explains_a_customer_without_integrations_and_a_filter_that_hides_all(
    agent: Client,
) -> None:
    assert soup(agent.get(page("empty-co"))).select_one("[data-state=no-integrations]")
    shown = soup(agent.get(page("acme-corp", "?vendor=ZUORA")))
    assert shown.select_one("[data-state=filtered-out]")
    assert shown.select_one("a[data-vendor=ZUORA][aria-current]")  # leads out of it


def test_it_marks_an_archived_customer(agent: Client) -> None:
    assert "Archived" in element(agent.get(page("archived-co")), "header.customer").get_text()


def test_it_keeps_environments_apart(agent: Client) -> None:
    assert agent.get(page("staging-only")).status_code == 404
    staging = agent.get(page("staging-only", environment="staging"))
    assert staging.status_code == 200
    assert element(staging, "body")["data-live"] == "false"
    assert agent.get(page("acme-corp", environment="nowhere")).status_code == 404


@pytest.mark.parametrize(
    "text", ["acme-corp", "  acme-corp ", '"acme-corp"', "<acme-corp>", "\u200bacme-corp\ufeff"]
)
def test_it_looks_up_what_people_really_paste(agent: Client, text: str) -> None:
    response = agent.get("/lookup", {"q": text, "environment": "staging"})
    assert response["Location"] == page("acme-corp", environment="staging")


def test_it_keeps_what_was_pasted_when_it_finds_nobody(agent: Client) -> None:
    response = agent.get("/lookup", {"q": "a/b?c"})
    assert response.status_code == 404
    assert element(response, "#q")["value"] == "a/b?c"


@pytest.mark.parametrize(
    "address", ["/", "/lookup?q=x", page("acme-corp"), page("x", part="results/"), "/admin/"]
)
def test_it_shows_nothing_without_signing_in(db: None, client: Client, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 302
    assert "/login/" in response["Location"]


def test_it_sends_htmx_to_sign_in_and_back_to_the_same_page(db: None, client: Client) -> None:
    current = {"HX-Current-URL": "http://testserver" + page("acme-corp")}
    response = client.get(page("acme-corp", part="results/"), headers=HTMX | current)
    assert response.status_code == 401
    assert response["HX-Redirect"].startswith(
        "/accounts/login/?next=/production/customers/acme-corp"
    )
    for hostile in ("http://testserver//evil.example", "http://[", "javascript:alert(1)"):
        forged = client.get(page("x", part="results/"), headers=HTMX | {"HX-Current-URL": hostile})
        assert (forged.status_code, forged["HX-Redirect"]) == (401, "/accounts/login/?next=/")


@pytest.mark.parametrize("name", ['"\\000aaaaaaaaa"', "../../x", "a b", "é"])
def test_it_looks_up_no_session_by_a_name_that_django_never_gives(
    db: None, client: Client, django_assert_num_queries: Any, name: str
) -> None:
    with django_assert_num_queries(0):
        response = client.get("/", HTTP_COOKIE=f"sessionid={name}")
    assert response.status_code == 302


@pytest.fixture
def broken_sessions(agent: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A signed-in browser whose session the database does not give."""

    def fail(*_: object) -> None:
        raise OperationalError("the database is gone")

    monkeypatch.setattr(SessionStore, "load", fail)
    agent.raise_request_exception = False
    return agent


@pytest.mark.parametrize("address", ["/", page("acme-corp"), "/accounts/login/", "/admin/"])
def test_it_says_that_the_database_is_away_whatever_is_asked_for(
    broken_sessions: Client, address: str
) -> None:
    response = broken_sessions.get(address)
    assert (response.status_code, problem(response)) == (503, "database")
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert response["X-Request-ID"] in response.content.decode()


@pytest.mark.parametrize(
    "address", ["/", page("acme-corp"), page("nobody-here"), page(".."), "/nowhere"]
)
def test_it_sends_its_headers_with_every_answer(agent: Client, address: str) -> None:
    response = agent.get(address)
    assert "unsafe" not in response["Content-Security-Policy"]
    assert response["Content-Security-Policy"].startswith("default-src 'none'")
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert "no-store" in response["Cache-Control"]


def test_no_key_is_in_any_page_or_log(
    agent: Client,
    stigg: Simulator,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    faults = ["401", "403", "404", "429", "500", "cut", "html", "shape", "empty", "redirect"]
    seen = [agent.get(page(f"fault-{fault}")) for fault in faults]
    seen += [
        agent.get(address)
        for address in ("/", "/nowhere", page("acme-corp"), page(".."), page("hostile-values"))
    ]
    captured = capfd.readouterr()
    logged = (
        "".join(str(record.__dict__) for record in caplog.records) + captured.out + captured.err
    )
    everything = "".join(f"{response.headers}{response.content!r}" for response in seen) + logged
    assert "stigg call failed" in everything
    assert not [key for key in KEYS if key in everything]


def test_a_refusal_that_quotes_the_request_brings_no_key_to_a_page_or_a_log(
    agent: Client, stigg: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    key = "simulated-production-key"
    said = json.dumps({"message": f"X-API-KEY {key} is odd", "code": key})
    stigg.fault(customer="acme-corp", status=400, body=said, headers={"X-Request-ID": f"for {key}"})
    response = agent.get(page("acme-corp"))
    assert "X-API-KEY *** is odd" in response.content.decode()
    assert key not in response.content.decode() + "".join(
        str(record.__dict__) for record in caplog.records
    )
    assert "for ***" in [record.__dict__.get("trace_id") for record in caplog.records]


def test_a_row_without_a_vendor_has_a_page_of_its_own_too(agent: Client, stigg: Simulator) -> None:
    row = {
        "id": "i",
        "vendorIdentifier": "",
        "syncedEntityId": "x",
        "syncData": {"billingLinkUrl": "https://a.example"},
    }
    stigg.fault(
        customer="acme-corp",
        route="integrations",
        body=json.dumps({"data": [row], "pagination": {}}),
    )
    shown = soup(agent.get(page("acme-corp")))
    link = element(shown, "td.link a.open")
    own_page = agent.get(str(link["href"]))
    assert element(own_page, ".host .id").get_text() == "a.example"
    assert agent.post(str(link["href"])).status_code == 302


def test_a_vendor_in_small_letters_is_the_vendor_that_the_page_shows(agent: Client) -> None:
    response = agent.get(page("acme-corp", "?vendor=stripe&vendor=STRIPE"))
    assert len(rows(response)) == 2
    assert [chip.get_text() for chip in soup(response).select("a[data-vendor=STRIPE] bdi")] == [
        "Stripe"
    ]
    assert response["HX-Push-Url"] == page("acme-corp", "?vendor=STRIPE")


def test_the_same_address_again_is_no_step_for_back(agent: Client) -> None:
    for query, header in (("?vendor=STRIPE", "HX-Replace-Url"), ("", "HX-Push-Url")):
        current = f"http://testserver{page('acme-corp', query)}"
        asked = agent.get(
            page("acme-corp", "?vendor=STRIPE", part="results/"),
            headers=HTMX | {"HX-Current-URL": current},
        )
        assert asked[header] == page("acme-corp", "?vendor=STRIPE")
        assert sum(name in asked for name in ("HX-Push-Url", "HX-Replace-Url")) == 1


def test_a_better_answer_brings_the_name_that_was_missing(agent: Client, stigg: Simulator) -> None:
    stigg.fault(customer="archived-co", status=500)
    assert problem(agent.get(page("archived-co"))) == "unavailable"
    stigg.clear()
    cache.clear()
    fragment = soup(agent.get(page("archived-co", part="results/"), headers=HTMX))
    assert element(fragment, "#customer[hx-swap-oob] .badge").get_text() == "Archived"
    assert element(fragment, "title").get_text().startswith("archived-co – Production")


def test_a_form_that_is_out_of_date_says_so(db: None) -> None:
    strict = Client(enforce_csrf_checks=True)
    response = strict.post("/accounts/login/", {"login": "mara", "password": "x"})
    assert (response.status_code, problem(response)) == (403, "old-form")


def test_rows_that_stigg_spells_in_small_letters_are_counted_and_filtered_as_their_vendor(
    agent: Client, stigg: Simulator
) -> None:
    spelled = [
        {"id": f"i-{name}", "vendorIdentifier": name} for name in ("stripe", "STRIPE", "zuora")
    ]
    for route, data in (
        ("integrations", spelled),
        ("customer", {"id": "acme-corp", "integrations": spelled}),
    ):
        stigg.fault(
            customer="acme-corp", route=route, body=json.dumps({"data": data, "pagination": {}})
        )
    whole = agent.get(page("acme-corp"))
    told = {
        str(chip["data-vendor"]): element(chip, ".count").get_text()
        for chip in soup(whole).select("a[data-vendor]")
    }
    assert told == {"STRIPE": "2", "ZUORA": "1"}
    filtered = agent.get(str(element(whole, "a[data-vendor=STRIPE]")["href"]))
    assert rows(filtered) == ["i-stripe", "i-STRIPE"]
    assert element(filtered, "h2").get_text() == "2 integrations, Stripe only"
    assert soup(filtered).select_one("a[data-vendor=STRIPE][aria-current]") is not None
