"""The customers that people and tests know by name: one for each thing an agent can meet."""

from collections.abc import Callable
from dataclasses import dataclass

from .rows import BILLING_LINKS, ENVIRONMENTS, STRIPE_LINKS, VENDORS, Integration, RowMaker, dice

Rows = Callable[[RowMaker], list[Integration]]

LONG_ID = ("long-id-" + "0123456789" * 25)[:255]
MERIDIAN = {
    "STRIPE": 42,
    "ZUORA": 31,
    "HUBSPOT": 9,
    "SALESFORCE": 9,
    "AWS_MARKETPLACE": 7,
    "AUTH0": 7,
    "SNOWFLAKE": 5,
    "BIG_QUERY": 5,
    "OPEN_FGA": 4,
    "APP_STORE": 4,
    "RECEIVED": 4,
    "PREQUEL": 4,
    "AIRWALLEX": 3,
    "STRIPE_INVOICING": 3,
}


@dataclass(frozen=True)
class Named:
    id: str
    name: str | None
    email: str | None
    rows: Rows
    archived: bool = False
    environments: tuple[str, ...] = ENVIRONMENTS


def other(environment: str) -> str:
    return ENVIRONMENTS[environment == "production"]


def none(_make: RowMaker) -> list[Integration]:
    return []


def two(make: RowMaker) -> list[Integration]:
    return [make.row("STRIPE"), make.row("HUBSPOT")]


def three(make: RowMaker) -> list[Integration]:
    return [*two(make), make.row("SALESFORCE")]


def acme(make: RowMaker) -> list[Integration]:
    """The second Stripe row links to the other kind of account: a test record in production."""
    foreign = STRIPE_LINKS[other(make.environment)] + make.synced_id("STRIPE", 2)
    return [
        make.linked("STRIPE", 1, STRIPE_LINKS[make.environment] + make.synced_id("STRIPE", 1)),
        make.linked("STRIPE", 2, foreign),
        make.row("SALESFORCE"),
        make.row("HUBSPOT"),
        make.unsynced("SNOWFLAKE"),
        make.row("ACME_LEDGER"),
    ]


def meridian(make: RowMaker) -> list[Integration]:
    """Vendors come mixed, so that a filter has to gather its rows from every page."""
    places = [
        (vendor, number) for vendor, count in MERIDIAN.items() for number in range(1, count + 1)
    ]
    places.sort(key=lambda place: dice("meridian", *place))
    return [
        make.unsynced(vendor, number) if number % 9 == 0 else make.row(vendor, number)
        for vendor, number in places
    ]


def hostile(make: RowMaker) -> list[Integration]:
    links = [
        "javascript:alert(document.domain)//dashboard.stripe.com",
        "data:text/html,<script>alert(1)</script>",
        "http://dashboard.stripe.com/customers/cus_plain",
        "https://dashboard.stripe.com:pass@evil.example/customers/cus_userinfo",
        "https://dashboard.stripe.com.evil.example/customers/cus_lookalike",
        "https://billing.initech.example/accounts/7",
        "",
    ]
    synced = [
        '<img src=x onerror="alert(1)">',
        "cus_\u202egnp.txt\u202c",
        "x" * 255,
        "cus_line\nbreak\x00nul\x1b[31mred",
        "cus_🦄",
    ]
    return [
        *(make.linked("STRIPE", number, link) for number, link in enumerate(links, 1)),
        *(
            make.row("HUBSPOT", number, syncedEntityId=text)
            for number, text in enumerate(synced, 1)
        ),
        make.row("SALESFORCE", id="</td><script>alert('id')</script>"),
        make.row('"><script>alert("vendor")</script>'),
        make.row("ACME_LEDGER", syncData={"foo": 1}),
    ]


def every_link(make: RowMaker) -> list[Integration]:
    kind = "test/" if make.environment == "staging" else ""
    synced = make.synced_id("STRIPE", 3)
    account = f"https://dashboard.stripe.com/acct_1Jx7QeKZ3vWq8fTb/{kind}customers/{synced}"
    return [
        make.linked("STRIPE", 1, STRIPE_LINKS["production"] + make.synced_id("STRIPE", 1)),
        make.linked("STRIPE", 2, STRIPE_LINKS["staging"] + make.synced_id("STRIPE", 2)),
        make.linked("STRIPE", 3, account),
        make.linked(
            "ZUORA", 1, BILLING_LINKS["ZUORA"][make.environment] + make.synced_id("ZUORA", 1)
        ),
        make.linked("ZUORA", 2, "https://zuora.partner.example/accounts/2c92c0f9"),
        make.linked("STRIPE", 4, "javascript:alert(1)"),
        make.unsynced("STRIPE", 5),
        # A Cyrillic letter
        make.linked("ZUORA", 3, "https://zuor\u0430.example/accounts/2c92c0f9"),
        make.linked("ZUORA", 4, "http://www.zuora.com/apps/CustomerAccount.do?id=2c92c0f9"),
        make.linked("STRIPE_INVOICING", 1, "https://invoices.partner.example/cus_1"),
        make.row("SALESFORCE"),
        make.row("HUBSPOT"),
        make.row("AUTH0"),
        make.row("AWS_MARKETPLACE"),
        make.unsynced("SNOWFLAKE"),
        make.row("ACME_LEDGER", syncData={"foo": 1}),
    ]


def all_vendors(make: RowMaker) -> list[Integration]:
    return [make.row(vendor) for vendor in VENDORS]


def narrowed(make: RowMaker) -> list[Integration]:
    """Since SDK 0.1.0b49 the list documents fewer vendors than the customer object still
    carries.
    """
    kept = [make.row("STRIPE"), make.row("ZUORA")]
    return kept + [
        make.row(vendor, listed=False) for vendor in ("SALESFORCE", "AUTH0", "SNOWFLAKE")
    ]


FAULT_PREFIX = "fault-"
STATUSES = ("401", "403", "404", "429", "500", "503")
STATES = (*STATUSES, "slow", "drip", "cut", "html", "shape", "empty", "redirect")

HOSTILE_NAME = '<script>alert("name")</script> \u202eetalP & Sons'

NAMED = [
    Named("acme-corp", "Acme Inc.", "ops@acme.example", acme),
    Named("meridian-group", "Meridian Group", "finance@meridian.example", meridian),
    Named("auth0|65f1c0ffee0badc0de5ca1ab", "Globex", "billing@globex.example", three),
    Named("ops@globex.example", "Globex Operations", "ops@globex.example", two),
    Named("empty-co", "Empty Co.", "hello@empty.example", none),
    Named("archived-co", None, None, two, archived=True),
    Named("hostile-values", HOSTILE_NAME, "o'hara+<b>@hostile.example", hostile),
    Named("every-link", "Every Link Ltd.", "links@every.example", every_link),
    Named("all-vendors", "All Vendors AG", "vendors@all.example", all_vendors),
    Named("narrowed-list", "Narrowed List LLC", "list@narrowed.example", narrowed),
    Named("twin-one", "Twin One Ltd.", "shared@twins.example", two),
    Named("twin-two", "Twin Two Ltd.", "shared@twins.example", three),
    Named(
        "staging-only", "Staging Only Inc.", "qa@staging.example", two, environments=("staging",)
    ),
    Named(LONG_ID, "Long Id & Daughters", "long@id.example", two),
    Named("müller-gmbh", "Müller GmbH", "kontakt@mueller.example", two),
    *(
        Named(f"{FAULT_PREFIX}{state}", f"Fault: {state}", f"{state}@faults.example", three)
        for state in STATES
    ),
]

EXAMPLES = [
    ("acme-corp", "two Stripe accounts, one of them a test record; a vendor never seen before"),
    ("meridian-group", "137 integrations: paging and filters"),
    ("auth0|65f1c0ffee0badc0de5ca1ab", "an id with a bar in it"),
    ("every-link", "every kind of link: opened, asked about, built by the desk, refused, none"),
    ("all-vendors", "one row for each of the 14 vendors"),
    ("empty-co", "a customer without integrations"),
    ("archived-co", "archived: no name, no e-mail, still two rows"),
    ("hostile-values", "names, ids and links that bite"),
    ("fault-429", "Stigg says: too many requests"),
]
