"""The table of vendors: what each is called, and which hosts are its own.

A vendor is a row of text and not an enum, because Stigg adds and drops identifiers between
releases: `vendor_for` answers for a name that nobody has seen yet.
"""

import unicodedata
from dataclasses import dataclass

_NAME_LENGTH = 40


@dataclass(frozen=True, slots=True)
class Vendor:
    """One vendor as the desk shows it.

    `domains` are hosts that belong to the vendor together with every host under them.
    `no_page_reason` says why a row of this vendor has no page to open; it is empty where there is a
    page, or may be.
    """

    identifier: str
    name: str
    badge: str
    domains: tuple[str, ...] = ()
    no_page_reason: str = ""

    @property
    def has_record_page(self) -> bool:
        """Whether the vendor can have a page for one customer."""
        return not self.no_page_reason


# A domain is left narrower than the registrable one wherever the vendor lets its own customers
# publish pages beside its console: a page that anybody can write is not a verified page.
_KNOWN = (
    # dj-stripe, Autumn and eight other public repositories build links to this host. Not all of
    # stripe.com: whoever has an account publishes payment pages on buy., donate. and
    # invoice.stripe.com.
    Vendor("STRIPE", "Stripe", "St", ("dashboard.stripe.com",)),
    Vendor("STRIPE_INVOICING", "Stripe Invoicing", "SI", ("dashboard.stripe.com",)),
    # www, apisandbox, na, eu, sandbox.na, test …: Zuora's own page "Zuora Data Centers".
    Vendor("ZUORA", "Zuora", "Zu", ("zuora.com",)),
    Vendor(
        "AIRWALLEX",
        "Airwallex",
        "Ax",
        # Seen in public code only; pay.airwallex.com is its customers'
        (
            "www.airwallex.com",
            "demo.airwallex.com",
        ),
        (
            "No customer page of Airwallex is known. Copy the id, or ask an operator for a "
            "link template."
        ),
    ),
    # The first two: Lago's link builder and public code; the others: HubSpot's page on where data
    # is hosted. Not all of hubspot.com: meetings.hubspot.com shows what its customers write.
    Vendor(
        "HUBSPOT",
        "HubSpot",
        "HS",
        tuple(f"app{at}.hubspot.com" for at in ("", "-eu1", "-na2", "-na3", "-ap1")),
    ),
    # Salesforce Help, "My Domain". Not all of force.com: customers' public sites lived there
    # (unconfirmed).
    Vendor("SALESFORCE", "Salesforce", "Sf", ("salesforce.com", "lightning.force.com")),
    # Public code. Not all of auth0.com: each tenant has a host there and may write its HTML
    # (Auth0's docs).
    Vendor("AUTH0", "Auth0", "Au", ("manage.auth0.com",)),
    Vendor(
        "OPEN_FGA",
        "OpenFGA",
        "OF",
        (),  # run by whoever uses it, so there is no common host
        "OpenFGA keeps permissions and has no customer page. Copy the id instead.",
    ),
    Vendor(
        "AWS_MARKETPLACE",
        "AWS Marketplace",
        "AM",
        # AWS's own documentation. Never amazonaws.com: anybody's buckets live there.
        ("aws.amazon.com",),
        "AWS Marketplace has no page for one customer. Copy the id and search the seller portal.",
    ),
    Vendor(
        "APP_STORE",
        "App Store",
        "AS",
        ("appstoreconnect.apple.com",),  # unverified
        "App Store Connect has no page for one customer. Copy the id instead.",
    ),
    Vendor(
        "SNOWFLAKE",
        "Snowflake",
        "Sn",
        ("app.snowflake.com",),  # unverified
        (
            "Snowflake receives the whole environment, so there is no page for one "
            "customer. Copy the id instead."
        ),
    ),
    Vendor(
        "BIG_QUERY",
        "BigQuery",
        "BQ",
        # Unverified. Never google.com: anybody's sites and files live there.
        ("console.cloud.google.com",),
        (
            "BigQuery receives the whole environment, so there is no page for one "
            "customer. Copy the id instead."
        ),
    ),
    Vendor(
        "PREQUEL",
        "Prequel",
        "Pr",
        ("prequel.co",),  # docs.prequel.co and api.prequel.co: Prequel's quickstart guide
        (
            "Prequel moves the whole environment's data, so there is no page for one "
            "customer. Copy the id instead."
        ),
    ),
    Vendor(
        "RECEIVED",
        "Received",
        "Re",
        (),  # no host is known
        (
            "No customer page of Received is known. Copy the id, or ask an operator for a "
            "link template."
        ),
    ),
)
VENDORS = {vendor.identifier: vendor for vendor in _KNOWN}

_BILLING_REASONS = (
    "The customer has no subscription.",
    "The customer has only free, trial or custom-price subscriptions.",
    "No billing information was sent for the customer.",
)
_SHARED_BILLING_REASONS = (
    "Customer sync is switched off in this environment.",
    "The customer is synced to another billing provider; Stigg uses one for each customer.",
)
_NOT_SYNCED = {
    "STRIPE": _BILLING_REASONS + _SHARED_BILLING_REASONS,
    "ZUORA": (*_BILLING_REASONS, "The customer has no payment method.", *_SHARED_BILLING_REASONS),
    "HUBSPOT": ("The customer has only free or custom plans.",),
}


def vendor_for(identifier: str) -> Vendor:
    """The vendor of a `vendorIdentifier`; never raises.

    A name that is not in the table gets a readable name, a badge, no domains and its identifier
    unchanged. Stigg's webhooks write identifiers in lower case, so ASCII case does not count. Other
    scripts are not folded: "ſtripe" must not become Stripe.
    """
    key = identifier.strip().upper() if identifier.isascii() else ""
    if key in VENDORS:
        return VENDORS[key]
    name = _readable(identifier)
    return Vendor(identifier, name, _badge(name))


def not_synced_reasons(vendor: Vendor) -> tuple[str, ...]:
    """Why nothing may be synced for a customer, as far as Stigg documents it; empty where it does
    not.

    Source: Stigg's pages on Stripe, Zuora, HubSpot and several billing providers, in our own words.
    """
    return _NOT_SYNCED.get(vendor.identifier, ())


def _readable(identifier: str) -> str:
    """Letters and digits only, so that hostile text cannot steer the page it is shown on."""
    text = unicodedata.normalize("NFKC", identifier[:_NAME_LENGTH])
    words = "".join(character if character.isalnum() else " " for character in text).split()
    spelled = (word.capitalize() if word.isupper() or word.islower() else word for word in words)
    return " ".join(spelled)[:_NAME_LENGTH].strip() or "Unknown vendor"


def _badge(name: str) -> str:
    """Two initials, or the first two letters of a single word; a lone letter is doubled."""
    first, *rest = name.split()
    return (first[0] + rest[0][0]).upper()[:2] if rest else (first * 2)[:2].capitalize()[:2]
