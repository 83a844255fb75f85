"""Stripe, and Stripe Invoicing, which shares its dashboard."""

import re

from . import vendor
from .vendor import Address, IdShape, Mode, Parameter, Preset, Vendor, customer_page

# dj-stripe, Autumn and eight other public repositories build links to this host. Not all of
# stripe.com: whoever has an account publishes pages on buy., donate. and invoice.stripe.com.
_DOMAINS = ("dashboard.stripe.com",)

# gcus_ is a guest, acct_ a customer of Accounts v2 (docs.stripe.com, Use accounts as customers).
_CUSTOMER = IdShape(
    "Stripe id",
    re.compile(r"g?cus_[A-Za-z0-9]{8,250}|acct_[A-Za-z0-9]{8,250}"),
    fields=("billingId",),
    near_miss=(
        f"{vendor.CUSTOMERS_OWN_ID} Stripe's test customers are known to environments that are "
        "not live."
    ),
)
# Live, test mode, one of several accounts, or both; a connected account, or its customers.
_PAGES = (
    customer_page(
        r"(?:/acct_\w+)?(?:/test)?(?:/connect/accounts/acct_\w+)?/customers/(?P<id>[^/?#]+)",
        _CUSTOMER,
    ),
    customer_page(
        r"(?:/acct_\w+)?(?:/test)?/connect/accounts/(?P<id>acct_\w+)(?!/customers)", _CUSTOMER
    ),
)

_ACCOUNT = re.compile(r"acct_[A-Za-z0-9]+")
_MODES: dict[str, Mode] = {"test": "TEST", "sandboxes": "SANDBOX"}
# Pages that exist in both modes, as dj-stripe links to them. What is not known is no proof of LIVE.
_LIVE = frozenset(
    """
    balance connect coupons customers disputes events invoices payments payouts plans prices
    products subscriptions transfers
    """.split()  # noqa: SIM905 - a table
)
_AHEAD = ("destination", "redirect")  # of the account switcher and of the sign-in: public code
_MOST_STEPS = 3


def _mode(address: Address, steps: int = _MOST_STEPS) -> tuple[Mode, str]:
    """The account switcher `/b/acct_…` and the sign-in are as live as the page they lead to."""
    segments = address.segments
    if {".", ".."} & set(segments):
        return "", ""  # only where a page ahead is named: browsers have resolved it in their own
    leads_on = segments[:1] in (["b"], ["login"])
    segments = segments[leads_on:]
    account = segments.pop(0) if segments and _ACCOUNT.fullmatch(segments[0]) else ""
    if leads_on:
        mode, inside = _mode(_ahead(address), steps - 1) if steps else ("", "")
        return mode, inside or account
    page = segments[0] if segments else ""
    return _MODES.get(page) or ("LIVE" if page in _LIVE else ""), account


def _ahead(address: Address) -> Address:
    """The page of the dashboard that the address leads on to, empty when it is another's."""
    path = next((value for name, value in address.parameters if name in _AHEAD), "")
    path, _, search = path.partition("#")[0].removeprefix(_START).partition("?")
    return Address(address.host, path if path.startswith("/") else "", search)


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
        not_synced=vendor.NO_BILLING + vendor.OTHER_BILLING,
        ids=(_CUSTOMER,),
        pages=_PAGES,
        mode=_mode,
        presets=_PRESETS,
        box="Stripe",
    ),
    Vendor("STRIPE_INVOICING", "Stripe Invoicing", "SI", _DOMAINS, mode=_mode),
)
