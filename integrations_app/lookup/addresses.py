"""Which records does a pasted address name? A customer in a vendor's system, in Stigg, or here.

Nothing here is ever requested, so a wrong reading can only fail to find.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

import ada_url

from integrations_app.lookup import wrappers
from integrations_app.stigg.customer_ids import problem_with_customer_id
from integrations_app.vendors import known_vendors
from integrations_app.vendors.vendor import Address, IdShape, Vendor

RecordKind = Literal["desk_page", "stigg_page", "subscription", "vendor_id", "text"]
MAX_STEPS = 4  # an address in an address in an address


@dataclass(frozen=True, slots=True)
class Record:
    """Something that an address names.

    `environment` is a name of this desk's for a page of its own, and the console's slug for one of
    Stigg's. `text` is the id as the address has it, `id` the same in its usual form. `shape` is set
    for a vendor's record. A `text` is what somebody searched for: an id or an e-mail may be in it.
    """

    kind: RecordKind
    id: str
    environment: str = ""
    text: str = ""
    shape: IdShape | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """The page's own record first. `note` says what to paste instead, if they lead nowhere."""

    records: tuple[Record, ...]
    note: str


# This desk, after its BASE_PATH: /<environment>/customers/<id>/integrations/. Stigg's console has
# the same form, and writes it and that of subscriptions into other systems: docs.stigg.io,
# stiggEntityUrl.
_PAGE = re.compile(
    r"(?:/[^/?#]+)*?/(?P<environment>[^/?#]+)"
    r"/(?P<what>customers|subscriptions)/(?P<id>[^/?#]+)(?=[/?#]|$)"
)
_CONSOLE = "app.stigg.io"
# Parameters of any system: of pages that lead on to another, and of what somebody searched for.
_LEADS_ON = frozenset("destination loginRedirectUrl next redirect startURL ws".split())  # noqa: SIM905 - a table
_SEARCHES = frozenset("customer email q query search".split())  # noqa: SIM905 - a table

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


def read(address: str, own_hosts: Collection[str] = (), steps: int = MAX_STEPS) -> Reading:
    """At most MAX_STEPS addresses inside one another, each shorter than the one around it."""
    try:
        # Slashes too many, as in "https:////host", are read as browsers read them
        whole = address if _SCHEME.match(address) else f"https://{address}"
        url = ada_url.parse_url(whole, _PARTS)
    except ValueError:
        return Reading(
            (), "This address cannot be read. Copy it again, or paste the customer's id or e-mail."
        )
    here = Address(url["hostname"], url["pathname"], url["search"], url["hash"])
    if url["protocol"] not in ("http:", "https:"):
        return Reading((), _stranger(here.host))
    if steps and (inside := wrappers.inside(here)):
        return read(inside, own_hosts, steps - 1)
    system = _system_at(url["host"], here.host, own_hosts)
    if not system:
        return Reading((), _stranger(here.host))
    start = f"{url['protocol']}//{url['host']}"
    ahead = _ahead(start, here, own_hosts, steps) if steps else ()
    searched = [
        Record("text", value) for name, value in here.parameters if name in _SEARCHES and value
    ]
    return Reading((*_on_page(system, here), *searched, *ahead), _no_customer_in(system))


_System = Literal["Integrations Desk", "Stigg"] | Vendor
_PAGES: Mapping[object, RecordKind] = {"Integrations Desk": "desk_page", "Stigg": "stigg_page"}


def _system_at(host: str, hostname: str, own_hosts: Collection[str]) -> _System | None:
    """Whose pages are there: nobody's, where `host` has a port, which is not the usual one then."""
    # With and without its port: Django's get_host() has one, ALLOWED_HOSTS has none.
    if {host, hostname} & {own.lower() for own in own_hosts}:
        return "Integrations Desk"
    if host == _CONSOLE:
        return "Stigg"
    readable = (vendor for vendor in known_vendors().values() if vendor.pages)
    return next((vendor for vendor in readable if vendor.owns(host)), None)


def _on_page(system: _System, here: Address) -> Iterator[Record]:
    if isinstance(system, Vendor):
        yield from _vendors(system, here.path + here.search + here.hash)
    elif page := _PAGE.match(here.path):
        is_subscription = page["what"] == "subscriptions"
        kind = "subscription" if is_subscription else _PAGES[system]
        record = Record(kind, _decoded(page["id"]), _decoded(page["environment"]))
        if not problem_with_customer_id(record.id) and not (is_subscription and system != "Stigg"):
            yield record


def _vendors(vendor: Vendor, tail: str) -> Iterator[Record]:
    for page in vendor.pages:
        if found := page.pattern.match(tail):
            text = _decoded(found["id"])
            record_id = page.read(text)
            if not problem_with_customer_id(record_id):
                yield Record("vendor_id", record_id, text=text, shape=page.shape)
            return


def _ahead(start: str, here: Address, own_hosts: Collection[str], steps: int) -> Iterator[Record]:
    """What the pages name to which this one leads on."""
    for name, value in here.parameters:
        if name in _LEADS_ON and value:
            inside = value if _SCHEME.match(value) else f"{start}/{value.lstrip('/')}"
            yield from read(inside, own_hosts, steps - 1).records


def _decoded(raw: str) -> str:
    # Once: a second time would turn %252e%252e into the ".." that climbs in Stigg's path.
    try:
        return unquote(raw, errors="strict")
    except ValueError:
        return ""


def _no_customer_in(system: _System) -> str:
    """For an address of a known system that leads to no customer: an invoice, a list."""
    name = system.name if isinstance(system, Vendor) else system
    return (
        f"There is no customer in this {name} address that the desk can read. Open the customer "
        f"in {name} and paste that address."
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
