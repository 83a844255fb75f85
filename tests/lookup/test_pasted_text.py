"""What is read out of a pasted text, and where it leads. The table is the specification."""

import time
from urllib.parse import quote, unquote

import pytest
from django.test import Client
from hypothesis import example, given, settings
from hypothesis import strategies as st

from integrations_app.lookup.find import CALLS_OF_PAGE, MAX_CALLS_IN_LIST
from integrations_app.lookup.pasted_text import MAX_POSSIBLE, Form, read
from integrations_app.lookup.plain import MAX_NOTES
from integrations_app.lookup.terms import MAX_PASTE_LENGTH, MAX_TERMS
from integrations_app.simulator import Simulator
from integrations_app.simulator.rows import RowMaker
from tests.conftest import settle
from tests.pages import Response, element, notices, problem, soup

ACME_MAKER = RowMaker("production", "acme-corp")
CUS = ACME_MAKER.synced_id("STRIPE")
CUS2 = ACME_MAKER.synced_id("STRIPE", 2)
SF = ACME_MAKER.synced_id("SALESFORCE")
HUB = ACME_MAKER.synced_id("HUBSPOT")
OTHER = RowMaker("production", "twin-one").synced_id("STRIPE")
AUTH0 = "auth0|65f1c0ffee0badc0de5ca1ab"
NOBODYS = "cus_NffrFeUfNV2Hib"
AWS = RowMaker("production", "every-link").synced_id("AWS_MARKETPLACE")
ZUORA = RowMaker("production", "narrowed-list").synced_id("ZUORA")
STRIPE = f"https://dashboard.stripe.com/customers/{CUS}"
HUBSPOT = f"https://app.hubspot.com/contacts/1/record/0-2/{HUB}"
DESK = "https://testserver/production/customers/acme-corp/integrations/"
MAIL = "ops@acme.example"
TWINS = "shared@twins.example"
ACME = "acme-corp"
CHOICE = "a choice"
NOWHERE = "nowhere"
REFUSED = "refused"
LIST = "a list"
SUMMARY = f"""Acme Inc. (acme-corp), Production
6 integrations, 2026-11-25 19:00 UTC
{DESK}

- Stripe: {CUS}
  LIVE: {STRIPE}
- Stripe: {CUS2}
  TEST: https://dashboard.stripe.com/test/customers/{CUS2}
- Salesforce: {SF}
  No link.
- Snowflake: not synced yet
  No link.
"""
TICKET = f"Hi team,\nour invoice in Stripe {CUS} is wrong.\nRegards,\n{MAIL}"

# a text, what is read out of it, where it leads
TEXTS: list[tuple[str, tuple[str, ...], str]] = [
    # one thing and nothing else
    (ACME, (ACME,), ACME),
    (f"  {ACME}\n", (ACME,), ACME),
    (f'"{ACME}",', (ACME,), ACME),
    (CUS, (CUS,), ACME),
    (f"({CUS})", (CUS,), ACME),
    (SF, (SF,), ACME),
    (SF[:15], (SF[:15],), ACME),
    (HUB, (HUB,), ACME),
    (HUB.translate({48 + digit: 0xFF10 + digit for digit in range(10)}), (HUB,), ACME),
    ("acme\u2011corp", (ACME,), ACME),
    ("ops＠acme.example", (MAIL,), ACME),
    (MAIL, (MAIL,), ACME),
    (f"<{MAIL}>", (MAIL,), ACME),
    (f"Anna Berg <{MAIL}>", (MAIL,), ACME),
    (f"mailto:{MAIL}", (MAIL,), ACME),
    (f"E-mail: {MAIL}", (MAIL,), ACME),
    ("@acme.example", ("@acme.example",), ACME),
    ("acme.example", ("@acme.example",), ACME),
    ("Acme Inc.", ("Acme Inc.",), ACME),
    ("Meridian", ("Meridian",), "meridian-group"),
    (STRIPE, (STRIPE,), ACME),
    (f"{STRIPE}/subscriptions", (f"{STRIPE}/subscriptions",), ACME),
    (HUBSPOT, (HUBSPOT,), ACME),
    (DESK, (DESK,), ACME),
    (f"{DESK}?vendor=STRIPE", (f"{DESK}?vendor=STRIPE",), ACME),
    (
        "https://app.stigg.io/p/customers/acme-corp",
        ("https://app.stigg.io/p/customers/acme-corp",),
        ACME,
    ),
    (AUTH0, (AUTH0,), AUTH0),
    ("ops@globex.example", ("ops@globex.example",), "ops@globex.example"),
    (TWINS, (TWINS,), CHOICE),
    ("nobody-here", ("nobody-here",), NOWHERE),
    ("Hello Fresh", ("Hello Fresh",), NOWHERE),
    ("We Are Social", ("We Are Social",), NOWHERE),
    ("müller-gmbh", ("müller-gmbh",), "müller-gmbh"),
    # an id in a sentence
    (f"Hi, our invoice in Stripe {CUS} is wrong. Thanks, Jo", (CUS,), ACME),
    (f"Their Stripe id is {CUS}.", (CUS,), ACME),
    (f"why was {CUS} billed twice?", (CUS,), ACME),
    (f"Salesforce account {SF} shows the wrong plan", (SF,), ACME),
    (f"Customer with Zuora {ZUORA} was billed twice", (ZUORA,), NOWHERE),
    (f"{AUTH0} cannot log in", (AUTH0,), AUTH0),
    (f"INC-1234 {CUS}", (CUS,), ACME),
    (f"#4711: {CUS} wrong plan", (CUS,), ACME),
    ("see customer `acme-corp` for details", (ACME,), ACME),
    ('look at "acme-corp" please', (ACME,), ACME),
    ("the customer is “acme-corp”, I think", (ACME,), ACME),
    (f"No such customer: '{CUS}'; a similar object exists in test mode, but", (CUS,), ACME),
    (f"See {STRIPE}.", (STRIPE,), ACME),
    (f"Their page is {STRIPE}, thanks", (STRIPE,), ACME),
    (f"({STRIPE})", (STRIPE,), ACME),
    (f"it says {STRIPE}!", (STRIPE,), ACME),
    # behind a label
    ("Customer ID: acme-corp", (ACME,), ACME),
    ("customer id acme-corp", (ACME,), ACME),
    ("Customer-ID = acme-corp", (ACME,), ACME),
    ("customer_id=acme-corp", (ACME,), ACME),
    ("Stigg ID: acme-corp", (ACME,), ACME),
    ("id: acme-corp", (ACME,), ACME),
    ("Reference: acme-corp", (ACME,), ACME),
    ("Account no. acme-corp", (ACME,), ACME),
    (f"stripe customer: {CUS}", (CUS,), ACME),
    (f"Stripe: {CUS}", (CUS,), ACME),
    (f"Stripe:{CUS}", (CUS,), ACME),
    (f"customer={CUS}", (CUS,), ACME),
    (f"#{CUS}", (CUS,), ACME),
    (f"1. {CUS}", (CUS,), ACME),
    (f"- {CUS}", (CUS,), ACME),
    (f"AWS account {AWS}", (AWS,), "every-link"),
    (
        f"AWS account: {AWS[:4]}-{AWS[4:8]}-{AWS[8:]}",
        (f"{AWS[:4]}-{AWS[4:8]}-{AWS[8:]}",),
        "every-link",
    ),
    (f"HubSpot company {HUB}", (HUB,), ACME),
    (f"HubSpot ID: {HUB}", (HUB,), ACME),
    (f"email={MAIL}", (MAIL,), ACME),
    (f"From: {MAIL}", (MAIL,), ACME),
    ("Customer: Acme Inc.", ("Acme Inc.",), ACME),
    ("Company name: Acme Inc.", ("Acme Inc.",), ACME),
    ("Invoice ID: in-4711 for customer id acme-corp", (ACME,), ACME),
    # a name in a sentence needs its legal form
    ("Customer Every Link Ltd. was billed twice", ("Every Link Ltd.",), "every-link"),
    ("Why does Narrowed List LLC see no invoice?", ("Narrowed List LLC",), "narrowed-list"),
    # dressed by a chat, a wiki, a mail or a program
    (f"`{CUS}`", (CUS,), ACME),
    (f"**{CUS}**", (CUS,), ACME),
    (f"*{CUS}*", (CUS,), ACME),
    (f"_{CUS}_", (CUS,), ACME),
    (f"~{CUS}~", (CUS,), ACME),
    (f"{{{{{CUS}}}}}", (CUS,), ACME),
    (f"[{CUS}]", (CUS,), ACME),
    (f"{CUS}!", (CUS,), ACME),
    (f"{CUS}…", (CUS,), ACME),
    (f"{CUS}|", (CUS,), ACME),
    (f"*{STRIPE}*", (STRIPE,), ACME),
    (f"[Acme]({STRIPE})", (STRIPE,), ACME),
    (f"[{STRIPE}]({STRIPE})", (STRIPE,), ACME),
    (f"[{STRIPE}|{STRIPE}|smart-link]", (STRIPE,), ACME),
    (f"<{STRIPE}|Acme in Stripe>", (STRIPE,), ACME),
    (f"<mailto:{MAIL}|{MAIL}>", (MAIL,), ACME),
    (f"[{MAIL}](mailto:{MAIL})", (MAIL,), ACME),
    (f'<a href="{STRIPE}">Acme</a>', (STRIPE,), ACME),
    (f"<b>{CUS}</b>", (CUS,), ACME),
    (f"&lt;{MAIL}&gt;", (MAIL,), ACME),
    (f"{CUS}&nbsp;", (CUS,), ACME),
    ("Every&#32;Link Ltd.", ("Every Link Ltd.",), "every-link"),
    ("Long Id &amp; Daughters", ("Long Id & Daughters",), ("long-id-" + "0123456789" * 25)[:255]),
    (f'{{"customer": "{CUS}"}}', (CUS,), ACME),
    ('{"refId": "acme-corp"}', (ACME,), ACME),
    ("Meridian Group, Acme Inc.", ("Meridian Group, Acme Inc.",), "nowhere"),
    ("Smith, Jones and Partners Ltd.", ("Smith, Jones and Partners Ltd.",), "nowhere"),
    ("Hello, Acme Inc.", ("Acme Inc.",), ACME),
    ('{"data": {"customer": {"ref_id": "acme-corp"}}}', (ACME,), ACME),
    ("Ref: acme-corp, opened yesterday", (ACME,), ACME),
    ('{"customerId": "acme-corp", "plan": "plan-pro", "status": "past-due"}', (ACME,), ACME),
    ('"customer_id": "acme-corp",', (ACME,), ACME),
    ("curl -d customer=acme-corp -d plan=x", (ACME,), ACME),
    ("ops%40acme.example", (MAIL,), ACME),
    ("ops%2540acme.example", (MAIL,), ACME),
    (quote(STRIPE, safe=""), (STRIPE,), ACME),
    ("auth0%7C65f1c0ffee0badc0de5ca1ab", (AUTH0,), AUTH0),
    ("/production/customers/acme-corp/integrations/", (DESK,), ACME),
    ("see /production/customers/acme-corp/integrations/ please", (DESK,), ACME),
    (f"dashboard.stripe.com/customers/{CUS} is theirs", (STRIPE.removeprefix("https://"),), ACME),
    (f"https://dashboard.stripe.com/customers/cus_\n{CUS[4:]}", (STRIPE,), ACME),
    (f"https://dashboard.stripe.com/customers/cus_; {CUS[4:]}", (STRIPE,), ACME),
    (f"\u200b{CUS}\ufeff", (CUS,), ACME),
    (f"Kunde:\u00a0{CUS}", (CUS,), ACME),
    # a spreadsheet's cells
    (f'="{HUB}"', (HUB,), ACME),
    (f"{HUB}.0", (HUB,), ACME),
    (f"{int(HUB):,}", (HUB,), ACME),
    ("8.12346E+09", (), REFUSED),
    # several pieces that agree
    (TICKET, (CUS, MAIL), ACME),
    (TICKET.replace("\n", "; "), (CUS, MAIL), ACME),
    (f"Our invoice in Stripe {CUS} is wrong, regards {MAIL}", (CUS, MAIL), ACME),
    (f"Acme Inc ({CUS})", (CUS, "Acme Inc"), ACME),
    (f"{CUS} (Acme Inc.)", (CUS, "Acme Inc."), ACME),
    ("Acme Inc. (acme-corp), Production", (ACME, "Acme Inc."), ACME),
    ("acme-corp (Acme Inc.)", (ACME, "Acme Inc."), ACME),
    (f"Customer: Acme Inc.\nE-mail: {MAIL}", (MAIL, "Acme Inc."), ACME),
    (f"{ACME_MAKER.synced_id('STRIPE')} / {SF} / Acme Inc.", (CUS, SF, "Acme Inc."), ACME),
    (f"{CUS} {SF}", (CUS, SF), ACME),
    (f"Stripe: {STRIPE} and HubSpot: {HUBSPOT}", (STRIPE, HUBSPOT), ACME),
    (
        f'{{"customerId":"acme-corp","email":"{MAIL}","name":"Acme Inc."}}',
        (ACME, MAIL, "Acme Inc."),
        ACME,
    ),
    (f"> {MAIL} wrote:\n> please look at {STRIPE}", (STRIPE, MAIL), ACME),
    (
        f"wrong plan for {CUS}\n--\nJo Doe\nops@acme.example\nwww.acme.example",
        (CUS, MAIL, "@acme.example"),
        ACME,
    ),
    (
        SUMMARY,
        (
            CUS,
            CUS2,
            SF,
            ACME,
            DESK,
            "Acme Inc.",
        ),
        ACME,
    ),
    # its second Stripe id is not found by Stigg's search, but is on the customer
    (f"Customer ID: acme-corp, Stripe {CUS2}", (CUS2, ACME), ACME),
    # several pieces that do not agree
    (f"Our invoice in Stripe {OTHER} is wrong, regards {MAIL}", (OTHER, MAIL), CHOICE),
    (f"cc {MAIL} and finance@meridian.example", (MAIL, "finance@meridian.example"), CHOICE),
    (f"{CUS} {OTHER}", (CUS, OTHER), CHOICE),
    (
        f"Stripe: {STRIPE} and https://app.stigg.io/p/customers/meridian-group",
        (STRIPE, "https://app.stigg.io/p/customers/meridian-group"),
        CHOICE,
    ),
    (f"Customer ID: twin-one\n{TWINS}", ("twin-one", TWINS), CHOICE),
    ("Meridian Group (acme-corp)", (ACME, "Meridian Group"), CHOICE),
    # some of it leads nowhere
    (f"Our invoice in Stripe {NOBODYS} is wrong, regards {MAIL}", (NOBODYS, MAIL), CHOICE),
    (
        f"{CUS}, see https://docs.example/refunds for the rules of it",
        (CUS, "https://docs.example/refunds"),
        CHOICE,
    ),
    (f"Hi, {CUS} wrote from nobody@nowhere.example", (CUS, "nobody@nowhere.example"), CHOICE),
    (
        f"please check {NOBODYS} and nobody@nowhere.example",
        (NOBODYS, "nobody@nowhere.example"),
        NOWHERE,
    ),
    # an e-mail whose beginning is in doubt is read in both ways
    ("somebody+ops@acme.example", ("somebody+ops@acme.example",), NOWHERE),
    (f"sales/{MAIL}", (f"sales/{MAIL}", MAIL), CHOICE),
    (f"a'{MAIL}", (f"a'{MAIL}", MAIL), CHOICE),
    # lists stay lists
    ("acme-corp\nMeridian\nBirch Hosting", (ACME, "Meridian", "Birch Hosting"), LIST),
    (f"{CUS}, {MAIL}; Acme\nmeridian-group", (CUS, MAIL, "Acme", "meridian-group"), LIST),
    (f"{CUS}\n{OTHER}", (CUS, OTHER), LIST),
    (f"Anna <{MAIL}>, Bob <bob@b.example>", (MAIL, "bob@b.example"), LIST),
    ("Acme Inc., Globex Ltd.", ("Acme Inc.", "Globex Ltd."), LIST),
    (f"{STRIPE}\n{HUBSPOT}", (STRIPE, HUBSPOT), LIST),
    (f"- {CUS}\n- {OTHER}", (CUS, OTHER), LIST),
    (f"1. {CUS}\n2. {OTHER}", (CUS, OTHER), LIST),
    # names of companies that a careless reader would tear
    ("Smith, Jones & Partners", ("Smith, Jones & Partners",), NOWHERE),
    ("AC/DC", ("AC/DC",), NOWHERE),
    ("100% Pure", ("100% Pure",), NOWHERE),
    ("Studio 54, Berlin", ("Studio 54, Berlin",), NOWHERE),
    ("Acme (EMEA)", ("Acme (EMEA)",), NOWHERE),
    ("3M, Inc.", ("3M, Inc.",), NOWHERE),
    # greetings and prose are no names
    ("Hi team,\nplease help us with this.\nBest regards,\nJo", (), REFUSED),
    ("Hello,\nwe have a problem with our bill\nThanks", (), REFUSED),
    ("Hi,\nis anybody there?", (), REFUSED),
    # placeholders that were not filled in
    ("{{ticket.requester.email}}", (), REFUSED),
    ("{{ email }}", (), REFUSED),
    ("{email}", (), REFUSED),
    ("[[email]]", (), REFUSED),
    ("%{Email}", (), REFUSED),
    ("${email}", (), REFUSED),
    ("#{email}", (), REFUSED),
    ("{!Contact.Email}", (), REFUSED),
    ("{% if email %}", (), REFUSED),
    ("<%= email %>", (), REFUSED),
    ("undefined", (), REFUSED),
    ("null", (), REFUSED),
    ("N/A", (), REFUSED),
    # nothing at all
    ("\u200b", (), REFUSED),
    (";,;", (), REFUSED),
]


def name_of(case: object) -> str:
    return ascii(case)[1:70] if isinstance(case, str) else ""


def test_the_table_is_long() -> None:
    assert len(TEXTS) >= 150
    assert len({text for text, _, _ in TEXTS}) == len(TEXTS)


@pytest.mark.parametrize(("text", "terms", "leads_to"), TEXTS, ids=name_of)
def test_it_reads_every_piece_of_evidence(text: str, terms: tuple[str, ...], leads_to: str) -> None:
    reading = read(text, ["testserver"])
    assert reading.terms == terms
    assert (reading.form == "list") == (leads_to == LIST)


def look_up(agent: Client, text: str) -> Response:
    return agent.get("/lookup", {"q": text, "typed": "1"})


def where(response: Response) -> str:
    """The customer that a look-up opened, or what it showed instead."""
    if response.status_code == 302:
        path = unquote(str(response["Location"]))
        return path.split("/customers/")[1].split("/integrations/")[0]
    if response.status_code == 400:
        return REFUSED
    if soup(response).select("section.in-list"):
        return LIST
    return CHOICE if response.status_code == 200 else NOWHERE


@pytest.mark.slow
@pytest.mark.parametrize(("text", "terms", "leads_to"), TEXTS, ids=name_of)
def test_it_leads_where_the_evidence_does(
    agent: Client, text: str, terms: tuple[str, ...], leads_to: str
) -> None:
    assert where(look_up(agent, text)) == leads_to


# --- never the wrong one --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "link",
    [
        "q=somebody+ops%40acme.example",
        "q=finance+ops%40acme.example&ticket=7",
        "environment=production&q=a+ops%40acme.example",
        "q=please+ask+ops%40acme.example",
    ],
)
def test_a_half_encoded_plus_never_opens_another_persons_customer(agent: Client, link: str) -> None:
    response = agent.get(f"/lookup?{link}")
    assert where(response) == CHOICE
    assert "ops@acme.example" in element(response, "[data-customer-id=acme-corp]").get_text()
    assert "+ops@acme.example" in str(element(response, "[data-nowhere]")["data-nowhere"])


def test_a_plus_that_our_own_form_sent_is_a_blank(agent: Client) -> None:
    assert where(agent.get("/lookup?q=Ops+ops%40acme.example&typed=1")) == ACME
    assert element(agent.get("/"), "form.search input[name=typed]")["value"] == "1"


def test_a_plus_in_an_e_mail_that_a_link_holds_as_it_is_stays_one(agent: Client) -> None:
    assert where(agent.get("/lookup?q=somebody+ops@acme.example")) == NOWHERE


CUSTOMERS = {
    "acme-corp": (CUS, MAIL),
    "twin-one": (OTHER, TWINS),
    "twin-two": (RowMaker("production", "twin-two").synced_id("STRIPE"), TWINS),
    "meridian-group": ("meridian-group", "finance@meridian.example"),
    "empty-co": ("empty-co", "hello@empty.example"),
    AUTH0: (AUTH0, "billing@globex.example"),
    "ops@globex.example": (
        RowMaker("production", "ops@globex.example").synced_id("HUBSPOT"),
        "ops@globex.example",
    ),
}
AROUND = st.sampled_from(
    [
        "{id} and {email}",
        "Hi, our invoice {id} is wrong, regards {email}",
        "Customer ID: {id}\nE-mail: {email}",
        "From: Jo <{email}>\n\nplease check {id}.\n-- \nJo",
        '{{"customerId": "{id}", "email": "{email}"}}',
        "`{id}` {email}",
        "{email}: {id}",
        "<{email}> ({id})",
        "id={id} email={email}",
        "*{email}* https://app.stigg.io/p/customers/{id}",
        "{id} / {email}",
        "{id}%20{email}",
        "{email}&nbsp;{id}",
        "{id}: {email}",
        "{id}’s {email}",
        "（{id}） {email}",
        "ID：{id}、 {email}",
        "{id}。 {email}",
        "ticket#{id} {email}",
        "mailto:{email}?subject={id}",
    ]
)
SOMEBODY = st.sampled_from(sorted(CUSTOMERS))
NOISE = st.text(st.characters(categories=("L", "N", "P", "Z", "Cc")), max_size=12)


@pytest.mark.slow
@settings(max_examples=120)
@given(one=SOMEBODY, other=SOMEBODY, around=AROUND, before=NOISE, after=NOISE)
@example(one="twin-one", other="twin-two", around="{id} and {email}", before="", after="")
@example(one="ops@globex.example", other=ACME, around="ticket#{id} {email}", before="", after="")
@example(one=AUTH0, other=ACME, around="id={id} email={email}", before="MESSAGE", after="")
@example(one="empty-co", other=ACME, around="{id}: {email}", before="", after="")
@example(one="empty-co", other=ACME, around="{id}’s {email}", before="", after="")
@example(one="empty-co", other=ACME, around="（{id}） {email}", before="", after="")
@example(one="empty-co", other=ACME, around="{id}。 {email}", before="", after="")
@example(one="twin-one", other=ACME, around="mailto:{email}?subject={id}", before="", after="")
@example(one="empty-co", other=ACME, around="id={id} email={email}", before="order", after="")
@example(one=AUTH0, other=ACME, around="{id}: {email}", before="user:", after="")
def test_an_id_of_one_and_an_e_mail_of_another_never_open_either(
    agent: Client, one: str, other: str, around: str, before: str, after: str
) -> None:
    if one == other:
        return
    said = around.format(id=CUSTOMERS[one][0], email=CUSTOMERS[other][1])
    response = look_up(agent, f"{before} {said} {after}")
    assert where(response) not in CUSTOMERS
    assert response.status_code == 200


STRIPE_OF = "https://dashboard.stripe.com/customers/{}"
STIGG_OF = "https://app.stigg.io/p-9bb/customers/{}"
DESK_OF = "http://testserver/production/customers/{}/integrations/"
TWO_IDS = [
    ("twin-one", f"{STIGG_OF.format('twin-one')}?customer={CUS}"),
    ("acme-corp", f"{STIGG_OF.format('acme-corp')}?q={OTHER}"),
    ("acme-corp", f"{DESK_OF.format('acme-corp')}?q={OTHER}"),
    ("twin-one", f"{DESK_OF.format('twin-one')}?query={CUS}"),
    ("acme-corp", f"/production/customers/acme-corp/integrations/?q={OTHER}"),
    ("acme-corp", f"{DESK_OF.format('acme-corp')}?next=/production/customers/twin-one/"),
    ("twin-one", f"{STRIPE_OF.format(OTHER)}?customer={CUS}"),
    ("acme-corp", f"{STRIPE_OF.format(CUS)}?query={OTHER}"),
    ("acme-corp", f"{STRIPE_OF.format(CUS)}?query={NOBODYS}"),
    ("acme-corp", f"{DESK_OF.format('acme-corp')}?query={NOBODYS}"),
    ("acme-corp", f"{STIGG_OF.format('acme-corp')}?query={NOBODYS}"),
    ("acme-corp", f"https://dashboard.stripe.com/search?query={CUS}%20{OTHER}"),
    ("twin-one", f"https://dashboard.stripe.com/search?query={OTHER}%20{CUS}"),
    ("acme-corp", f"https://dashboard.stripe.com/search?query={CUS}&email={TWINS}"),
    ("acme-corp", f"https://dashboard.stripe.com/login?redirect=%2Fcustomers%2F{CUS}&q={OTHER}"),
    ("acme-corp", f"{STRIPE_OF.format(CUS)} {STRIPE_OF.format(CUS)}?query={OTHER}"),
    ("acme-corp", f"acme-corp, see {STRIPE_OF.format(OTHER)}"),
    ("acme-corp", f"see {STIGG_OF.format('acme-corp')} and {STRIPE_OF.format(OTHER)}"),
]


@pytest.mark.parametrize(("one", "text"), TWO_IDS, ids=[text for _, text in TWO_IDS])
def test_two_ids_in_an_address_are_a_choice_unless_both_lead_to_one(
    agent: Client, one: str, text: str
) -> None:
    response = look_up(agent, text)
    assert where(response) == CHOICE
    assert soup(response).select_one(f"tr[data-customer-id={one}]") is not None


@pytest.mark.parametrize(
    "text",
    [
        f"{STIGG_OF.format('acme-corp')}?customer={CUS}",
        f"{DESK_OF.format('acme-corp')}?q={CUS}",
        f"{STRIPE_OF.format(CUS)}?query={CUS}",
        f"{STRIPE_OF.format(CUS)}?query={MAIL}",
        f"https://dashboard.stripe.com/login?redirect=%2Fcustomers%2F{CUS}",
        f"https://dashboard.stripe.com/search?query=invoice%20of%20{CUS}",
    ],
)
def test_an_address_whose_ids_all_lead_to_one_customer_opens_it(agent: Client, text: str) -> None:
    assert where(look_up(agent, text)) == ACME


def test_an_address_with_a_second_id_whose_call_fails_opens_nobody(
    agent: Client, stigg: Simulator
) -> None:
    stigg.fault(route="graphql", said=OTHER, status=503)
    response = look_up(agent, f"{STIGG_OF.format('acme-corp')}?query={OTHER}")
    assert where(response) == CHOICE


def test_a_choice_says_which_words_led_to_whom_and_what_led_nowhere(agent: Client) -> None:
    text = f"Our invoices in Stripe {OTHER} and {NOBODYS} are wrong, regards {MAIL}"
    response = look_up(agent, text)
    rows = soup(response).select("tr[data-customer-id]")
    assert [row["data-customer-id"] for row in rows] == ["twin-one", "acme-corp"]
    assert OTHER in rows[0].get_text()
    assert MAIL in rows[1].get_text()
    nowhere = element(response, "[data-nowhere]")
    assert nowhere["data-nowhere"] == NOBODYS
    said = " ".join(nowhere.get_text(" ").split())
    assert "Nothing with this Stripe id was found in Production." in said
    assert nowhere.a is not None
    assert NOBODYS in str(nowhere.a["href"])
    assert element(response, "#q")["value"] == text


@pytest.mark.parametrize(
    "text",
    [
        f"Customer ID: acme-corp\n{MAIL}",
        f"the invoice of {ACME_MAKER.synced_id('STRIPE', 2)}, regards {MAIL}",
    ],
    ids=["an id of Stigg's", "a second record of a vendor"],
)
def test_the_page_that_a_ticket_opens_is_asked_for_while_the_ticket_is_looked_up(
    agent: Client, stigg: Simulator, text: str
) -> None:
    response = look_up(agent, text)
    assert where(response) == ACME
    settle()
    asked = len(stigg.requests())
    assert agent.get(str(response["Location"]).split("#")[0]).status_code == 200
    assert len(stigg.requests()) == asked


def test_a_ticket_that_leads_nowhere_is_looked_for_in_the_other_environments(
    agent: Client,
) -> None:
    response = look_up(agent, "Hi, qa@staging.example of customer id staging-only has a question")
    assert response.status_code == 404
    hits = soup(response).select("tr[data-customer-id]")
    assert {hit["data-environment"] for hit in hits} == {"staging"}


def test_evidence_whose_call_failed_opens_nobody(agent: Client, stigg: Simulator) -> None:
    stigg.fault(route="graphql", status=503)
    response = look_up(agent, f"{MAIL} asks about {CUS}")
    assert where(response) == CHOICE
    said = " ".join(notices(soup(response)))
    assert "may lead to more" in said
    assert "Stigg cannot be reached" in said


def test_a_ticket_that_could_not_be_looked_up_is_no_miss(agent: Client, stigg: Simulator) -> None:
    stigg.fault(status=503)
    response = look_up(agent, f"nobody@nowhere.example asks about {NOBODYS}")
    assert response.status_code == 503
    assert problem(response) == "unavailable"
    assert "Nothing that was read" not in soup(response).get_text()


def test_a_link_without_its_text_keeps_the_ticket_and_says_why(agent: Client) -> None:
    response = agent.get("/lookup?q=&ticket=5")
    assert response.status_code == 400
    assert "placeholder" in element(response, "#q-problem").get_text()
    assert element(response, "form.search input[name=ticket]")["value"] == "5"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (MAIL, "Opened by an e-mail, not by an id"),
        ("Acme Inc.", "Opened by a name, not by an id"),
        ("Meridian", "Opened by a part of a name, not by an id"),
        ("@acme.example", "Opened by an e-mail domain, not by an id"),
        (f"Customer: Acme Inc.\n{MAIL}", "Opened by an e-mail and a name, not by an id"),
    ],
)
def test_a_page_opened_by_weaker_evidence_says_so_once(agent: Client, text: str, said: str) -> None:
    agent.get("/lookup", {"q": text}, follow=True)
    opened = agent.get("/lookup", {"q": text}, follow=True)
    assert soup(opened).get_text().count(said) == 1
    assert said not in agent.get(opened.redirect_chain[-1][0]).content.decode()


@pytest.mark.parametrize("text", [ACME, CUS, STRIPE, TICKET])
def test_a_page_opened_by_an_id_says_nothing_of_it(agent: Client, text: str) -> None:
    opened = agent.get("/lookup", {"q": text}, follow=True)
    assert opened.status_code == 200
    assert "not by an id" not in opened.content.decode()


# --- bounds ---------------------------------------------------------------------------------------


def test_what_is_beyond_the_bounds_is_said(agent: Client, stigg: Simulator) -> None:
    ids = " ".join(f"cus_{number:014}" for number in range(500))
    response = look_up(agent, f"look at {ids}")
    settle()
    assert len(stigg.requests()) <= 2 * MAX_CALLS_IN_LIST + CALLS_OF_PAGE
    said = element(response, "[data-state=left-out]").get_text()
    assert f"{500 - MAX_TERMS} more" in said
    long = read(f"{CUS} " + "x" * MAX_PASTE_LENGTH)
    assert long.unread == len(CUS) + 1
    assert not long.is_whole


def cost(text: str) -> float:
    """Processor time in seconds of reading it, the least of three times."""

    def once() -> float:
        began = time.thread_time()
        read(text)
        return time.thread_time() - began

    return min(once() for _ in range(3))


@pytest.mark.slow
@pytest.mark.parametrize("piece", ["x", "a ", "id ", "a@", "/a", "q=", "[(", "%25", "@a.", "\n"])
def test_four_times_the_text_is_not_sixteen_times_the_work(piece: str) -> None:
    long = f"the id is {CUS} " + piece * (16_000 // len(piece))
    assert cost(long) < 10 * cost(long[:4_000])


def test_nothing_is_certain_while_some_of_the_text_was_not_read(agent: Client) -> None:
    response = look_up(agent, f"{CUS} is wrong {'word ' * (MAX_PASTE_LENGTH // 5)} {OTHER}")
    assert where(response) == CHOICE
    assert "not looked at" in element(response, "[data-state=unread]").get_text()


def test_greetings_alone_are_nothing_to_look_up() -> None:
    assert read("Hello\nBest regards").form == "nothing"


def test_a_label_without_a_value_names_nobody() -> None:
    assert read("Customer ID: none\nIt is urgent for acme-corp").terms == ("acme-corp",)


def test_words_beyond_those_that_are_tried_as_ids_are_counted() -> None:
    words = " ".join(f"word-{number}" for number in range(MAX_POSSIBLE + 3))
    assert read(f"Customer cus_NffrFeUfNV2Hib was billed twice, see {words}").left_out == 3


def test_a_sheet_of_shortened_numbers_gets_a_few_notes() -> None:
    assert len(read("\n".join(f"{n}.5E+15" for n in range(1, 9))).notes) == MAX_NOTES


def test_a_shortened_number_beside_an_id_is_told_before_anything_opens(agent: Client) -> None:
    response = look_up(agent, f"{CUS} has HubSpot 8.12346E+09")
    assert where(response) == CHOICE
    assert "8.12346E+09" in element(response, ".notice").get_text()


PIECES = st.sampled_from(
    [CUS, SF, HUB, MAIL, STRIPE, DESK, ACME, "Acme Inc.", "Customer ID: ", "{{", "}}", "[", "](",
     ")", "<", ">", "|", "&lt;", "%40", "%25", "=\"", "\"", "`", "**", "\n", "; ", ", ", " ",
     "8.1E+09", "1,234,567", "\u200b", "\ud800", "\x00", "\ue000", "https://", "mailto:", "Hi,",
     "is our", "GmbH", "(", "/customers/", "@", "+"]
)  # fmt: skip


@settings(max_examples=500)
@given(st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=200))
def test_any_text_at_all_is_read_within_the_bounds(text: str) -> None:
    reading = read(text, ["testserver"])
    assert len(reading.terms) <= MAX_TERMS
    assert len(set(reading.terms)) == len(reading.terms)
    assert all(term.strip() for term in reading.terms)
    forms: dict[Form, bool] = {"nothing": False, "placeholder": False}
    assert bool(reading.terms) == forms.get(reading.form, True)
    several = len(reading.terms) + len(reading.possible_ids) > 1
    assert several == (reading.form in ("list", "ticket"))


@settings(max_examples=60)
@given(st.lists(PIECES, max_size=10).map("".join))
def test_any_text_at_all_gets_a_page(agent: Client, text: str) -> None:
    text = text.replace("\ud800", "")  # no browser can send it
    assert look_up(agent, text).status_code in (200, 302, 400, 404)
