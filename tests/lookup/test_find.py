"""From a pasted text to customers, over real HTTP to the simulated Stigg."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations_app.index import entries
from integrations_app.lookup import calls as asks
from integrations_app.lookup import find as finder
from integrations_app.lookup.find import (
    CALLS_OF_PAGE,
    MAX_CALLS,
    MAX_CALLS_IN_LIST,
    find,
    find_each,
    may_search,
)
from integrations_app.lookup.hits import Finding, Hit, merged
from integrations_app.lookup.other_environments import Elsewhere, elsewhere
from integrations_app.lookup.suggest import MAX_SUGGESTIONS, suggest
from integrations_app.lookup.terms import split
from integrations_app.lookup.whole_ticket import Joined
from integrations_app.simulator import Simulator
from integrations_app.simulator.data import customers
from integrations_app.simulator.rows import RowMaker
from integrations_app.upstream import environments
from integrations_app.upstream.environments import Environment
from tests.conftest import settle, started_anew

PART = "part of a name or id"

pytestmark = pytest.mark.usefixtures("db", "stigg")
ACME = RowMaker("production", "acme-corp")
SUBSCRIPTION = customers("production")["acme-corp"].subscription_id
OWN_HOSTS = ["desk.example.com"]
PAGE = "https://desk.example.com/{}/customers/acme-corp/integrations/"


@pytest.fixture
def production() -> Environment:
    return environments.among(None)["production"]


def one(text: str, environment: str = "production") -> Finding:
    return find(environments.among(None)[environment], text, OWN_HOSTS)


def elsewhere_of(text: str, seconds: float = 5) -> Elsewhere:
    return elsewhere(environments.among(None)["production"], [text], seconds=seconds)


def ids(finding: Finding) -> list[str]:
    return [hit.customer_id for hit in finding.hits]


@pytest.mark.parametrize(
    ("text", "customer_id", "why"),
    [
        ("acme-corp", "acme-corp", "id"),
        ("auth0|65f1c0ffee0badc0de5ca1ab", "auth0|65f1c0ffee0badc0de5ca1ab", "id"),
        ("müller-gmbh", "müller-gmbh", "id"),
        ("ops@acme.example", "acme-corp", "e-mail"),
        ("Ops@Acme.Example", "acme-corp", "e-mail"),
        ("Anna Berg <ops@acme.example>", "acme-corp", "e-mail"),
        ("mailto:ops@acme.example", "acme-corp", "e-mail"),
        ("ops@globex.example", "ops@globex.example", "id"),
        ("Acme Inc.", "acme-corp", "name"),
        ("acme inc.", "acme-corp", "name"),
        ("Meridian", "meridian-group", "name contains"),
        ("Long Id & Daughters", ("long-id-" + "0123456789" * 25)[:255], "name"),
        ("@acme.example", "acme-corp", "e-mail domain"),
        ("acme.example", "acme-corp", "e-mail domain"),
        (ACME.synced_id("STRIPE"), "acme-corp", "Stripe id"),
        (
            f"https://dashboard.stripe.com/customers/{ACME.synced_id('STRIPE')}",
            "acme-corp",
            "Stripe id",
        ),
        (ACME.synced_id("SALESFORCE"), "acme-corp", "Salesforce id"),
        (ACME.synced_id("SALESFORCE")[:15], "acme-corp", "Salesforce id"),
        (ACME.synced_id("HUBSPOT"), "acme-corp", "HubSpot id"),
        (
            f"https://app.hubspot.com/contacts/1/record/0-2/{ACME.synced_id('HUBSPOT')}",
            "acme-corp",
            "HubSpot id",
        ),
        ("https://app.stigg.io/production-9bb95b22/customers/acme-corp", "acme-corp", "id"),
        (SUBSCRIPTION, "acme-corp", "subscription"),
        (f"https://app.stigg.io/p-9bb/subscriptions/{SUBSCRIPTION}", "acme-corp", "subscription"),
        (PAGE.format("production"), "acme-corp", "desk page"),
        (PAGE.format("elsewhere"), "acme-corp", "id"),
    ],
)
def test_it_goes_straight_to_the_one_customer_that_fits(
    text: str, customer_id: str, why: str
) -> None:
    hit = one(text).certain
    assert hit is not None
    assert (hit.customer_id, hit.why[0]) == (customer_id, why)


def test_it_takes_a_page_of_the_desk_to_its_own_environment_without_a_call(
    stigg: Simulator,
) -> None:
    hit = one(PAGE.format("staging")).certain
    assert hit is not None
    assert hit.environment.name == "staging"
    assert stigg.requests() == []


def test_a_subscription_address_costs_one_call_and_finds_nobody_elsewhere(
    stigg: Simulator,
) -> None:
    address = f"https://app.stigg.io/x/subscriptions/{SUBSCRIPTION}"
    missed = one(address, "staging")
    assert ids(missed) == []
    assert (missed.tried, missed.problem) == (("subscription",), None)
    assert "another environment" in missed.hints[0]
    assert [seen["path"] for seen in stigg.requests()] == [f"/api/v1/subscriptions/{SUBSCRIPTION}"]


def test_it_leaves_the_choice_to_the_agent_when_several_share_an_e_mail() -> None:
    finding = one("shared@twins.example")
    assert finding.certain is None
    assert ids(finding) == ["twin-one", "twin-two"]
    assert all(hit.by_email_only for hit in finding.hits)
    assert finding.outcome == "several"


def test_an_exact_id_wins_over_names(stigg: Simulator) -> None:
    stigg.fault(route="customers", body='{"data": [{"id": "other", "name": "acme-corp"}]}')
    assert one("acme-corp").certain


def test_an_exact_id_that_is_an_e_mail_is_certain_when_nobody_else_has_it() -> None:
    assert one("ops@globex.example").certain


def test_an_exact_id_does_not_win_over_another_customers_e_mail(stigg: Simulator) -> None:
    mine = '{"data": [{"id": "other", "name": "Other", "email": "ops@globex.example"}]}'
    stigg.fault(route="customers", body=mine)
    finding = one("ops@globex.example")
    assert finding.certain is None
    assert ids(finding) == ["ops@globex.example", "other"]


@pytest.mark.parametrize(
    "page",
    [
        f"https://dashboard.stripe.com/customers/{ACME.synced_id('STRIPE')}",
        "https://app.stigg.io/p-9bb/customers/acme-corp",
    ],
)
def test_an_address_with_an_id_of_one_and_an_e_mail_of_another_is_a_choice(page: str) -> None:
    """Globex has its e-mail for an id, so the exact id alone would have opened it."""
    finding = one(f"{page}?email=ops%40globex.example")
    assert finding.certain is None
    assert sorted(ids(finding)) == ["acme-corp", "ops@globex.example"]


def test_an_exact_id_does_not_win_over_a_customer_with_that_vendors_id(stigg: Simulator) -> None:
    text = "cus_NffrFeUfNV2Hib"
    found = {"customers": {"edges": [{"node": {"customerId": "other", "name": "Other"}}]}}
    stigg.fault(route="customer", customer=text, body=f'{{"data": {{"id": "{text}"}}}}')
    stigg.fault(route="graphql", said="billingId", delay=0.2, body=json.dumps({"data": found}))
    finding = one(text)
    assert finding.certain is None
    assert ids(finding) == [text, "other"]


@pytest.mark.parametrize("own", ["acme-corp", "acme"])
def test_an_id_of_ones_own_in_an_address_is_no_part_of_a_name(own: str) -> None:
    assert ids(one(f"https://dashboard.stripe.com/customers/{own}")) == []


def test_an_exact_id_does_not_win_over_another_customers_e_mail_in_capitals(
    stigg: Simulator,
) -> None:
    shouted = '{"node": {"customerId": "other", "email": "OPS@globex.example"}}'
    stigg.fault(
        route="graphql",
        said='"email": {"iLike"',  # whatever the capitals
        body=f'{{"data": {{"customers": {{"edges": [{shouted}]}}}}}}',
    )
    assert one("ops@globex.example").certain is None


def test_it_puts_the_best_match_first_and_archived_ones_last(stigg: Simulator) -> None:
    named = (
        '{"data": {"customers": {"edges": ['
        '{"node": {"customerId": "a", "name": "Bolt", "deletedAt": "2026-01-01T00:00:00Z"}},'
        '{"node": {"customerId": "b", "name": "Bolt and Sons"}},'
        '{"node": {"customerId": "d", "name": "bolt"}},'
        '{"node": {"customerId": "c", "name": "bolt"}}]}}}'
    )
    stigg.fault(route="graphql", body=named)
    finding = one("Bolt")
    assert [(hit.customer_id, hit.why, hit.archived) for hit in finding.hits] == [
        ("c", ("name",), False),
        ("d", ("name",), False),
        ("a", ("name",), True),
        ("b", ("name contains",), False),
    ]


def test_whose_name_it_is_comes_before_whose_domain_it_is(stigg: Simulator) -> None:
    named = {"id": "named", "name": "acme.example"}
    stigg.fault(route="customers", body=json.dumps({"data": [named]}))
    other = {"customerId": "other", "name": "AAA", "email": "x@acme.example"}
    found = {"customers": {"edges": [{"node": other}]}}
    stigg.fault(route="graphql", body=json.dumps({"data": found}))
    assert [(hit.customer_id, hit.why) for hit in one("acme.example").hits] == [
        ("named", ("name",)),
        ("other", ("e-mail domain",)),
    ]


def test_what_has_the_domain_in_its_name_stands_back_behind_whose_it_is(stigg: Simulator) -> None:
    nodes = [
        {"node": {"customerId": "named", "name": "Friends of acme.example"}},
        {"node": {"customerId": "own", "name": "Acme", "email": "x@acme.example"}},
    ]
    stigg.fault(route="graphql", body=json.dumps({"data": {"customers": {"edges": nodes}}}))
    assert ids(one("@acme.example")) == ["own"]


@pytest.mark.parametrize("way", [1, -1])
def test_what_one_call_knows_of_a_customer_completes_what_another_does(
    production: Environment, way: int
) -> None:
    bare = Hit("acme-corp", production, ("id",))
    full = Hit("acme-corp", production, ("name",), "Acme Inc.", "ops@acme.example", archived=True)
    (hit,) = merged([bare, full][::way])
    assert (hit.why, hit.name, hit.email, hit.archived) == (
        ("id", "name"),
        "Acme Inc.",
        "ops@acme.example",
        True,
    )


def test_it_finds_archived_customers() -> None:
    hit = one("archived-co").certain
    assert hit is not None
    assert hit.archived


def test_it_believes_no_customer_that_does_not_fit(stigg: Simulator) -> None:
    """An upstream that forgets its filter must not lead an agent to a stranger."""
    stigg.fault(
        route="customers",
        body='{"data": [{"id": "stranger", "name": "Stranger", "email": "a@b.example"}]}',
    )
    assert ids(one("nobody@nowhere.example")) == []
    assert ids(one("Nobody at all")) == []


def test_a_domain_ends_where_the_e_mail_ends(stigg: Simulator) -> None:
    edges = ", ".join(
        f'{{"node": {{"customerId": "{n}", "email": "x@acme.com{n}"}}}}'
        for n in ("", ".br", ".evil")
    )
    stigg.fault(
        route="graphql",
        body=f'{{"data": {{"customers": {{"edges": [{edges}]}}}}}}'.replace('"", ', '"one", '),
    )
    assert [hit.email for hit in one("@acme.com").hits] == ["x@acme.com"]


def test_a_public_mail_domain_is_never_a_certainty() -> None:
    finding = one("@gmail.com")
    assert finding.notes
    assert finding.certain is None


@pytest.mark.parametrize(
    ("text", "tried", "near"),
    [
        (
            "nobody-here",
            ("customer id", "exact name", PART, "similar names"),
            "Capitals matter in a customer id",
        ),
        (
            "nobody@nowhere.example",
            ("exact e-mail", "customer id", "e-mail in other capitals", PART),
            "An e-mail is found only as Stigg keeps it",
        ),
        ("cus_NffrFeUfNV2Hib", ("Stripe id", "customer id", PART), "Stripe's test customers"),
        ("auth0|5f7c8ec7c33c6c004bbafe82", ("customer id", PART), "not searched by Auth0 ids"),
        (
            "7365-4932-1053",
            ("customer id", "AWS account", "exact name", PART, "similar names"),
            "It must be the id of the customer",
        ),
        (
            "aB3dE5fG7hJ",
            ("customer id", "AWS Marketplace id", "exact name", PART, "similar names"),
            "It must be the id of the customer",
        ),
        ("https://evil.example/x", (), "The desk reads addresses of"),
    ],
)
def test_it_says_what_was_tried_and_what_a_near_miss_looks_like(
    text: str, tried: tuple[str, ...], near: str
) -> None:
    finding = one(text)
    assert finding.hits == ()
    assert finding.tried == tried
    assert near in " ".join((*finding.hints, *finding.notes))


# --- when Stigg does not answer, or not all of it -------------------------------------------------


@pytest.mark.parametrize("status", [401, 403])
def test_where_the_key_may_not_search_the_rest_works_and_says_so(
    stigg: Simulator, production: Environment, status: int
) -> None:
    stigg.fault(route="graphql", status=status)
    assert may_search(production)
    assert one("Acme Inc.").certain
    assert one("cus_NffrFeUfNV2Hib").untried == ("Stripe id", PART)
    assert not may_search(production)
    settle()
    stigg.clear()
    assert one("Nobody at all").untried == (PART,)
    assert [
        seen for seen in stigg.requests() if seen["method"] == "POST"
    ] == []  # a refusal is remembered
    assert may_search(environments.among(None)["staging"])


def test_a_key_that_is_refused_everywhere_says_nothing_about_searching(
    stigg: Simulator, production: Environment
) -> None:
    stigg.fault(status=401)
    finding = one("cus_NffrFeUfNV2Hib")
    assert finding.problem
    assert finding.problem.kind == "key-rejected"
    assert suggest(production, "apex") == ()
    assert may_search(production)


def test_it_says_when_more_customers_fit_than_it_lists() -> None:
    finding = one("Ap")
    assert len(finding.hits) == asks.MAX_HITS
    assert "These are the first 20 of more" in finding.notes[0]


def test_as_many_customers_as_it_lists_are_not_too_many(stigg: Simulator) -> None:
    nodes = [{"node": {"customerId": f"c-{n}", "name": "Apx"}} for n in range(asks.MAX_HITS)]
    stigg.fault(route="graphql", body=json.dumps({"data": {"customers": {"edges": nodes}}}))
    finding = one("Apx")
    assert len(finding.hits) == asks.MAX_HITS
    assert finding.notes == ()


def test_a_failed_call_leaves_the_hits_that_came_but_no_certainty(stigg: Simulator) -> None:
    stigg.fault(route="graphql", status=503)
    finding = one("Acme Inc.")
    assert ids(finding) == ["acme-corp"]
    assert finding.problem
    assert finding.problem.kind == "unavailable"
    assert finding.certain is None
    assert one("acme-corp").certain  # the exact id is certain all the same


def test_rows_speak_for_a_customer_whose_own_call_fails(stigg: Simulator) -> None:
    stigg.fault(customer="acme-corp", route="customer", status=503)
    hit = one("acme-corp").certain
    assert hit
    assert hit.customer_id == "acme-corp"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"status": 401}, "key-rejected"),
        ({"status": 429}, "rate-limited"),
        ({"status": 503}, "unavailable"),
        ({"html": True}, "unexpected"),
        ({"cut": True}, "unavailable"),
        ({"shape": "data-null"}, "unexpected"),
    ],
)
def test_trouble_with_stigg_becomes_a_named_problem(
    stigg: Simulator, fault: dict[str, object], kind: str
) -> None:
    for route in ("customer", "customers", "integrations", "graphql"):
        stigg.fault(route=route, **fault)
    finding = one("acme-corp")
    assert finding.problem
    assert (finding.problem.kind, finding.hits, finding.outcome) == (kind, (), kind)


def test_an_id_that_stigg_refuses_to_look_for_is_nobodys(stigg: Simulator) -> None:
    stigg.fault(route="customer", status=400)
    assert one("Meridian").certain


# --- how often Stigg is asked ---------------------------------------------------------------------


def test_one_look_up_asks_all_at_once_and_what_the_page_will_need_too(
    stigg: Simulator, production: Environment
) -> None:
    find(production, "acme-corp")
    settle()
    paths = {seen["path"] for seen in stigg.requests()}
    assert {
        "/api/v1/customers/acme-corp",
        "/api/v1/customers/acme-corp/integrations",
        "/api/v1/customers",
    } <= paths
    settle()
    assert len(stigg.requests()) <= MAX_CALLS + CALLS_OF_PAGE


def test_an_exact_id_does_not_wait_for_a_slow_search_and_nothing_waits_for_long(
    stigg: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (asks, finder):  # both have it by name
        monkeypatch.setattr(module, "SEARCH_SECONDS", 0.3)
    stigg.fault(route="graphql", delay=1)
    finding = one("empty-co")
    assert finding.certain
    assert finding.problem is None
    assert PART not in finding.tried
    assert one("auth0|65f1c0ffee0badc0de5ca1ab").problem is None
    late = one("Empty Co.")
    assert ids(late) == ["empty-co"]
    assert late.problem
    assert late.problem.kind == "timeout"


@pytest.mark.parametrize("text", ["Nobody Inc.", "nobody@acme.example", "cus_NffrFeUfNV2Hib"])
def test_what_is_hardly_an_id_and_finds_nobody_costs_no_calls_for_a_page(
    stigg: Simulator, text: str
) -> None:
    one(text)
    settle()
    assert not [seen for seen in stigg.requests() if seen["path"].endswith("/integrations")]


def test_no_kind_of_text_loses_a_call_to_the_bound(
    stigg: Simulator, production: Environment
) -> None:
    assert find(production, "736549321053").left_out == ()
    settle()
    assert len(stigg.requests()) <= MAX_CALLS + CALLS_OF_PAGE


def test_several_texts_share_a_bound_and_what_it_left_out_is_said(
    stigg: Simulator, production: Environment
) -> None:
    texts = [f"nobody-{n}" for n in range(MAX_CALLS_IN_LIST // 2)] + ["acme-corp"]
    findings = find_each(production, texts)
    assert len(stigg.requests()) <= MAX_CALLS_IN_LIST
    assert ids(findings[-1]) == ["acme-corp"]
    assert not findings[0].is_complete
    assert findings[0].left_out
    assert "not everything was asked" in findings[0].miss


def test_nobody_is_certain_while_a_call_was_left_out(production: Environment) -> None:
    few, _ = find_each(production, ["Acme Inc.", "Globex"], most=4)
    assert (ids(few), few.left_out, few.certain) == (["acme-corp"], (PART,), None)
    whole = one("acme-corp")
    assert Joined((whole,)).certain
    assert not Joined((replace(whole, left_out=(PART,)),)).certain


HOSTILE = [
    "' OR 1=1; DROP TABLE customers;--",
    "%",
    "%%%",
    "_",
    "100%",
    "\\",
    "zq\x00qz",
    "\x00",
    "x" * 10_000,
    "🦄🦄🦄",
    "\u202egnp.txt",
    "مرحبا بالعالم",
    "שלום",
    "{{7*7}}",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "..",
    ".",
    "zq\nqz",
    "\ud800",
    "\ufffe",
    "https://",
    "https://[::1",
    "@",
    "@@",
    "a@",
    "|",
    "\u200b",
    "0" * 255,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_find_nobody_and_harm_nobody(
    stigg: Simulator, production: Environment, text: str
) -> None:
    finding = find(production, text)
    assert ids(finding) == []
    assert finding.problem is None
    settle()
    assert len(stigg.requests()) <= MAX_CALLS + CALLS_OF_PAGE


TEXTS = st.one_of(
    st.text(max_size=300),
    st.from_regex(
        r"(cus_|org_|auth0\||00[136]|https?://|@|A)?[A-Za-z0-9._%@/-]{0,40}", fullmatch=True
    ),
    st.emails(),
)


@pytest.mark.slow
@given(text=TEXTS)
@settings(max_examples=150)
def test_no_text_makes_it_raise_or_ask_more_than_the_bound(text: str) -> None:
    with started_anew() as stigg:
        finding = one(text)
        settle()
    assert len(stigg.requests()) <= MAX_CALLS + CALLS_OF_PAGE
    known = finding.outcome in ("one", "several", "none", "timeout")  # of a busy machine
    assert known or text.startswith("fault-")


@given(text=TEXTS)
@settings(max_examples=50)
def test_no_text_makes_a_suggestion_raise_or_ask_twice(text: str) -> None:
    with started_anew() as stigg:
        suggest(environments.among(None)["production"], text)
        assert len(stigg.requests()) <= 1


# --- elsewhere, and while typing ------------------------------------------------------------------


def test_after_a_miss_the_other_environments_are_asked() -> None:
    found = elsewhere_of("staging-only")
    assert [(finding.environment.name, ids(finding)) for finding in found.found] == [
        ("staging", ["staging-only"])
    ]
    assert [place.name for place in elsewhere_of("nobody-here").missed] == ["staging"]


def test_it_does_not_wait_for_an_environment_that_is_slow(stigg: Simulator) -> None:
    stigg.fault(environment="staging", delay=0.5)
    slow = elsewhere_of("staging-only", seconds=0.05)
    assert [place.name for place in slow.late] == ["staging"]
    assert slow.found == []
    assert slow.missed == []
    assert elsewhere_of("staging-only", seconds=10).found  # the agent's next try


def test_an_environment_in_trouble_is_neither_a_hit_nor_a_miss(stigg: Simulator) -> None:
    stigg.fault(environment="staging", status=503)
    assert [place.name for place in elsewhere_of("staging-only").late] == ["staging"]


def test_an_environment_that_answers_for_one_text_alone_has_not_missed_both(
    stigg: Simulator, production: Environment
) -> None:
    stigg.fault(environment="staging", route="graphql", status=503)
    texts = ["https://app.stigg.io/x/subscriptions/subscription-1234", "Nobody at all"]
    came = elsewhere(production, texts, seconds=5)
    assert [other.name for other in came.late] == ["staging"]
    assert came.missed == []


@pytest.mark.parametrize(
    "text", ["ap", "  a  ", "https://app.stigg.io/x/customers/y", "apex; nimbus", "x" * 101, ""]
)
def test_it_suggests_nothing_without_a_call_where_that_cannot_help(
    stigg: Simulator, production: Environment, text: str
) -> None:
    assert suggest(production, text) == ()
    assert stigg.requests() == []


def test_it_suggests_by_a_part_of_a_name_with_one_call(
    stigg: Simulator, production: Environment
) -> None:
    hits = suggest(production, "apex")
    assert 1 < len(hits) <= MAX_SUGGESTIONS
    assert all("apex" in f"{hit.customer_id} {hit.name} {hit.email}".lower() for hit in hits)
    assert len(stigg.requests()) == 1


@pytest.mark.parametrize(
    "fault", [{"status": 403}, {"status": 503}, {"status": 429}, {"html": True}]
)
def test_it_suggests_nothing_when_stigg_is_in_trouble(
    stigg: Simulator, production: Environment, fault: dict[str, object]
) -> None:
    stigg.fault(route="graphql", **fault)
    assert suggest(production, "apex") == ()


def test_the_id_that_was_asked_for_leads_on_whatever_the_answer_calls_itself(
    stigg: Simulator,
) -> None:
    stigg.fault(
        customer="acme-corp",
        route="customer",
        body=json.dumps({"data": {"id": "globex", "name": "Globex"}}),
    )
    hit = one("acme-corp").certain
    assert hit is not None
    assert hit.customer_id == "acme-corp"


@pytest.mark.parametrize(
    "hostile", ["../../staging/customers/victim", "..", "a/b", "a?b", "x" * 256]
)
def test_an_id_that_could_lead_elsewhere_is_no_hit(stigg: Simulator, hostile: str) -> None:
    stigg.fault(
        route="customers", body=json.dumps({"data": [{"id": hostile, "name": "Acme Inc."}]})
    )
    node = {"customerId": hostile, "name": "Acme Inc."}
    stigg.fault(
        route="graphql", body=json.dumps({"data": {"customers": {"edges": [{"node": node}]}}})
    )
    assert ids(one("Acme Inc.")) == []
    settle()
    assert not [seen for seen in stigg.requests() if hostile in unquote(str(seen["path"]))]


# --- a name that is written otherwise -------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "customer_id"),
    [
        ("Every Link, Ltd", "every-link"),
        ("Every-Link", "every-link"),
        ("Muller GmbH", "müller-gmbh"),
        ("Mueller GmbH", "müller-gmbh"),
        ("MÜLLER", "müller-gmbh"),
        ("Meridian Group Inc.", "meridian-group"),
    ],
)
def test_a_name_in_another_spelling_finds_its_one_customer(text: str, customer_id: str) -> None:
    hit = one(text).certain
    assert hit is not None
    assert hit.customer_id == customer_id


@pytest.mark.parametrize(
    ("text", "customer_id"),
    [
        ("Meridan Group", "meridian-group"),
        ("Evry Link", "every-link"),
        ("Long Id and Daugthers", ("long-id-" + "0123456789" * 25)[:255]),
        ("Twin One GmbH", "twin-one"),  # another legal form is another company
    ],
)
def test_a_slip_is_asked_about_and_opens_nobody(text: str, customer_id: str) -> None:
    finding = one(text)
    assert finding.certain is None
    assert finding.hits == ()
    assert customer_id in [hit.customer_id for hit in finding.similar]


def test_a_second_try_that_cannot_end_in_time_is_not_begun_and_said(
    stigg: Simulator, production: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(production.upstream, "deadline_seconds", asks.SEARCH_SECONDS - 1)
    finding = find(production, "Meridan Group")
    assert finding.left_out == ("similar names",)
    assert len([seen for seen in stigg.requests() if seen["method"] == "POST"]) == 1


def test_words_that_may_be_ids_leave_no_second_try_beyond_the_bound(
    stigg: Simulator, production: Environment
) -> None:
    texts = [f"nobody-{number}" for number in range(MAX_CALLS_IN_LIST // 3)]
    words = [f"word-{number}" for number in range(5)]
    find_each(production, texts, possible_ids=words)
    assert len(stigg.requests()) <= MAX_CALLS_IN_LIST + len(words)


def test_a_second_try_that_fails_is_no_miss(stigg: Simulator) -> None:
    stigg.fault(route="graphql", status=503, times=2)
    finding = one("Meridan Group")
    assert finding.problem
    assert not finding.is_complete


@pytest.mark.parametrize(
    "text", ["tidal-hot", "Tidal-Hotels", "customer-59b", "mueller", "ops@acme.exam"]
)
def test_enter_never_denies_what_the_suggestions_offer(production: Environment, text: str) -> None:
    offered = {hit.customer_id for hit in suggest(production, text)}
    assert offered
    finding = one(text)
    assert offered <= set(ids(finding))


@pytest.mark.slow
@given(text=st.text(st.characters(categories=("L", "N", "P", "Z")), min_size=3, max_size=20))
@settings(max_examples=40)
def test_enter_never_denies_what_the_suggestions_offer_for_any_text(text: str) -> None:
    with started_anew():
        offered = {hit.customer_id for hit in suggest(environments.among(None)["production"], text)}
        if len(split(text).terms) == 1:
            assert offered <= set(ids(one(text))) or one(text).certain


def test_enter_after_a_suggestion_asks_stiggs_search_nothing_again(
    stigg: Simulator, production: Environment
) -> None:
    suggest(production, "apex b")
    stigg.clear()
    one("apex b")
    settle()
    assert not [seen for seen in stigg.requests() if seen["method"] == "POST"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nobody-here", "Not in Production."),
        ("nobody@nowhere.example", "Not in Production."),
        ("cus_NffrFeUfNV2Hib", "Nothing with this Stripe id was found in Production."),
        ("2c92c0f9638b8faa01638bad0b930698", "Nothing with this Zuora id was found in Production."),
    ],
)
def test_a_miss_says_no_more_than_what_was_asked(text: str, said: str) -> None:
    finding = one(text)
    assert finding.miss == said
    assert any("one such id for each customer" in hint for hint in finding.hints) == (
        "Nothing" in said
    )


def test_a_miss_where_the_key_may_not_search_is_no_not_there(stigg: Simulator) -> None:
    stigg.fault(route="graphql", status=403)
    assert (
        one("Nobody at all").miss
        == "Nothing was found in Production, but not everything was asked."
    )


PAGE_OF_ACME = "/api/v1/customers/acme-corp/integrations"


def page_is_asked_for_before(stigg: Simulator, text: str, *slow: str) -> bool:
    """Whether the customer's page is asked for while calls of these routes are on their way."""
    for route in slow:
        stigg.fault(route=route, delay=20)  # seconds that nobody waits for
    over = Event()

    def is_asked_for() -> bool:
        while not over.wait(0.02):
            if PAGE_OF_ACME in {seen["path"] for seen in stigg.requests()}:
                stigg.stop()
                return True
        return False

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(is_asked_for)
        one(text)
        over.set()
        return asked.result()


@pytest.mark.parametrize(
    ("text", "slow"),
    [
        ("ops@acme.example", "graphql"),
        ("ops@acme.example", "customers"),
        ("Acme Inc.", "customers"),
        (ACME.synced_id("STRIPE"), "customer"),
    ],
)
def test_the_page_is_asked_for_as_soon_as_any_call_leads_to_one_customer(
    stigg: Simulator, text: str, slow: str
) -> None:
    assert page_is_asked_for_before(stigg, text, slow)


def test_the_page_of_a_customer_that_the_index_names_is_asked_for_at_once(
    stigg: Simulator,
) -> None:
    record = ACME.synced_id("STRIPE", 2)
    entries.add("production", [("acme-corp", [record])])
    assert page_is_asked_for_before(stigg, record, "customer", "graphql")


def test_the_page_of_the_only_exact_hit_is_asked_for_while_searches_run(stigg: Simulator) -> None:
    assert one("ops@acme.example").certain
    settle()
    assert "/api/v1/customers/acme-corp/integrations" in {seen["path"] for seen in stigg.requests()}
