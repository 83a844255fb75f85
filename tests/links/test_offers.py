"""Which link a row gets, and the plain word where there is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_app.customer.listing import listing
from integrations_app.customer.query import Query
from integrations_app.links.offers import LinkSettings, Place, offer
from integrations_app.stigg import Page
from integrations_app.stigg.records import read_rows
from integrations_app.vendors import known_vendors, vendor_for

ZUORA, SALESFORCE = vendor_for("ZUORA"), vendor_for("SALESFORCE")
OWN = "https://www.zuora.com/apps/CustomerAccount.do?id=1"
STRANGE = "https://partner.example/1"
TEMPLATES = {
    "ZUORA": "https://na.zuora.com/{synced_entity_id}",
    "SALESFORCE": "https://acme.my.salesforce.com/{synced_entity_id}",
}
PLACE = Place("acme", "Production", True, LinkSettings(TEMPLATES, {"ZUORA": ["trusted.example"]}))


def test_stiggs_own_link_wins_when_it_is_verified() -> None:
    given_ = offer(OWN, ZUORA, "z1", "z1", PLACE)
    assert (given_.link.url, given_.template, given_.other) == (OWN, "", None)


def test_a_host_that_operators_trust_is_verified_for_its_vendor_only() -> None:
    assert offer("https://x.trusted.example/1", ZUORA, "z1", None, PLACE).link.kind == "verified"
    assert (
        offer("https://x.trusted.example/1", SALESFORCE, None, None, PLACE).link.kind
        == "unfamiliar"
    )


@pytest.mark.parametrize(
    ("url", "other"),
    [(STRANGE, "unfamiliar"), ("javascript:x", "refused"), (None, None), ("", None)],
)
def test_a_template_comes_first_when_stiggs_own_link_is_not_verified(
    url: str | None, other: str | None
) -> None:
    given_ = offer(url, ZUORA, "a|1", None, PLACE)
    assert given_.link.url == "https://na.zuora.com/a%7C1"
    assert given_.link.kind == "verified"
    assert given_.template == TEMPLATES["ZUORA"]
    assert (given_.other.kind if given_.other else None) == other


def test_an_unfamiliar_link_stands_where_the_template_cannot_be_filled() -> None:
    given_ = offer(STRANGE, ZUORA, None, None, PLACE)
    assert (given_.link.url, given_.template) == (STRANGE, "")


def test_a_built_link_is_judged_like_any_other() -> None:
    settings = LinkSettings({"OPEN_FGA": "https://fga.internal.example/{customer_id}"})
    place = Place("acme", settings=settings)
    given_ = offer(None, vendor_for("OPEN_FGA"), None, None, place)
    assert (given_.link.kind, given_.link.host) == ("unfamiliar", "fga.internal.example")


@pytest.mark.parametrize(
    ("live", "path", "words"),
    [
        (True, "test/customers/1", "test link, but Here is a live"),
        (False, "customers/1", "live link, but Here is not a live"),
        (True, "customers/1", ""),
        (False, "test/customers/1", ""),
        (None, "customers/1", ""),
    ],
)
def test_it_warns_when_the_mode_does_not_fit_the_environment(
    live: bool | None, path: str, words: str
) -> None:
    template = f"https://dashboard.stripe.com/{path}/{{customer_id}}"
    place = Place("acme", "Here", live, LinkSettings({"STRIPE": template}))
    own = offer(
        f"https://dashboard.stripe.com/{path}",
        vendor_for("STRIPE"),
        "1",
        None,
        Place("acme", "Here", live),
    )
    for given_ in (own, offer(None, vendor_for("STRIPE"), "1", None, place)):
        assert words in given_.warning
        assert bool(given_.warning) is bool(words)


@pytest.mark.parametrize(
    ("url", "vendor", "synced", "words"),
    [
        ("javascript:x", "STRIPE", "1", "a script, not the address"),
        (None, "STRIPE", None, "before the customer is synced"),
        (None, "SNOWFLAKE", None, "no known page for one customer"),
        (None, "SNOWFLAKE", "1", "whole environment"),
        (None, "STRIPE", "1", "Stigg gives no link"),
        (None, "NEW_VENDOR", "1", "Stigg gives no link"),
    ],
)
def test_it_says_why_there_is_none_and_what_to_do(
    url: str | None, vendor: str, synced: str | None, words: str
) -> None:
    given_ = offer(url, vendor_for(vendor), synced, None)
    assert not given_.opens
    assert words in given_.why


def test_it_says_that_a_template_needs_an_id_that_is_missing() -> None:
    settings = LinkSettings({"STRIPE": "https://dashboard.stripe.com/{billing_id}"})
    place = Place("acme", settings=settings)
    assert "needs an id" in offer(None, vendor_for("STRIPE"), "1", None, place).why


def test_stiggs_documented_reasons_come_with_a_row_that_is_not_synced() -> None:
    assert offer(None, ZUORA, None, None).reasons
    assert offer(None, vendor_for("AUTH0"), None, None).reasons == ()
    assert offer(None, ZUORA, "z1", None).reasons == ()


@pytest.mark.parametrize("vendor", [*known_vendors(), "NEW_VENDOR"])
@pytest.mark.parametrize("synced", ["1", None])
@pytest.mark.parametrize("url", [None, "javascript:x"])
def test_no_row_is_a_dead_end(vendor: str, synced: str | None, url: str | None) -> None:
    given_ = offer(url, vendor_for(vendor), synced, None)
    assert given_.opens or given_.why


@given(
    st.text(st.characters(exclude_categories=())),
    st.text(),
    st.sampled_from([*known_vendors(), "NEW"]),
)
def test_it_never_raises_and_opens_only_what_was_judged(url: str, synced: str, vendor: str) -> None:
    given_ = offer(url, vendor_for(vendor), synced, synced, PLACE)
    assert given_.opens or given_.why
    assert not given_.opens or given_.link.url.startswith(("https://", "http://"))


def test_the_first_nine_links_get_a_number_and_rows_without_a_link_get_none() -> None:
    stripe = "https://dashboard.stripe.com/customers/cus_"
    data = [
        {
            "id": f"i{n}",
            "vendorIdentifier": "STRIPE",
            "syncedEntityId": "x",
            "syncData": {"billingId": "x", "billingLinkUrl": "" if n == 1 else f"{stripe}{n}"},
        }
        for n in range(12)
    ]
    page = Page(read_rows([*data, {"vendorIdentifier": "STRIPE"}]))
    rows = listing(Query(), None, page, place=PLACE).rows
    assert [row.key for row in rows] == ["1", "", *"23456789", "", "", ""]
