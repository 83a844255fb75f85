"""Zuora."""

import re

from . import vendor
from .vendor import Address, IdShape, Mode, Parameter, Preset, Vendor

_NUMBER = re.compile(r"A[0-9]{8}")  # as Zuora counts accounts by default


def _usual(text: str) -> str:
    return text if _NUMBER.fullmatch(text) else text.lower()


_ACCOUNT = IdShape(
    "Zuora id",
    re.compile(rf"[0-9a-fA-F]{{32}}|{_NUMBER.pattern}"),
    fields=("billingId",),
    usual=_usual,
)
# Classic pages, the newer /platform/ ones, and REST (developer.zuora.com). Each data centre and
# sandbox has its own host.
_PAGES = tuple(
    vendor.customer_page(start + r"(?P<id>[^/?#&]+)", _ACCOUNT)
    for start in (
        r"/apps/CustomerAccount\.do\?(?:[^#]*&)?id=",
        r"/platform/(?:[^?]*/)?accounts?/",
        r"/v1/(?:accounts|object/account)/",
    )
)
# Zuora's page "Zuora Data Centers": apisandbox, sandbox.na, sandbox.eu, test, test.eu, test.ap.
_SANDBOX = re.compile(r"(?:.+\.)?(?:apisandbox|sandbox|test)(?:\.[a-z]{2})?\.zuora\.com")


def _mode(address: Address) -> tuple[Mode, str]:
    return ("SANDBOX" if _SANDBOX.fullmatch(address.host) else ""), ""


_HOST = Parameter(
    "host", "The Zuora host", rf"(?:{vendor.DNS_LABEL}\.){{1,3}}zuora\.com", "www.zuora.com"
)

VENDORS = (
    Vendor(
        "ZUORA",
        "Zuora",
        "Zu",
        ("zuora.com",),  # www, apisandbox, na, eu, sandbox.na, test …: "Zuora Data Centers"
        not_synced=(
            *vendor.NO_BILLING,
            "The customer has no payment method.",
            *vendor.OTHER_BILLING,
        ),
        ids=(_ACCOUNT,),
        pages=_PAGES,
        mode=_mode,
        presets=(
            Preset(
                "Zuora account",  # GitLab's handbook
                "https://<<host>>/apps/CustomerAccount.do?method=view&id={synced_entity_id}",
                (_HOST,),
            ),
        ),
        box="Zuora",
    ),
)
