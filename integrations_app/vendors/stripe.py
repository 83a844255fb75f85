"""Stripe, and Stripe Invoicing, which shares its dashboard."""

import re
from urllib.parse import unquote

from integrations_app.vendors.vendor import (
    CUSTOMERS_OWN_ID,
    NO_BILLING,
    OTHER_BILLING,
    Address,
    IdShape,
    Mode,
    Parameter,
    Preset,
    Vendor,
    customer_page,
)

# dj-stripe, Autumn and eight other public repositories build links to this host. Not all of
# stripe.com: whoever has an account publishes pages on buy., donate. and invoice.stripe.com.
_DOMAINS = ("dashboard.stripe.com",)

_CUSTOMER = IdShape(
    "Stripe id",
    re.compile(r"cus_[A-Za-z0-9]{8,251}"),
    fields=("billingId",),
    near_miss=(
        f"{CUSTOMERS_OWN_ID} Stripe's test customers are known to environments that are not live."
    ),
)
# Live, test mode, one of several accounts, or both.
_PAGES = (customer_page(r"(?:/acct_\w+)?(?:/test)?/customers/(?P<id>[^/?#]+)", _CUSTOMER),)

_ACCOUNT = re.compile(r"acct_[A-Za-z0-9]+")
_MODES: dict[str, Mode] = {"test": "TEST", "sandboxes": "SANDBOX"}


def _mode(address: Address) -> tuple[Mode, str]:
    """`/[acct_…/][test/]customers/cus_…`, as dj-stripe and Autumn build it.

    The bare start page tells nothing.
    """
    segments = [unquote(segment) for segment in address.path.split("/") if segment]
    account = segments.pop(0) if segments and _ACCOUNT.fullmatch(segments[0]) else ""
    return (_MODES.get(segments[0], "LIVE") if segments else ""), account


# dj-stripe and Autumn. Without the account Stripe opens the one used last.
_START = "https://dashboard.stripe.com"
_RECORD = "customers/{synced_entity_id}"
_ACCOUNT_ID = Parameter(
    "account_id", "The Stripe account id", "acct_[A-Za-z0-9]{1,64}", "acct_1A2b3C4d5E6f7G8h"
)
_PRESETS = (
    Preset("Stripe, live", f"{_START}/{_RECORD}"),
    Preset("Stripe, test", f"{_START}/test/{_RECORD}"),
    Preset("Stripe account, live", f"{_START}/<<account_id>>/{_RECORD}", (_ACCOUNT_ID,)),
    Preset("Stripe account, test", f"{_START}/<<account_id>>/test/{_RECORD}", (_ACCOUNT_ID,)),
)

VENDORS = (
    Vendor(
        "STRIPE",
        "Stripe",
        "St",
        _DOMAINS,
        not_synced=NO_BILLING + OTHER_BILLING,
        ids=(_CUSTOMER,),
        pages=_PAGES,
        mode=_mode,
        presets=_PRESETS,
        box="Stripe",
    ),
    Vendor("STRIPE_INVOICING", "Stripe Invoicing", "SI", _DOMAINS, mode=_mode),
)
