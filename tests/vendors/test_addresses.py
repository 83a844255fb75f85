"""What the desk reads out of the addresses that people paste: vendors' pages of every form seen in
the field, and what mail filters and chats make of them.
"""

import re
import time
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations_app.links.judge import judge
from integrations_app.links.url_templates import fill
from integrations_app.lookup.addresses import MAX_STEPS, read
from integrations_app.lookup.guesses import MAX_GUESSES, guesses
from integrations_app.vendors import known_vendors, vendor_for

DESK = "desk.example.com"
CUS = "cus_NffrFeUfNV2Hib"
ACCT = "acct_1ILOeaHDuQaJAlOm"
ACCOUNT, OPPORTUNITY = "001D000000INjVeIAL", "0065e00000abcdeAAA"
ZUORA = "2c92c0f9638b8faa01638bad0b930698"
MAIL = "anna+billing@acme.com"
ENCODED_CUS = f"https%3A%2F%2Fdashboard.stripe.com%2Fcustomers%2F{CUS}"


def told(text: str) -> list[str]:
    """What a text is taken for: `Stripe id cus_…`, `email anna@acme.com`, in order."""
    return [
        f"{guess.shape.name if guess.shape else guess.kind} {guess.value}"
        for guess in guesses(text, [DESK])
    ]


STRIPE_CUS = [f"Stripe id {CUS}", f"customer_id {CUS}"]
NAMED = {
    # Stripe: lists and searches, the account switcher, connected accounts, ids of one's own
    f"https://dashboard.stripe.com/search?query={CUS}": STRIPE_CUS,
    f"https://dashboard.stripe.com/search?query=customer%3A%22{CUS}%22": STRIPE_CUS,
    f"https://dashboard.stripe.com/payments?customer={CUS}": STRIPE_CUS,
    f"https://dashboard.stripe.com/payments?status%5B%5D=x&customer={CUS}#top": STRIPE_CUS,
    f"https://dashboard.stripe.com/test/connect/accounts/{ACCT}/customers/{CUS}": STRIPE_CUS,
    f"https://dashboard.stripe.com/b/{ACCT}?destination=%2Fcustomers%2F{CUS}": STRIPE_CUS,
    f"https://dashboard.stripe.com/login?redirect=%2Ftest%2Fcustomers%2F{CUS}": STRIPE_CUS,
    f"https://dashboard.stripe.com/login?redirect=%2Fb%2F{ACCT}%3Fdestination%3D%252Fcustomers"
    f"%252F{CUS}": STRIPE_CUS,
    f"https://dashboard.stripe.com/b/{ACCT}?destination=https%3A%2F%2Fdashboard.stripe.com"
    f"%2Fcustomers%2F{CUS}": STRIPE_CUS,
    "https://dashboard.stripe.com/test/customers?email=anna%2Bbilling%40acme.com": [
        f"email {MAIL}",
        f"customer_id {MAIL}",
    ],
    f"https://dashboard.stripe.com/customers?email={MAIL}": [
        f"email {MAIL}",
        f"customer_id {MAIL}",
    ],
    "https://dashboard.stripe.com/search?query=email%3Aanna%40acme.com": [
        "email anna@acme.com",
        "customer_id anna@acme.com",
    ],
    f"https://dashboard.stripe.com/customers/{CUS}?email=anna%40acme.com": [
        *STRIPE_CUS,
        "email anna@acme.com",
        "customer_id anna@acme.com",
    ],
    "https://dashboard.stripe.com/customers/acme-42": ["Stripe id acme-42"],
    "https://dashboard.stripe.com/customers/anna@acme.com/subscriptions": [
        "Stripe id anna@acme.com",
        "email anna@acme.com",
    ],
    "https://dashboard.stripe.com/customers/gcus_1MhJJFnJL24HFH": [
        "Stripe id gcus_1MhJJFnJL24HFH",
        "customer_id gcus_1MhJJFnJL24HFH",
    ],
    f"https://dashboard.stripe.com/connect/accounts/{ACCT}/activity": [
        f"Stripe id {ACCT}",
        f"customer_id {ACCT}",
    ],
    ACCT: [f"Stripe id {ACCT}", f"customer_id {ACCT}"],
    "gcus_1MhJJFnJL24HFH": [
        "Stripe id gcus_1MhJJFnJL24HFH",
        "customer_id gcus_1MhJJFnJL24HFH",
    ],
    # what sticks to an id of Stripe's own form
    f"https://dashboard.stripe.com/customers/{CUS}*": STRIPE_CUS,
    f"https://dashboard.stripe.com/customers/{CUS}%7CAcme": STRIPE_CUS,
    f"https://dashboard.stripe.com/customers/{CUS}…": STRIPE_CUS,
    f"https://dashboard.stripe.com/customers/{CUS}-eu": [f"Stripe id {CUS}-eu"],
    # Zuora
    f"https://zuora.com/apps/CustomerAccount.do?id={ZUORA}": [
        f"Zuora id {ZUORA}",
        f"customer_id {ZUORA}",
    ],
    f"https://rest.na.zuora.com/v1/accounts/{ZUORA}/summary": [
        f"Zuora id {ZUORA}",
        f"customer_id {ZUORA}",
    ],
    f"https://rest.eu.zuora.com/v1/object/account/{ZUORA}": [
        f"Zuora id {ZUORA}",
        f"customer_id {ZUORA}",
    ],
    "https://rest.zuora.com/v1/accounts/A00012345": [
        "Zuora id A00012345",
        "customer_id A00012345",
    ],
    "https://www.zuora.com/apps/CustomerAccount.do?method=view&id=ACME-7": ["Zuora id ACME-7"],
    "https://www.zuora.com/apps/CustomerAccount.do?id=ACME-7&tab=1": ["Zuora id ACME-7"],
    "https://www.zuora.com/apps/CustomerAccount.do?id=ACME-7#top": ["Zuora id ACME-7"],
    "https://rest.zuora.com/v1/accounts/ACME-7?expand=true": ["Zuora id ACME-7"],
    f"https://eu.zuora.com/platform/account/{ZUORA}": [
        f"Zuora id {ZUORA}",
        f"customer_id {ZUORA}",
    ],
    # HubSpot: the second family, and every data centre
    "https://app.hubspot.com/sales/48460805/company/8123456789/": ["HubSpot id 8123456789"],
    "https://app-jp1.hubspot.com/contacts/48460805/record/0-2/8123456789*": [
        "HubSpot id 8123456789"
    ],
    "https://app.hubspot.com/login?loginRedirectUrl=https%3A%2F%2Fapp.hubspot.com%2Fcontacts%2F1"
    "%2Fcompany%2F42": ["HubSpot id 42"],
    # Salesforce: the first form of Lightning, and the record in a parameter
    f"https://acme.lightning.force.com/one/one.app#/sObject/{ACCOUNT}/view": [
        f"Salesforce id {ACCOUNT}",
        f"customer_id {ACCOUNT}",
    ],
    f"https://acme.lightning.force.com/one/one.app?source=x#/alohaRedirect/{ACCOUNT}": [
        f"Salesforce id {ACCOUNT}",
        f"customer_id {ACCOUNT}",
    ],
    f"https://acme.lightning.force.com/lightning/r/Opportunity/{OPPORTUNITY}/view"
    f"?ws=%2Flightning%2Fr%2FAccount%2F{ACCOUNT}%2Fview": [
        f"Salesforce id {OPPORTUNITY}",
        f"customer_id {OPPORTUNITY}",
        f"Salesforce id {ACCOUNT}",
        f"customer_id {ACCOUNT}",
    ],
    f"https://acme.lightning.force.com/lightning/page/home?ws=%2Flightning%2Fr%2FAccount%2F"
    f"{ACCOUNT}%2Fview": [f"Salesforce id {ACCOUNT}", f"customer_id {ACCOUNT}"],
    f"https://login.salesforce.com/?ec=302&startURL=%2F{ACCOUNT}": [
        f"Salesforce id {ACCOUNT}",
        f"customer_id {ACCOUNT}",
    ],
    f"https://acme.lightning.force.com/lightning/r/OpportunityLineItem/{OPPORTUNITY}/view": [
        f"Salesforce id {OPPORTUNITY}",
        f"customer_id {OPPORTUNITY}",
    ],
    # Auth0: base64 of the percent-encoded id, twice encoded, a connection of one's own
    "https://manage.auth0.com/dashboard/eu/acme/users/YXV0aDAlN0M1ZjdjOGVjNw": [
        "Auth0 id auth0|5f7c8ec7",
        "customer_id auth0|5f7c8ec7",
    ],
    "https://manage.auth0.com/dashboard/eu/acme/users/YXV0aDAlN0M1ZjdjOGVjNw%3D%3D/raw": [
        "Auth0 id auth0|5f7c8ec7",
        "customer_id auth0|5f7c8ec7",
    ],
    "https://manage.auth0.com/dashboard/eu/acme/users/auth0%257C5f7c8ec7": [
        "Auth0 id auth0|5f7c8ec7",
        "customer_id auth0|5f7c8ec7",
    ],
    "https://manage.auth0.com/dashboard/eu/acme/users/acme-ldap%7C42": [
        "Auth0 id acme-ldap|42",
        "customer_id acme-ldap|42",
    ],
    # Stigg and the desk
    "https://app.stigg.io/production-9bb95b22/subscriptions/subscription-plan-x-9c6433": [
        "subscription subscription-plan-x-9c6433"
    ],
    f"https://{DESK}/accounts/login/?next=/production/customers/acme-corp/integrations/": [
        "desk_page acme-corp"
    ],
    f"https://{DESK}/lookup?q={CUS}&ticket=5": STRIPE_CUS,
}
WRAPPED = {
    "Safe Links": f"https://nam02.safelinks.protection.outlook.com/?url={ENCODED_CUS}&data=05%7C01",
    "Safe Links of Office apps": "https://eur03.safelinks.protection.outlook.com/ap/w-59584e83/"
    f"?url={ENCODED_CUS}&data=05",
    "Safe Links of a government": "https://usg01.safelinks.protection.office365.us/"
    f"?url={ENCODED_CUS}",
    "Safe Links of Teams": "https://statics.teams.cdn.office.net/evergreen-assets/safelinks/1/"
    f"atp-safelinks.html?url={ENCODED_CUS}&locale=en-us",
    "Proofpoint 1": f"https://urldefense.proofpoint.com/v1/url?u={ENCODED_CUS}&k=x",
    "Proofpoint 2": "https://urldefense.proofpoint.com/v2/url?u=https-3A__dashboard.stripe.com_"
    f"customers_{CUS.replace('_', '-5F')}&d=DwMFaQ",
    "Proofpoint 3": "https://urldefense.com/v3/__https://dashboard.stripe.com/customers/"
    f"{CUS}__;!!a!b$",
    "Proofpoint 3 with one slash": "https://urldefense.com/v3/__https:/dashboard.stripe.com/"
    f"customers/{CUS}__;!!a!b$",
    "Google": f"https://www.google.com/url?sa=D&q={ENCODED_CUS}&ust=1",
    "Google of a country": f"https://www.google.co.uk/url?url={ENCODED_CUS}",
    "Slack": f"https://slack-redir.net/link?url={ENCODED_CUS}",
    "Cisco": f"https://secure-web.cisco.com/1aBc-dE/{ENCODED_CUS}",
    "Barracuda": f"https://linkprotect.cudasvc.com/url?a={ENCODED_CUS}&c=E,1,x&typo=1",
    "FireEye": f"https://protect2.fireeye.com/v1/url?k=1&q=1&u={ENCODED_CUS}",
    "two in one another": "https://nam02.safelinks.protection.outlook.com/?url="
    + quote(f"https://www.google.com/url?q={ENCODED_CUS}", safe=""),
}
NOT_NAMED = [
    "https://dashboard.stripe.com/search?query=acme",
    "https://dashboard.stripe.com/customers",
    f"https://dashboard.stripe.com/payments?description={CUS}",
    f"https://dashboard.stripe.com/b/{ACCT}",
    f"https://dashboard.stripe.com/b/{ACCT}?destination=https%3A%2F%2Fevil.example%2F{CUS}",
    "https://app.hubspot.com/contacts/1/company/101abc",
    "https://app.hubspot.com/search?query=101",
    "https://app.hubspot.com/sales/1/deal/101",
    "https://app.stigg.io//customers/acme-corp",
    "https://app.stigg.io/p/subscriptions/..",
    f"https://{DESK}/production/subscriptions/subscription-1",
    f"https://manage.auth0.com/dashboard/eu/acme/users/{quote('a|b/c', safe='')}",
    "https://manage.auth0.com/dashboard/eu?x=/acme/users/auth0%7C5f7c8ec7",
    f"https://acme.lightning.force.com/one/one.app#/sObject/{ACCOUNT[:-1]}M/view",
    f"git+ssh://dashboard.stripe.com/customers/{CUS}",
    # nobody's wrappers
    f"https://evil.example/?url={ENCODED_CUS}",
    f"https://safelinks.protection.outlook.com.evil.example/?url={ENCODED_CUS}",
    f"https://google.evil.example/url?q={ENCODED_CUS}",
    f"https://www.google.com/search?q={ENCODED_CUS}",
    f"https://urldefense.com/v3/{ENCODED_CUS}",
    "https://urldefense.com/v3/__https://*__;!!a!b$",
    "https://nam02.safelinks.protection.outlook.com/?url=javascript%3Aalert(1)",
    "https://protect-eu.mimecast.com/s/aBcD?domain=dashboard.stripe.com",
]


@pytest.mark.parametrize("address", NAMED)
def test_it_reads_what_the_address_names(address: str) -> None:
    assert told(address) == NAMED[address]


@pytest.mark.parametrize("name", WRAPPED)
def test_it_takes_the_address_out_of_its_wrapper(name: str) -> None:
    assert told(WRAPPED[name]) == STRIPE_CUS
    assert told(f"See {WRAPPED[name]} please") == STRIPE_CUS


def test_it_puts_back_what_proofpoint_took_out() -> None:
    one = f"https://acme.lightning.force.com/one/one.app*/sObject/{ACCOUNT}/view__;Iw!!a!b$"
    assert told(f"https://urldefense.com/v3/__{one}")[0] == f"Salesforce id {ACCOUNT}"
    run = "https://app.stigg.io/p/customers/caf**Ax__;w6nDqQ!!a!b$"
    assert told(f"https://urldefense.com/v3/__{run}") == ["stigg_page cafééx"]


@pytest.mark.parametrize("address", NOT_NAMED)
def test_it_says_what_to_paste_where_it_reads_nobody(address: str) -> None:
    (guess,) = guesses(address, [DESK])
    assert guess.kind == "unknown_address"
    assert "paste" in guess.note.lower()


def test_the_sentence_says_what_is_true_of_a_list() -> None:
    (guess,) = guesses("https://dashboard.stripe.com/customers")
    assert "There is no customer in this Stripe address that the desk can read." in guess.note


REGIONS = "-na1 -na2 -eu1 -eu2 -ap1 -au1 -ca1 -jp1"


@pytest.mark.parametrize("region", ["", *re.split(" ", REGIONS)])
def test_a_data_centre_is_known_in_a_link_and_in_a_paste(region: str) -> None:
    address = f"https://app{region}.hubspot.com/contacts/1/record/0-2/42"
    assert told(address) == ["HubSpot id 42"]
    assert judge(address, vendor_for("HUBSPOT")).kind == "verified"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("1" * 16, {"HubSpot id"}),
        ("1" * 17, set()),
        ("1111-2222-9999", {"AWS account"}),
        ("1111-9999-2222", {"AWS account"}),
        ("9999-1111-2222", {"AWS account"}),
        ("acct_1ILOeaH", set()),  # seven characters are too few
        (f"cus_{'a' * 250}", {"Stripe id"}),
        (f"cus_{'a' * 251}", set()),
        (f"x{CUS}", set()),
    ],
)
def test_a_shape_takes_the_whole_text_and_no_other(text: str, names: set[str]) -> None:
    assert {guess.shape.name for guess in guesses(text) if guess.shape} == names


IDS = {
    "STRIPE": CUS,
    "ZUORA": ZUORA,
    "HUBSPOT": "42",
    "SALESFORCE": ACCOUNT,
    "AUTH0": "auth0|42",
}


@pytest.mark.parametrize("identifier", IDS)
def test_what_a_preset_builds_is_read_back(identifier: str) -> None:
    for preset in vendor_for(identifier).presets:
        answers = {asked.name: asked.example.split(" or ")[0] for asked in preset.parameters}
        link = fill(preset.answered(answers), {"synced_entity_id": IDS[identifier]})
        assert link
        assert told(link)[0].endswith(f" id {IDS[identifier]}")


# --- hostile addresses ----------------------------------------------------------------------------

OURS = ["app.stigg.io", DESK, "evil.example"]
WRAPPERS = """
    urldefense.com www.google.com secure-web.cisco.com nam02.safelinks.protection.outlook.com
"""
VENDORS_HOSTS = [domain for vendor in known_vendors().values() for domain in vendor.domains]
HOSTS = st.sampled_from([*OURS, *re.findall(r"\S+", WRAPPERS), *VENDORS_HOSTS])
PARTS = """
    / customers /customers/ %2F %25 %7C | .. ? & # = query= email= destination= redirect=%2F q= ws=
    url=https%3A%2F%2F /v3/__https:// __; !! ** * w6nD /v2/url?u=https-3A__ acct_1 /b/ /login
    /one/one.app#/sObject/ /lightning/r/ /platform/ account/ é
"""
PIECES = st.sampled_from(
    [*re.findall(r"\S+", PARTS), "\ud800", "\x00", " ", CUS, MAIL, ACCOUNT, ZUORA]
)
ADDRESSES = st.builds(
    lambda host, pieces: f"https://{host}{''.join(pieces)}", HOSTS, st.lists(PIECES, max_size=14)
)


@settings(max_examples=500)
@given(ADDRESSES)
def test_no_address_makes_it_raise_or_guess_without_bound(address: str) -> None:
    found = guesses(address, [DESK])
    assert 1 <= len(found) <= MAX_GUESSES
    assert all(guess.value for guess in found)
    for vendor in known_vendors().values():
        judge(address, vendor)


def test_it_stops_where_addresses_are_inside_one_another_for_too_long() -> None:
    address = f"https://dashboard.stripe.com/customers/{CUS}"
    for steps in range(MAX_STEPS + 1):
        assert read(address).records, steps
        address = f"https://dashboard.stripe.com/login?redirect={quote(address, safe='')}"
    assert read(address).records == ()


def test_it_stops_at_too_many_wrappers() -> None:
    wrapper = "https://www.google.com/url?q="
    inside = f"https://dashboard.stripe.com/customers/{CUS}"
    assert read(wrapper * MAX_STEPS + inside).records
    assert read(wrapper * (MAX_STEPS + 1) + inside).records == ()


UNITS = "&id= /account * **A ?redirect= &redirect=%2F /%2e %25 a| =="


@pytest.mark.parametrize("unit", re.split(" ", UNITS))
@pytest.mark.parametrize(
    "start",
    [
        "https://dashboard.stripe.com/login?redirect=",
        "https://www.zuora.com/apps/CustomerAccount.do?",
        "https://www.zuora.com/platform/",
        "https://urldefense.com/v3/__https://",
        "https://manage.auth0.com/dashboard/a/b/users/",
        "https://secure-web.cisco.com/1/https",
    ],
)
def test_a_long_hostile_address_does_not_hang_the_reader(start: str, unit: str) -> None:
    begun = time.perf_counter()
    guesses(start + unit * (19_000 // len(unit)))
    judge((start + unit * 600)[:2_000], vendor_for("STRIPE"))
    # A pattern that backtracks would take hours; a busy machine does not
    assert time.perf_counter() - begun < 10
