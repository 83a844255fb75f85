"""Which record does a pasted address name?

An agent copies the address of the page in front of them: a customer in a vendor's system, one in
Stigg, this desk's own page. read() answers with the record and its id. Whether there is such a
customer is for others to say; nothing here is ever requested, so a wrong reading can only fail to
find.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

import ada_url

from integrations_app.stigg.customer_ids import problem_with_customer_id
from integrations_app.vendors import known_vendors
from integrations_app.vendors.vendor import Address, IdShape, Vendor

RecordKind = Literal["desk", "stigg", "vendor", "none"]


@dataclass(frozen=True, slots=True)
class Record:
    """What an address names.

    `environment` is a name of this desk's for a page of its own, and the console's slug for one of
    Stigg's. `text` is the id as the address has it, `id` the same in its usual form. `shape` is set
    for a vendor's record. `note` says what to paste instead, where there is none.
    """

    kind: RecordKind
    id: str = ""
    environment: str = ""
    text: str = ""
    shape: IdShape | None = None
    note: str = ""


# This desk: /<environment>/customers/<id>/integrations/. Stigg's console has the same form, and
# writes it into other systems: docs.stigg.io, stiggEntityUrl.
_CUSTOMER = re.compile(r"/(?P<environment>[^/?#]+)/customers/(?P<id>[^/?#]+)(?=[/?#]|$)")
_CONSOLE = "app.stigg.io"

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
        return _nothing(
            "This address cannot be read. Copy it again, or paste the customer's id or e-mail."
        )
    here = Address(url["hostname"], url["pathname"], url["search"], url["hash"])
    if url["protocol"] not in ("http:", "https:"):
        return _nothing(_stranger(here.host))
    # With and without its port: Django's get_host() has one, ALLOWED_HOSTS has none.
    if {url["host"], here.host} & {own.lower() for own in own_hosts}:
        return _customer_of("desk", here) or _nothing(_no_customer_in("Integrations Desk"))
    if url["host"] == _CONSOLE:
        return _customer_of("stigg", here) or _nothing(_no_customer_in("Stigg"))
    if vendor := _vendor_at(url["host"]):
        return _customer_in(vendor, here) or _nothing(_no_customer_in(vendor.name))
    return _nothing(_stranger(here.host))


def _with_scheme(address: str) -> str:
    # Slashes too many, as in "https:////host", are read as browsers read them.
    return address if _SCHEME.match(address) else f"https://{address}"


def _vendor_at(host: str) -> Vendor | None:
    """Whose pages are there: `host` has no port, or it is nobody's."""
    readable = (vendor for vendor in known_vendors().values() if vendor.pages)
    return next((vendor for vendor in readable if vendor.owns(host)), None)


def _customer_of(kind: RecordKind, here: Address) -> Record | None:
    page = _CUSTOMER.match(here.path)
    customer_id = _decoded(page["id"]) if page else ""
    if not page or problem_with_customer_id(customer_id):
        return None
    return Record(kind, customer_id, _decoded(page["environment"]))


def _customer_in(vendor: Vendor, here: Address) -> Record | None:
    for page in vendor.pages:
        if found := page.pattern.match(here.path + here.search + here.hash):
            text = _decoded(found["id"])
            record_id = page.read(text)
            if not problem_with_customer_id(record_id):
                return Record("vendor", record_id, text=text, shape=page.shape)
    return None


def _decoded(raw: str) -> str:
    # Once: a second time would turn %252e%252e into the ".." that climbs in Stigg's path.
    try:
        return unquote(raw, errors="strict")
    except ValueError:
        return ""


def _nothing(note: str) -> Record:
    return Record("none", note=note)


def _no_customer_in(name: str) -> str:
    """For an address of a known system that leads to no customer: an invoice, a list."""
    return (
        f"This {name} address names no customer. Open the customer in {name} and paste that "
        "address."
    )


def _stranger(hostname: str) -> str:
    names = ", ".join(vendor.name for vendor in known_vendors().values() if vendor.pages)
    domain = hostname.removeprefix("www.")
    hint = (
        f" To search by e-mail domain, paste @{domain}."
        if "." in domain and domain[-1].isalpha()
        else ""
    )
    return (
        f"The desk reads addresses of Stigg, {names} and its own pages. Paste the customer's id, "
        f"e-mail or name instead.{hint}"
    )
