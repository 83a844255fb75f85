"""Salesforce."""

import re
import string

from .vendor import DNS_LABEL, Address, IdShape, Mode, Parameter, Preset, Vendor, customer_page

_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Z0-5]{3})?")
_RECORDS = ("001", "003", "006")  # accounts, contacts, opportunities


def checked(text: str) -> str:
    """The 18-character form of a record id; "" when it is none, or its check is wrong.

    The last three say which of the first fifteen are capitals, five at a time, the first of the
    five as the lowest bit (Salesforce: CASESAFEID).
    """
    if not _ID.fullmatch(text):
        return ""
    fives = (text[start : start + 5] for start in (0, 5, 10))
    sums = (sum(1 << place for place, c in enumerate(five) if c.isupper()) for five in fives)
    whole = text[:15] + "".join((string.ascii_uppercase + "012345")[number] for number in sums)
    return whole if whole.startswith(text) else ""


def _alone(text: str) -> str:
    """Fifteen characters carry no check, so only a known kind of record speaks for them."""
    return checked(text) if len(text) == 18 or text.startswith(_RECORDS) else ""


_RECORD = IdShape(
    "Salesforce id",
    _ID,
    fields=("salesforceId",),
    near_miss=(
        "It must be the account in Salesforce. Capitals matter in the first fifteen characters."
    ),
    usual=_alone,
    spellings=lambda text: (text, text[:15]),
)
# Lightning, its first form with the path after the hash, and Classic. Any record may stand there,
# so the place proves nothing: the check does.
_PAGES = (
    customer_page(
        r"(?:/lightning/r/(?:\w+/)?|/one/one\.app[^#]*#/(?:sObject|alohaRedirect)/|/)"
        r"(?P<id>[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?)(?:[^\w/?#&][^/?#&]*)?",
        _RECORD,
        checked,
    ),
)
# Salesforce Help, "My Domain URL Formats": what stands between the org's name and the suffix when
# the org is not production. Before enhanced domains a sandbox was acme--uat, or on instance cs5.
_KINDS = frozenset("sandbox develop scratch demo patch trailblaze free".split())  # noqa: SIM905 - a table
_INSTANCE = re.compile(r"cs[0-9]{1,3}")


def _mode(address: Address) -> tuple[Mode, str]:
    name, *rest = address.host.split(".")
    is_sandbox = (
        "--" in name
        or name.endswith("-dev-ed")
        or address.host == "test.salesforce.com"
        or not _KINDS.isdisjoint(rest)
        or any(map(_INSTANCE.fullmatch, (name, *rest)))
    )
    return ("SANDBOX" if is_sandbox else ""), ""


_MY_DOMAIN = Parameter(
    "my_domain", "My Domain", rf"{DNS_LABEL}(?:\.sandbox)?", "acme or acme--uat.sandbox"
)

VENDORS = (
    Vendor(
        "SALESFORCE",
        "Salesforce",
        "Sf",
        # Salesforce Help, "My Domain". Not all of force.com: customers' public sites lived there
        # (unconfirmed).
        ("salesforce.com", "lightning.force.com"),
        ids=(_RECORD,),
        pages=_PAGES,
        mode=_mode,
        presets=(  # GitLab, Lago, public write-ups
            Preset(
                "Salesforce account",
                "https://<<my_domain>>.lightning.force.com/lightning/r/Account/{synced_entity_id}/view",
                (_MY_DOMAIN,),
            ),
            Preset(
                "Salesforce, any record",
                "https://<<my_domain>>.my.salesforce.com/{synced_entity_id}",
                (_MY_DOMAIN,),
            ),
        ),
        box="Salesforce",
    ),
)
