"""Which record does a pasted address name?

An agent copies the address of the page in front of them: a customer in Stripe, a company in
HubSpot, this desk's own page. read() answers with the system and the id in it. Whether that id is
well formed is for lookup.py to say; nothing here is ever requested, so a wrong reading can only
fail to find.
"""

import base64
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote

import ada_url

DESK = "DESK"
STIGG = "STIGG"


@dataclass(frozen=True, slots=True)
class Record:
    """What an address names.

    `system` is DESK, STIGG, a vendorIdentifier, or "" for a host unknown here.
    """

    system: str = ""
    id: str = ""
    environment: str = ""
    note: str = ""


class _System(NamedTuple):
    label: str
    host: re.Pattern[str]
    page: re.Pattern[str]


def _system(label: str, host: str, page: str) -> _System:
    # A page may go deeper (…/cus_1/subscriptions) or carry a query; the id ends where its segment
    # ends.
    return _System(label, re.compile(host), re.compile(page + r"(?=[/?#&]|$)"))


# Hosts are compared whole, so dashboard.stripe.com.evil.example is nobody's.
# No vendor promises its page addresses; these are the ones seen in use:
_SYSTEMS = {
    # This desk: /<environment>/customers/<id>/integrations/. Its hosts are the caller's to name.
    DESK: _system(
        "Integrations Desk", r"(?!)", r"/(?P<environment>[^/?#]+)/customers/(?P<id>[^/?#]+)"
    ),
    # The form Stigg writes into other systems: docs.stigg.io, Zuora overview, stiggEntityUrl.
    STIGG: _system(
        "Stigg", r"app\.stigg\.io", r"/(?P<environment>[^/?#]+)/customers/(?P<id>[^/?#]+)"
    ),
    # Live, test mode, one of several accounts, or both.
    "STRIPE": _system(
        "Stripe", r"dashboard\.stripe\.com", r"(?:/acct_\w+)?(?:/test)?/customers/(?P<id>[^/?#]+)"
    ),
    # Classic pages and the newer /platform/ ones; each data centre and sandbox has its own host.
    "ZUORA": _system(
        "Zuora",
        r"(?:[a-z0-9-]+\.)+zuora\.com",
        r"(?:/apps/CustomerAccount\.do\?(?:[^#]*&)?id=|/platform/(?:[^?]*/)?accounts?/)(?P<id>[^/?#&]+)",
    ),
    # 0-1 is a contact, 0-2 a company: developers.hubspot.com, Understanding the CRM APIs.
    "HUBSPOT": _system(
        "HubSpot",
        r"app(?:-[a-z0-9]+)?\.hubspot\.com",
        r"/contacts/\d+/(?:record/0-[12]|contact|company)/(?P<id>[^/?#]+)",
    ),
    "SALESFORCE": _system(
        "Salesforce",
        r"(?:[a-z0-9-]+\.)+(?:lightning\.force|salesforce)\.com",
        r"(?:/lightning/r/(?:\w+/)?|/)(?P<id>[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?)",
    ),
    "AUTH0": _system(
        "Auth0",
        r"manage\.auth0\.com",
        r"(?:/dashboard/[^/?#]+/[^/?#]+/|/#/)(?:users|organizations)/(?P<id>[^/?#]+)",
    ),
}

_ANYWHERE = re.compile(r"https?:[/\\]+[^\s<>\"]+", re.IGNORECASE)
# "//host/…", "ftp://…", "https:host", and an address whose scheme was lost: "app.stigg.io/…",
# "desk:8000/…". "/" is not legal in a Stigg id, so none of these can be one.
_WHOLE = re.compile(
    r"(?:[a-z][a-z0-9+.-]*:)?//.*|https?:\S.*|[\w-]+(?:(?:\.[\w-]+)+(?::\d+)?|:\d+)/\S*",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:(?!\d)", re.IGNORECASE)
_PARTS = ("protocol", "host", "hostname", "pathname", "search", "hash")


def find(text: str) -> str:
    """The address in the text, also in the middle of a sentence; "" when there is none."""
    if inside := _ANYWHERE.search(text):
        return text if inside[0] == text else inside[0].rstrip(".,;:!)]}'’`")
    return text if _WHOLE.fullmatch(text) else ""


def read(address: str, own_hosts: Collection[str] = ()) -> Record:
    """The record an address names; without an id, the note says what to paste instead."""
    try:
        url = ada_url.parse_url(_with_scheme(address), _PARTS)
    except ValueError:
        return Record(
            note="This address cannot be read. Copy it again, or paste the customer's id or e-mail."
        )
    system = (
        _system_at(url["host"], url["hostname"], own_hosts)
        if url["protocol"] in ("http:", "https:")
        else ""
    )
    if not system:
        return Record(note=_stranger(url["hostname"]))
    return _record(system, url["pathname"] + url["search"] + url["hash"])


def no_customer_in(system: str) -> str:
    """The sentence for an address of a known system that leads to no customer: an invoice, a
    list.
    """
    label = _SYSTEMS[system].label
    return (
        f"This {label} address names no customer. Open the customer in {label} and "
        "paste that address."
    )


def _with_scheme(address: str) -> str:
    # Slashes too many, as in "https:////host", are read as browsers read them.
    return address if _SCHEME.match(address) else f"https://{address}"


def _system_at(host: str, hostname: str, own_hosts: Collection[str]) -> str:
    # With and without its port: Django's get_host() has one, ALLOWED_HOSTS has none.
    if {host, hostname} & {own.lower() for own in own_hosts}:
        return DESK
    return next((name for name, system in _SYSTEMS.items() if system.host.fullmatch(host)), "")


def _record(system: str, path: str) -> Record:
    page = _SYSTEMS[system].page.match(path)
    if not page:
        return Record(system, note=no_customer_in(system))
    named = page.groupdict()
    return Record(
        system, _decoded(system, named["id"]), _percent_decoded(named.get("environment", ""))
    )


def _decoded(system: str, raw: str) -> str:
    text = _percent_decoded(raw)
    if system == "AUTH0" and "|" not in text and not text.startswith("org_"):
        return _base64_decoded(text)  # the dashboard's own links carry a user's id in base64
    return text


def _percent_decoded(raw: str) -> str:
    # Once: a second time would turn %252e%252e into the ".." that climbs in Stigg's path.
    try:
        return unquote(raw, errors="strict")
    except ValueError:
        return ""


def _base64_decoded(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return ""


def _stranger(hostname: str) -> str:
    known = "Stigg, Stripe, Zuora, HubSpot, Salesforce, Auth0 and its own pages"
    domain = hostname.removeprefix("www.")
    hint = (
        f" To search by e-mail domain, paste @{domain}."
        if "." in domain and domain[-1].isalpha()
        else ""
    )
    return (
        f"The desk reads addresses of {known}. Paste the customer's id, e-mail or name "
        f"instead.{hint}"
    )
