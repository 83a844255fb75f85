"""Every vendor has a face, also one that nobody has seen yet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_app.links.judge import is_domain
from integrations_app.vendors import known_vendors, vendor_for

VENDORS = known_vendors()
# The widest list that Stigg has published: its Python SDK 0.1.0b48, from July 2026.
PUBLISHED = [
    "AUTH0",
    "ZUORA",
    "STRIPE",
    "HUBSPOT",
    "AWS_MARKETPLACE",
    "SNOWFLAKE",
    "SALESFORCE",
    "BIG_QUERY",
    "OPEN_FGA",
    "APP_STORE",
    "RECEIVED",
    "PREQUEL",
    "AIRWALLEX",
    "STRIPE_INVOICING",
]
WITHOUT_PAGE = {
    "AWS_MARKETPLACE",
    "SNOWFLAKE",
    "BIG_QUERY",
    "OPEN_FGA",
    "APP_STORE",
    "PREQUEL",
    "RECEIVED",
    "AIRWALLEX",
}


def test_it_knows_every_vendor_that_stigg_ever_published() -> None:
    assert set(VENDORS) == set(PUBLISHED)
    assert all(vendor_for(identifier).identifier == identifier for identifier in PUBLISHED)


@pytest.mark.parametrize("identifier", PUBLISHED)
def test_it_gives_each_known_vendor_a_name_a_badge_and_clean_domains(identifier: str) -> None:
    vendor = VENDORS[identifier]
    assert vendor.name
    assert len(vendor.badge) == 2
    assert all(is_domain(domain) for domain in vendor.domains)


def test_it_gives_no_two_known_vendors_the_same_badge_or_name() -> None:
    assert len({vendor.badge for vendor in VENDORS.values()}) == len(VENDORS)
    assert len({vendor.name for vendor in VENDORS.values()}) == len(VENDORS)


def test_it_says_why_a_vendor_has_no_page_and_what_to_do() -> None:
    silent = {vendor.identifier for vendor in VENDORS.values() if not vendor.has_record_page}
    assert silent == WITHOUT_PAGE
    assert all("Copy the id" in VENDORS[identifier].no_page_reason for identifier in silent)


@pytest.mark.parametrize(
    "shared",
    [
        "google.com",
        "amazonaws.com",
        "force.com",
        "auth0.com",
        "apple.com",
        "snowflakecomputing.com",
    ],
)
def test_it_trusts_no_domain_where_strangers_may_publish(shared: str) -> None:
    assert all(shared not in vendor.domains for vendor in VENDORS.values())


@pytest.mark.parametrize(
    ("identifier", "name", "badge"),
    [
        ("STRIPE", "Stripe", "St"),
        ("AWS_MARKETPLACE", "AWS Marketplace", "AM"),
        ("BIG_QUERY", "BigQuery", "BQ"),
        ("OPEN_FGA", "OpenFGA", "OF"),
        ("stripe", "Stripe", "St"),
        (" HUBSPOT ", "HubSpot", "HS"),
        ("ACME_LEDGER", "Acme Ledger", "AL"),
        ("acme-ledger-two", "Acme Ledger Two", "AL"),
        ("NetSuite", "NetSuite", "Ne"),
        ("NETSUITE", "Netsuite", "Ne"),
        ("支付宝", "支付宝", "支付"),
        ("x", "X", "Xx"),
        ("ß", "Ss", "Ss"),
        ("42", "42", "42"),
        ("", "Unknown vendor", "UV"),
        ("   ", "Unknown vendor", "UV"),
        ("../../etc", "Etc", "Et"),
        ("<script>alert(1)</script>", "Script Alert 1 Script", "SA"),
        ("{{ 7*7 }}", "7 7", "77"),
        ("\x00\x1b[31mRED", "31mRED", "31"),
        ("\u202eEPIRTS", "Epirts", "Ep"),
        ("\ud800", "Unknown vendor", "UV"),
        ("\ufdfa" * 40, "صلى الله عليه وسلمصلى الله عليه وسلمصلى", "صا"),
        ("A" * 10_000, "A" + "a" * 39, "Aa"),
    ],
)
def test_it_names_a_vendor(identifier: str, name: str, badge: str) -> None:
    vendor = vendor_for(identifier)
    assert (vendor.name, vendor.badge) == (name, badge)


def test_it_keeps_the_identifier_of_an_unknown_vendor_and_trusts_no_host_of_it() -> None:
    vendor = vendor_for("acme\nledger")
    assert (vendor.identifier, vendor.domains) == ("acme\nledger", ())
    assert vendor.has_record_page


@pytest.mark.parametrize(
    "look_alike", ["ſtripe", "STRIPЕ", "ＳＴＲＩＰＥ", "STRI\u200bPE", "STRİPE"]
)
def test_it_does_not_take_a_look_alike_for_the_vendor(look_alike: str) -> None:
    assert vendor_for(look_alike).domains == ()


@given(st.text(st.characters(exclude_categories=()), max_size=400))
def test_it_answers_any_text_with_something_fit_to_show(identifier: str) -> None:
    vendor = vendor_for(identifier)
    assert 1 <= len(vendor.name) <= 40
    assert 1 <= len(vendor.badge) <= 2
    assert all(character.isalnum() or character == " " for character in vendor.name)
    assert " " not in vendor.badge
    vendor.name.encode()


@pytest.mark.parametrize(
    ("identifier", "count", "word"),
    [
        ("STRIPE", 5, "no subscription"),
        ("ZUORA", 6, "payment method"),
        ("HUBSPOT", 1, "custom plans"),
    ],
)
def test_it_gives_the_reasons_that_stigg_documents(identifier: str, count: int, word: str) -> None:
    reasons = vendor_for(identifier).not_synced
    assert len(reasons) == count
    assert word in " ".join(reasons)


@pytest.mark.parametrize(
    "identifier", [*sorted(set(PUBLISHED) - {"STRIPE", "ZUORA", "HUBSPOT"}), "ACME"]
)
def test_it_makes_no_reason_up_where_stigg_documents_none(identifier: str) -> None:
    assert vendor_for(identifier).not_synced == ()


def test_it_blames_a_missing_payment_method_only_for_zuora() -> None:
    assert "payment method" not in " ".join(VENDORS["STRIPE"].not_synced)
