"""What is a pasted text taken for? The table is the specification; the properties hold for every
text.
"""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations_app.lookup.guesses import MAX_GUESSES, Guess, guesses
from integrations_app.lookup.pasted_text import read
from integrations_app.lookup.terms import (
    MAX_PASTE_LENGTH,
    MAX_TERM_LENGTH,
    MAX_TERMS,
    split,
    unwrapped,
)
from integrations_app.stigg.customer_ids import problem_with_customer_id
from integrations_app.vendors.salesforce import checked as salesforce_id

OWN_HOSTS = ("desk.example.com", "localhost:8000")

CUS = "cus_NffrFeUfNV2Hib"
ORG = "org_9ybsU1dN2dKfDkBi"
USER = "auth0|5f7c8ec7c33c6c004bbafe82"
SF15, SF18 = "001D000000INjVe", "001D000000INjVeIAL"
CONTACT15, CONTACT18 = "0035e00000abcDE", "0035e00000abcDEAAY"
OPPORTUNITY = "0065e00000abcdeAAA"
ZUORA = "2c92c0f9638b8faa01638bad0b930698"
ID = "customer-6e24b4"
MAIL = "anna.berg@acme.com"

A_STRIPE_CUSTOMER = "stripe_id customer_id"
AN_AUTH0_ID = "auth0_id customer_id"
A_SALESFORCE_ID = "salesforce_id customer_id"
A_ZUORA_ID = "zuora_id customer_id"
AN_EMAIL = "email customer_id"
A_NUMBER = "customer_id hubspot_id name"
TWELVE_DIGITS = "customer_id aws_account hubspot_id name"
ID_OR_NAME = "customer_id name"
UNKNOWN = "unknown_address"

# pasted, the kinds in order, and the value of the first ("" where the text itself is it)
PASTED: list[tuple[str, str, str]] = [
    # a Stigg id
    (ID, ID_OR_NAME, ""),
    (f"  {ID}\n", ID_OR_NAME, ID),
    (f"\t{ID}\t", ID_OR_NAME, ID),
    (f"\u00a0{ID}\u2003", ID_OR_NAME, ID),
    (f"\ufeff{ID}", ID_OR_NAME, ID),
    ("customer\u200b-6e24b4", ID_OR_NAME, ID),
    ("customer\u00ad-6e24b4", ID_OR_NAME, ID),
    (f"\u202a{ID}\u202c", ID_OR_NAME, ID),
    (f"\u2066{ID}\u2069", ID_OR_NAME, ID),
    (f'"{ID}"', ID_OR_NAME, ID),
    (f"'{ID}'", ID_OR_NAME, ID),
    (f"`{ID}`", ID_OR_NAME, ID),
    (f"```{ID}```", ID_OR_NAME, ID),
    (f"“{ID}”", ID_OR_NAME, ID),
    (f"„{ID}“", ID_OR_NAME, ID),
    (f"«{ID}»", ID_OR_NAME, ID),
    (f"「{ID}」", ID_OR_NAME, ID),
    (f"\"'“`{ID}`”'\"", ID_OR_NAME, ID),
    (f'"{ID}', ID_OR_NAME, ID),
    (f"{ID}”", ID_OR_NAME, ID),
    (f"'{ID}", ID_OR_NAME, ID),
    (f"<{ID}>", ID_OR_NAME, ID),
    (f"({ID})", ID_OR_NAME, ID),
    (f"[{ID}]", ID_OR_NAME, ID),
    (f"{ID},", ID_OR_NAME, ID),
    (f"{ID};", ID_OR_NAME, ID),
    (f"{ID}.", ID_OR_NAME, ID),
    (f"- {ID}", ID_OR_NAME, ID),
    (f"• {ID}", ID_OR_NAME, ID),
    (f"{ID}\x00", ID_OR_NAME, ID),
    (f"{ID}\ud800", ID_OR_NAME, ID),
    (f"\ufffc{ID}", ID_OR_NAME, ID),
    ("acme|emea", ID_OR_NAME, ""),
    ("0b7e7a9e-3c1d-4a52-9df0-1f9f1a3cf6d5", ID_OR_NAME, ""),
    # a Stripe id
    (CUS, A_STRIPE_CUSTOMER, ""),
    (f" {CUS} ", A_STRIPE_CUSTOMER, CUS),
    (f"{CUS}.", A_STRIPE_CUSTOMER, CUS),
    (f'"{CUS}",', A_STRIPE_CUSTOMER, CUS),
    ("cus_123", ID_OR_NAME, ""),
    ("sub_1MowQVLkdIwHu7ixeRlqHVzs", ID_OR_NAME, ""),
    # an address in Stripe
    (f"https://dashboard.stripe.com/customers/{CUS}", A_STRIPE_CUSTOMER, CUS),
    (f"https://dashboard.stripe.com/customers/{CUS}/", A_STRIPE_CUSTOMER, CUS),
    (f"https://dashboard.stripe.com/test/customers/{CUS}", A_STRIPE_CUSTOMER, CUS),
    (f"https://dashboard.stripe.com/acct_1ILOeaHDuQaJAlOm/customers/{CUS}", A_STRIPE_CUSTOMER, CUS),
    (
        f"https://dashboard.stripe.com/acct_1ILOeaHDuQaJAlOm/test/customers/{CUS}",
        A_STRIPE_CUSTOMER,
        CUS,
    ),
    (f"https://dashboard.stripe.com/customers/{CUS}/subscriptions", A_STRIPE_CUSTOMER, CUS),
    (f"https://dashboard.stripe.com/customers/{CUS}?tab=payments#top", A_STRIPE_CUSTOMER, CUS),
    (f"HTTPS://DASHBOARD.STRIPE.COM/customers/{CUS}", A_STRIPE_CUSTOMER, CUS),
    (f"https://dashboard.stripe.com:443/customers/{CUS}", A_STRIPE_CUSTOMER, CUS),
    (f"dashboard.stripe.com/customers/{CUS}", A_STRIPE_CUSTOMER, CUS),
    (f"//dashboard.stripe.com/customers/{CUS}", A_STRIPE_CUSTOMER, CUS),
    (f"<https://dashboard.stripe.com/customers/{CUS}>", A_STRIPE_CUSTOMER, CUS),
    (f"<https://dashboard.stripe.com/customers/{CUS}|Acme in Stripe>", A_STRIPE_CUSTOMER, CUS),
    (f"[Acme](https://dashboard.stripe.com/customers/{CUS})", A_STRIPE_CUSTOMER, CUS),
    (f"See https://dashboard.stripe.com/customers/{CUS}.", A_STRIPE_CUSTOMER, CUS),
    (f"Their page is https://dashboard.stripe.com/customers/{CUS}, thanks", A_STRIPE_CUSTOMER, CUS),
    ("https://dashboard.stripe.com/customers", UNKNOWN, ""),
    ("https://dashboard.stripe.com/payments/pi_3MtwBwLkdIwHu7ix28a3tqPa", UNKNOWN, ""),
    (
        "https://dashboard.stripe.com/acct_1ILOeaHDuQaJAlOm/invoices/in_1MtHbELkdIwHu7ix",
        UNKNOWN,
        "",
    ),
    # not Stripe
    (f"https://dashboard.stripe.com.evil.example/customers/{CUS}", UNKNOWN, ""),
    (f"https://evil-dashboard.stripe.com/customers/{CUS}", UNKNOWN, ""),
    (f"https://evil.example/dashboard.stripe.com/customers/{CUS}", UNKNOWN, ""),
    (f"https://dashboard.stripe.com@evil.example/customers/{CUS}", UNKNOWN, ""),
    (f"https://evil.example\\@dashboard.stripe.com/customers/{CUS}", UNKNOWN, ""),
    (f"https:\\\\evil.example/customers/{CUS}", UNKNOWN, ""),
    (f"https://evil.example/?next=https://dashboard.stripe.com/customers/{CUS}", UNKNOWN, ""),
    (f"ftp://dashboard.stripe.com/customers/{CUS}", UNKNOWN, ""),
    (f"https://dashboard.stripe.com:8443/customers/{CUS}", UNKNOWN, ""),
    (f"https://dаshboard.stripe.com/customers/{CUS}", UNKNOWN, ""),  # the first "а" is Cyrillic
    # an address in Stigg
    (f"https://app.stigg.io/production-9bb95b22/customers/{ID}", "stigg_page", ID),
    (f"https://app.stigg.io/production-9bb95b22/customers/{ID}/subscriptions", "stigg_page", ID),
    (f"app.stigg.io/production-9bb95b22/customers/{ID}?tab=activity", "stigg_page", ID),
    ("https://app.stigg.io/staging/customers/auth0%7C5f7c", "stigg_page", "auth0|5f7c"),
    ("https://app.stigg.io/staging/customers/auth0|5f7c", "stigg_page", "auth0|5f7c"),
    ("https://app.stigg.io/staging/customers/a%40b.com", "stigg_page", "a@b.com"),
    ("https://app.stigg.io/staging/customers/old%20id", "stigg_page", "old id"),
    ("https://app.stigg.io/staging/customers/acme(1)", "stigg_page", "acme(1)"),
    ("https://app.stigg.io/staging/customers/%252e%252e", UNKNOWN, ""),
    ("https://app.stigg.io/staging/customers/..", UNKNOWN, ""),
    ("https://app.stigg.io/staging/customers/%2e%2e/x", UNKNOWN, ""),
    ("https://app.stigg.io/staging/customers/a%2Fb", UNKNOWN, ""),
    ("https://app.stigg.io/staging/customers/a%00b", UNKNOWN, ""),
    ("https://app.stigg.io/staging/customers/%FF", UNKNOWN, ""),
    ("https://app.stigg.io/staging/customers/%20x", UNKNOWN, ""),
    (f"https://app.stigg.io/staging/customers/{'x' * 256}", UNKNOWN, ""),
    # this desk's own pages
    (f"https://desk.example.com/production/customers/{ID}/integrations/", "desk_page", ID),
    (
        f"https://desk.example.com/production/customers/{ID}/integrations/?vendor=STRIPE&limit=20",
        "desk_page",
        ID,
    ),
    (f"https://DESK.example.com/staging/customers/{ID}/integrations.csv", "desk_page", ID),
    (f"http://desk.example.com:8443/production/customers/{ID}/integrations/", "desk_page", ID),
    (f"http://localhost:8000/production/customers/{ID}/integrations/", "desk_page", ID),
    (f"localhost:8000/production/customers/{ID}/integrations/", "desk_page", ID),
    (
        "https://desk.example.com/production/customers/auth0%7C5f7c/integrations/",
        "desk_page",
        "auth0|5f7c",
    ),
    ("https://desk.example.com/lookup?q=acme", UNKNOWN, ""),
    ("https://desk.example.com/production/customers/%2E%2E/integrations/", UNKNOWN, ""),
    (f"http://localhost:9000/production/customers/{ID}/integrations/", UNKNOWN, ""),
    (f"https://desk.example.com.evil.example/production/customers/{ID}/integrations/", UNKNOWN, ""),
    # Zuora
    (ZUORA, A_ZUORA_ID, ""),
    (ZUORA.upper(), A_ZUORA_ID, ZUORA),
    (ZUORA[:-1], ID_OR_NAME, ""),
    ("A00012345", A_ZUORA_ID, ""),
    (f"https://www.zuora.com/apps/CustomerAccount.do?method=view&id={ZUORA}", A_ZUORA_ID, ZUORA),
    (
        f"https://apisandbox.zuora.com/apps/CustomerAccount.do?id={ZUORA}&method=view",
        A_ZUORA_ID,
        ZUORA,
    ),
    (f"https://eu.zuora.com/platform/apps/com_zuora/account/{ZUORA}", A_ZUORA_ID, ZUORA),
    (f"https://sandbox.na.zuora.com/platform/#/accounts/{ZUORA}/summary", A_ZUORA_ID, ZUORA),
    (f"https://www.zuora.com/platform/subscriptions/{ZUORA}", UNKNOWN, ""),
    (f"https://www.zuora.com/apps/CustomerAccount.do?method=view&paid={ZUORA}", UNKNOWN, ""),
    (f"https://notzuora.com/apps/CustomerAccount.do?method=view&id={ZUORA}", UNKNOWN, ""),
    # HubSpot
    ("101", A_NUMBER, ""),
    ("8123456789", A_NUMBER, ""),
    ("007", ID_OR_NAME, ""),
    ("٣٤٥", ID_OR_NAME, ""),  # digits, but not HubSpot's
    ("https://app.hubspot.com/contacts/48460805/record/0-2/8123456789", "hubspot_id", "8123456789"),
    ("https://app.hubspot.com/contacts/48460805/record/0-1/101/view/1", "hubspot_id", "101"),
    (
        "https://app-eu1.hubspot.com/contacts/48460805/company/8123456789/?eschref=x",
        "hubspot_id",
        "8123456789",
    ),
    ("https://app.hubspot.com/contacts/48460805/contact/101", "hubspot_id", "101"),
    ("https://app.hubspot.com/contacts/48460805/record/0-3/101", UNKNOWN, ""),
    ("https://app.hubspot.com/contacts/48460805/objects/0-1/views/all/list", UNKNOWN, ""),
    # Salesforce
    (SF15, A_SALESFORCE_ID, SF18),
    (SF18, A_SALESFORCE_ID, SF18),
    (CONTACT15, A_SALESFORCE_ID, CONTACT18),
    (CONTACT18, A_SALESFORCE_ID, CONTACT18),
    (OPPORTUNITY, A_SALESFORCE_ID, OPPORTUNITY),
    ("001D000000INjVeIAM", ID_OR_NAME, ""),  # wrong check
    ("001d000000injveIAL", ID_OR_NAME, ""),  # the case was lost
    ("Internationales", "customer_id name", ""),  # fifteen letters
    (f"https://acme.lightning.force.com/lightning/r/Account/{SF18}/view", A_SALESFORCE_ID, SF18),
    (f"https://acme.lightning.force.com/lightning/r/{SF18}/view", A_SALESFORCE_ID, SF18),
    (
        f"https://acme--uat.sandbox.lightning.force.com/lightning/r/Contact/{CONTACT18}/view",
        A_SALESFORCE_ID,
        CONTACT18,
    ),
    (f"https://acme.my.salesforce.com/{SF15}", A_SALESFORCE_ID, SF18),
    (f"https://na123.salesforce.com/{SF15}?nooverride=1", A_SALESFORCE_ID, SF18),
    ("https://acme.my.salesforce.com/001D000000INjVeIAM", UNKNOWN, ""),
    ("https://acme.lightning.force.com/lightning/o/Account/list", UNKNOWN, ""),
    (f"https://acme.my.salesforce.com/{SF15}I", UNKNOWN, ""),
    (f"https://evil-salesforce.com/{SF15}", UNKNOWN, ""),
    # AWS
    ("111122223333", TWELVE_DIGITS, ""),
    ("1111-2222-3333", "customer_id aws_account name", ""),
    ("ifAPi5AcF3", "customer_id aws_marketplace_id name", ""),
    ("7vBT7cnzEYf", "customer_id aws_marketplace_id name", ""),
    ("Switzerland", ID_OR_NAME, ""),
    # Auth0
    (USER, AN_AUTH0_ID, ""),
    ("google-oauth2|103547991597142817347", AN_AUTH0_ID, ""),
    ("samlp|acme-okta|anna@acme.com", AN_AUTH0_ID, ""),
    ("email|5f7c8ec7c33c6c004bbafe82.", AN_AUTH0_ID, "email|5f7c8ec7c33c6c004bbafe82"),
    (ORG, AN_AUTH0_ID, ""),
    ("org_x", ID_OR_NAME, ""),
    (f"https://manage.auth0.com/dashboard/us/acme/organizations/{ORG}/overview", AN_AUTH0_ID, ORG),
    (
        "https://manage.auth0.com/dashboard/eu/acme/users/auth0%7C5f7c8ec7",
        AN_AUTH0_ID,
        "auth0|5f7c8ec7",
    ),
    (
        "https://manage.auth0.com/dashboard/eu/acme/users/YXV0aDB8NWY3YzhlYzc",
        AN_AUTH0_ID,
        "auth0|5f7c8ec7",
    ),
    ("https://manage.auth0.com/dashboard/eu/acme/users/%C3%A9", UNKNOWN, ""),
    ("https://manage.auth0.com/dashboard/eu/acme/users/auth0%7C5f%00", UNKNOWN, ""),
    ("https://manage.auth0.com/dashboard/eu/acme/applications/abc/settings", UNKNOWN, ""),
    # an e-mail
    (MAIL, AN_EMAIL, ""),
    ("Anna.Berg@Acme.com", AN_EMAIL, ""),
    (f"{MAIL}.", AN_EMAIL, MAIL),
    (f"{MAIL};", AN_EMAIL, MAIL),
    (f"<{MAIL}>", AN_EMAIL, MAIL),
    (f"{MAIL}>", AN_EMAIL, MAIL),
    (f"mailto:{MAIL}", AN_EMAIL, MAIL),
    (f"MAILTO:{MAIL}?subject=Invoice%20overdue", AN_EMAIL, MAIL),
    ("mailto:anna%2Bbilling@acme.com", AN_EMAIL, "anna+billing@acme.com"),
    (f"<mailto:{MAIL}|{MAIL}>", AN_EMAIL, MAIL),
    (f"{MAIL}<mailto:{MAIL}>", AN_EMAIL, MAIL),
    (f"{MAIL} <Anna.Berg@Acme.com>", AN_EMAIL, "Anna.Berg@Acme.com"),
    (f"mailto:{MAIL}?cc=bob@b.com", AN_EMAIL, MAIL),
    (f"Anna Berg <{MAIL}>", AN_EMAIL, MAIL),
    (f'"Berg, Anna" <{MAIL}>', AN_EMAIL, MAIL),
    (f"Berg, Anna <{MAIL}>", AN_EMAIL, MAIL),
    (f"Anna Berg ({MAIL})", AN_EMAIL, MAIL),
    (f"Anna Berg [mailto:{MAIL}]", AN_EMAIL, MAIL),
    (f"E-mail: {MAIL}", AN_EMAIL, MAIL),
    ("o'brien+test@mail.acme.co.uk", AN_EMAIL, ""),
    ("jörg@bücher.example", AN_EMAIL, ""),
    ("anna@xn--bcher-kva.example", AN_EMAIL, ""),
    ("anna@localhost", ID_OR_NAME, ""),
    ("anna@acme..com", ID_OR_NAME, ""),
    ("a@x.com b@y.com", ID_OR_NAME, ""),
    # a domain
    ("@acme.com", "domain customer_id", "acme.com"),
    ("@ACME.com.", "domain customer_id", "acme.com"),
    ("acme.com", "customer_id domain name", ""),
    ("Acme.com.", "customer_id domain name", ""),
    ("www.Acme.com", "customer_id domain name", ""),
    ("@gmail.com", "domain customer_id", "gmail.com"),
    ("@acme", ID_OR_NAME, ""),
    ("https://www.acme.com", UNKNOWN, ""),
    ("https://acme.com/about", UNKNOWN, ""),
    # a name
    ("Acme", ID_OR_NAME, ""),
    ("Acme Inc.", ID_OR_NAME, ""),
    ("Acme, Inc.", ID_OR_NAME, ""),
    ("Acme   \n  Inc", ID_OR_NAME, "Acme Inc"),
    ("Smith & Sons", ID_OR_NAME, ""),
    ("'Levi's'", ID_OR_NAME, "Levi's"),
    ("The Smiths'", ID_OR_NAME, ""),
    ('"Acme" and "Bolt"', ID_OR_NAME, ""),
    ('Acme "The Best"', ID_OR_NAME, ""),
    ("Acme (EMEA)", ID_OR_NAME, ""),
    ("AC/DC", "name", "AC/DC"),
    ("100% Pure", "name", "100% Pure"),
    ("Who?", "name", "Who?"),
    ("cafe\u0301", ID_OR_NAME, "café"),
    ("Ａｃｍｅ ①", ID_OR_NAME, ""),
    ("株式会社アクメ", ID_OR_NAME, ""),
    ("شركة أكمي", ID_OR_NAME, ""),
    ("\u200fשלום\u200e", ID_OR_NAME, "שלום"),
    ("🚀 Rocket", ID_OR_NAME, ""),
    ("👩\u200d🚀", "name", ""),  # the joiner makes one picture of two
    ("a\u200db", ID_OR_NAME, "ab"),
    ("x" * 255, ID_OR_NAME, ""),
    # junk and worse
    ("", "", ""),
    ("   \t\r\n ", "", ""),
    ("\u200b\u2060\ufeff", "", ""),
    ("\x00\x01\x7f", "", ""),
    ("\ud800\udfff", "", ""),
    ('""', "", ""),
    ("<>", "", ""),
    (",;,;", "", ""),
    ("???", "", ""),
    ("%", "", ""),
    ("%%%_", "", ""),
    (".", "", ""),
    ("..", "", ""),
    ("...", "customer_id", "..."),
    ("../../etc/passwd", "name", "../../etc/passwd"),
    ("%2e%2e", "name", "%2e%2e"),
    ("a?b", "name", "a?b"),
    ("a#b", "name", "a#b"),
    ("a\\b", "name", "a\\b"),
    ("a/b", "name", "a/b"),
    ("' OR 1=1 --", ID_OR_NAME, "OR 1=1 --"),
    ("Robert'); DROP TABLE customers;--", ID_OR_NAME, ""),
    ("<script>alert(1)</script>", "name", ""),
    ("javascript:alert(1)", ID_OR_NAME, ""),
    ("{{7*7}}", ID_OR_NAME, ""),
    ("${jndi:ldap://x}", "name", ""),
    ("=cmd|' /C calc'!A0", "name", ""),
    ("x" * 256, "", ""),
    ("x" * 10_000, "", ""),
    ("9" * 10_000, "", ""),
    ("\u202e" * 10_000, "", ""),
    ('"' * 9_999, "", ""),
    ("http://", UNKNOWN, ""),
    ("https:///", UNKNOWN, ""),
    ("https://[::1", UNKNOWN, ""),
    ("https://" + "a" * 10_000, UNKNOWN, "https://" + "a" * 1_992),
    ("file:///etc/passwd", UNKNOWN, ""),
    ("http://169.254.169.254/latest/meta-data", UNKNOWN, ""),
]


def taken_for(guess: Guess) -> str:
    """The kind of a guess; for a vendor's id, which one."""
    return guess.shape.name.lower().replace(" ", "_") if guess.shape else guess.kind


def name_of(case: Any) -> str:
    return ascii(case)[1:60] if isinstance(case, str) else ""


@pytest.mark.parametrize(("pasted", "kinds", "value"), PASTED, ids=name_of)
def test_it_takes_a_pasted_text_for_what_it_is(pasted: str, kinds: str, value: str) -> None:
    found = guesses(pasted, OWN_HOSTS)
    assert " ".join(map(taken_for, found)) == kinds
    if found:
        assert found[0].value == (value or pasted)


# --- what a guess says ----------------------------------------------------------------------------


def test_twelve_digits_may_be_an_aws_account_or_a_hubspot_number() -> None:
    assert {"aws_account", "hubspot_id"} <= {taken_for(guess) for guess in guesses("111122223333")}


def test_an_aws_account_loses_its_dashes() -> None:
    assert "111122223333" in {guess.value for guess in guesses("1111-2222-3333")}


def test_it_takes_the_environment_from_this_desks_own_page() -> None:
    (page,) = guesses(
        f"https://desk.example.com/staging/customers/{ID}/integrations/?vendor=ZUORA", OWN_HOSTS
    )
    assert page == Guess("desk_page", ID, environment="staging")


def test_it_takes_the_environment_from_the_stigg_console() -> None:
    (page,) = guesses(f"https://app.stigg.io/production-9bb95b22/customers/{ID}")
    assert page == Guess("stigg_page", ID, environment="production-9bb95b22")


def test_a_page_of_another_host_is_not_this_desks() -> None:
    (guess,) = guesses(f"https://desk.example.com/staging/customers/{ID}/integrations/")
    assert guess.kind == "unknown_address"


def test_a_hubspot_number_from_an_address_is_not_tried_as_a_stigg_id() -> None:
    (guess,) = guesses("https://app.hubspot.com/contacts/1/company/42")
    assert taken_for(guess) == "hubspot_id"


def test_a_vendors_id_is_tried_as_a_stigg_id_in_the_form_it_was_pasted() -> None:
    assert Guess("customer_id", SF15) in guesses(SF15)
    assert Guess("customer_id", SF15) in guesses(f"https://acme.my.salesforce.com/{SF15}")


@pytest.mark.parametrize(
    ("pasted", "note"),
    [
        (
            "https://dashboard.stripe.com/invoices/in_1",
            "no customer in this Stripe address that the desk can read. Open the customer in",
        ),
        ("https://app.stigg.io/p/customers/..", "no customer in this Stigg address that"),
        (
            "https://acme.my.salesforce.com/001D000000INjVeIAM",
            "no customer in this Salesforce address that",
        ),
        ("https://www.acme.com/", "To search by e-mail domain, paste @acme.com."),
        ("https://[::1", "This address cannot be read."),
    ],
)
def test_an_address_without_a_customer_says_what_to_paste(pasted: str, note: str) -> None:
    (guess,) = guesses(pasted)
    assert guess.kind == "unknown_address"
    assert note in guess.note


@pytest.mark.parametrize("host", ["localhost", "169.254.169.254", "[::1]"])
def test_a_host_that_is_no_domain_is_not_offered_as_one(host: str) -> None:
    assert guesses(f"https://{host}/")[0].note.endswith(
        "Paste the customer's id, e-mail or name instead."
    )


@pytest.mark.parametrize(
    "domain", ["gmail.com", "outlook.com", "yahoo.co.uk", "hotmail.fr", "proton.me", "web.de"]
)
def test_a_public_mail_domain_comes_with_a_warning(domain: str) -> None:
    assert f"Anyone can have an address at {domain}" in guesses(f"@{domain}")[0].note


@pytest.mark.parametrize(
    "domain", ["acme.com", "gmail.acme.com", "notgmail.com", "outlook.acme.com"]
)
def test_a_companys_domain_comes_without_a_warning(domain: str) -> None:
    assert guesses(f"@{domain}")[0].note == ""


def test_www_is_no_part_of_an_email_domain() -> None:
    assert Guess("domain", "acme.com") in guesses("www.Acme.com")


@pytest.mark.parametrize("email", ["Jörg@Bücher.example", "jörg@xn--bcher-kva.example"])
def test_an_international_domain_is_looked_for_in_both_its_forms(email: str) -> None:
    both = {"jörg@bücher.example", "jörg@xn--bcher-kva.example"}
    assert set(guesses(email)[0].spellings) == both | {email}
    assert set(guesses(f"@{email.partition('@')[2]}")[0].spellings) == {
        name.partition("@")[2] for name in both
    }


def test_an_email_is_looked_for_as_typed_and_in_lower_case() -> None:
    assert guesses("Anna@Acme.com")[0].spellings == ("Anna@Acme.com", "anna@acme.com")
    assert guesses("anna@acme.com")[0].spellings == ("anna@acme.com",)


def test_a_salesforce_id_is_looked_for_with_18_and_with_15_characters() -> None:
    assert guesses(SF15)[0].spellings == guesses(SF18)[0].spellings == (SF18, SF15)


def test_any_other_guess_has_one_spelling() -> None:
    assert guesses(CUS)[0].spellings == (CUS,)


@pytest.mark.parametrize(
    ("fifteen", "eighteen"),
    [
        ("a0D30000001n7Pi", "a0D30000001n7PiEAI"),
        ("001000000000000", "001000000000000AAA"),
        ("ABCDEFGHIJKLMNO", "ABCDEFGHIJKLMNO555"),
        ("0010000000ABCDE", "0010000000ABCDEAA5"),
        ("A0000B0000C0000", "A0000B0000C0000BBB"),
        ("0000A0000B0000C", "0000A0000B0000CQQQ"),
    ],
)
def test_a_salesforce_check_counts_the_capitals_five_at_a_time(fifteen: str, eighteen: str) -> None:
    assert salesforce_id(fifteen) == salesforce_id(eighteen) == eighteen


@pytest.mark.parametrize(
    "text", ["", "001D000000INjV", "001D000000INjVeI", "001D000000INjVe999", "001D000000INjVé"]
)
def test_a_text_of_another_shape_is_no_salesforce_id(text: str) -> None:
    assert salesforce_id(text) == ""


# --- customer ids ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        ID,
        USER,
        "a",
        "x" * 255,
        "a@b.com",
        "old id",
        "été",
        "株式会社",
        "a;b",
        "a:b",
        "...",
        "-x",
        "a.",
        "_",
    ],
)
def test_printable_text_may_be_a_customer_id(text: str) -> None:
    assert problem_with_customer_id(text) == ""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "No customer id was given."),
        ("x" * 256, "at most 255 characters; this has 256."),
        ("x" * 8192, "this has 8,192."),
        (".", "Dots alone are not a customer id."),
        ("..", "Dots alone are not a customer id."),
        ("../x", "has no “/” in it."),
        ("a/b", "has no “/” in it."),
        ("a\\b", "has no “\\” in it."),
        ("a?b", "has no “?” in it."),
        ("a#b", "has no “#” in it."),
        ("%2e%2e", "has no “%” in it."),
        ("a%2fb", "has no “%” in it."),
        (" a", "does not begin or end with a space."),
        ("a ", "does not begin or end with a space."),
        ("a\n", "does not begin or end with a space."),
        ("a\u00a0", "does not begin or end with a space."),
        ("a\u00a0b", "has no hidden characters in it."),
        ("a\nb", "has no hidden characters in it."),
        ("a\r\nSet-Cookie: x", "has no hidden characters in it."),
        ("a\x00b", "has no hidden characters in it."),
        ("a\x7f", "has no hidden characters in it."),
        ("\u202eabc", "has no hidden characters in it."),
        ("a\u200bb", "has no hidden characters in it."),
        ("\ud800", "has no hidden characters in it."),
    ],
)
def test_a_refused_id_hears_why_and_what_an_id_looks_like(text: str, sentence: str) -> None:
    problem = problem_with_customer_id(text)
    assert sentence in problem
    assert problem.endswith("An id looks like customer-6e24b4.")


# --- several at once ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pasted", "terms"),
    [
        ("", []),
        (" , ;\n", []),
        ("a1,b2", ["a1", "b2"]),
        (f"{CUS}, {MAIL}; Acme\n{ID}", [CUS, MAIL, "Acme", ID]),
        ("Acme\r\nGlobex\n\nInitech\u2028Umbrella", ["Acme", "Globex", "Initech", "Umbrella"]),
        ("Acme\tcus_NffrFeUfNV2Hib", ["Acme", CUS]),
        ("Acme; Globex", ["Acme", "Globex"]),
        ("acme-prod, globex-prod", ["acme-prod", "globex-prod"]),
        ("acme.com, globex.com", ["acme.com", "globex.com"]),
        ("- Acme\n- Globex", ["Acme", "Globex"]),
        (f"{CUS}\n{CUS}\n {CUS},", [CUS]),
        # a comma within a name
        ("Acme, Inc.", ["Acme, Inc."]),
        ("3M, Inc.", ["3M, Inc."]),
        ("23andMe, Pty. Ltd.", ["23andMe, Pty. Ltd."]),
        ("Santander, S.A.", ["Santander, S.A."]),
        ("Müller, Hans", ["Müller, Hans"]),
        ("Jean-Luc, Marie", ["Jean-Luc, Marie"]),
        ("Smith, Jones & Partners", ["Smith, Jones & Partners"]),
        ("Acme, Globex", ["Acme, Globex"]),
        ("Studio 54, Berlin", ["Studio 54, Berlin"]),
        # a comma after a name
        (f"Acme, Inc., {CUS}", ["Acme, Inc.", CUS]),
        (f"{CUS}, Acme, Inc.", [CUS, "Acme, Inc."]),
        ("Acme, Inc., Globex, LLC", ["Acme, Inc.", "Globex, LLC"]),
        ("Acme Inc., Globex Ltd.", ["Acme Inc.", "Globex Ltd."]),
        (f"Acme, {MAIL}", ["Acme", MAIL]),
        # a quoted part stays together
        ('"Acme, Inc.", "Globex; LLC"', ["Acme, Inc.", "Globex; LLC"]),
        ("“Acme, 2 Go”, Bolt", ["Acme, 2 Go", "Bolt"]),
        ("`a1,b2`, c3", ["a1,b2", "c3"]),
        ("«Acme; Globex», Bolt", ["Acme; Globex", "Bolt"]),
        ("“Smith and Sons of London; Ltd.”", ["Smith and Sons of London; Ltd."]),
        ('"Acme, Inc.', ["Acme, Inc."]),
        # e-mails with names
        ("Anna <anna@acme.com>, Bob <bob@b.com>", ["Anna <anna@acme.com>", "Bob <bob@b.com>"]),
        (
            "Berg, Anna <anna@acme.com>; Doe, Bob <bob@b.com>",
            ["Berg, Anna <anna@acme.com>", "Doe, Bob <bob@b.com>"],
        ),
        ('"Berg, Anna" <a@acme.com>, <b@acme.com>', ['"Berg, Anna" <a@acme.com>', "b@acme.com"]),
        # addresses keep their commas
        ("https://a.example/x,y;z?q=1,2", ["https://a.example/x,y;z?q=1,2"]),
        (
            "https://a.example/x,y, https://b.example/;z",
            ["https://a.example/x,y", "https://b.example/;z"],
        ),
        ("https://a.example/1,https://b.example/2", ["https://a.example/1", "https://b.example/2"]),
        ("HTTPS://a.example/x,", ["HTTPS://a.example/x"]),
        ("HTTPS://a.example/x,y;z", ["HTTPS://a.example/x,y;z"]),
        ("https://a.example/1>;acme-2", ["https://a.example/1", "acme-2"]),
        ("<https://a.example/x|Acme; Globex>", ["https://a.example/x"]),
        ("<https://a.example/x,y>, Acme", ["https://a.example/x,y", "Acme"]),
    ],
)
def test_it_takes_a_paste_apart_without_tearing_a_name(pasted: str, terms: list[str]) -> None:
    assert list(split(pasted).terms) == terms


def test_it_says_how_many_were_left_out() -> None:
    pasted = split("\n".join(f"customer-{number}" for number in range(MAX_TERMS + 7)))
    assert pasted.terms == tuple(f"customer-{number}" for number in range(MAX_TERMS))
    assert pasted.left_out == 7


def test_it_leaves_none_out_at_the_limit() -> None:
    assert split(",".join(f"c{number}" for number in range(MAX_TERMS))).left_out == 0


def test_it_reads_no_more_than_the_longest_paste() -> None:
    assert "Acme" not in split("x" * MAX_PASTE_LENGTH + "\nAcme").terms


@pytest.mark.parametrize("letter", ["x", "\u0958", " x", "👩"])
def test_an_unwrapped_term_has_a_longest_length(letter: str) -> None:
    assert 0 < len(unwrapped(letter * MAX_PASTE_LENGTH)) <= MAX_TERM_LENGTH


# --- any text at all ------------------------------------------------------------------------------

FRAGMENTS = st.sampled_from(
    [
        "https://",
        "app.stigg.io/",
        "dashboard.stripe.com/",
        "desk.example.com/",
        "customers/",
        "%2e",
        "%25",
        "%00",
        "..",
        "mailto:",
        "auth0|",
        CUS,
        SF18,
        MAIL,
        "@",
        ".",
        ",",
        ";",
        '"',
        "'",
        "“",
        "<",
        ">",
        "`",
        "(",
        ")",
        "|",
        "- ",
        " ",
        "\n",
        "\t",
        "\u200d",
        "\u200b",
        "\u202e",
        "\ufeff",
        "\ud800",
        "\x00",
        "e\u0301",
        "\u0958",
        "é",
        "1",
        "Inc.",
    ]
)
ANY_TEXT = st.text(st.characters(exclude_categories=())) | st.lists(FRAGMENTS, max_size=12).map(
    "".join
)


@settings(max_examples=600)
@given(ANY_TEXT)
def test_no_text_makes_it_raise_or_guess_without_bound(text: str) -> None:
    found = guesses(text, OWN_HOSTS)
    assert len(found) <= MAX_GUESSES
    assert all(guess.value for guess in found)
    for guess in found:
        if guess.kind in ("customer_id", "desk_page", "stigg_page"):
            assert problem_with_customer_id(guess.value) == ""
        assert all(len(spelling) <= 2_000 for spelling in guess.spellings)


@settings(max_examples=600)
@given(ANY_TEXT)
def test_unwrapping_twice_changes_nothing(text: str) -> None:
    once = unwrapped(text)
    assert unwrapped(once) == once
    once.encode()


@settings(max_examples=400)
@given(ANY_TEXT)
def test_no_paste_gives_more_terms_than_the_limit(text: str) -> None:
    pasted = split(text)
    assert len(pasted.terms) <= MAX_TERMS
    assert pasted.left_out == 0 or len(pasted.terms) == MAX_TERMS
    assert all(term == unwrapped(term) != "" for term in pasted.terms)


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    [
        '"',
        '"a',
        ",",
        '",',
        "“",
        "<",
        "<a",
        "- ",
        '- "',
        "1",
        "1 ",
        "a.",
        "h",
        "https://",
        "https://,",
        "|",
        "'",
        "mailto:",
        "a@",
        "a@b.",
        "%25",
        "(",
        "\u200d",
        "é\u200d",
        "1.",
        "Inc,",
        "<https://a|",
        "a,",
        "sasas",
        "coco ",
        "A Inc ",
        "x (a-1)\n",
        "id: a-1 ",
        "customer ",
        "{{",
        "`a-1` ",
        "http://a_\n1",
        "&amp;",
        "1,111",
        "a'b@c.de ",
    ],
)
@pytest.mark.parametrize("form", ["{}", "x, {}!"])
def test_a_long_hostile_paste_does_not_hang_the_reader(unit: str, form: str) -> None:
    text = form.format(unit * (19_990 // len(unit)))
    begun = time.perf_counter()
    assert len(read(text, OWN_HOSTS).terms) <= MAX_TERMS
    for term in (text, *split(text).terms):
        guesses(term, OWN_HOSTS)
    # A pattern that backtracks would take hours; a busy machine does not
    assert time.perf_counter() - begun < 10
