"""A customer's integrations as a page shows them: the query, the rows, the chips and the pager. No
I/O.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from urllib.parse import quote

from integrations_app.customer.query import PAGE_SIZES, VENDOR_PATTERN, Query
from integrations_app.customer.states import State
from integrations_app.links.judge import Link
from integrations_app.links.offers import NOWHERE, Offer, Place, offer
from integrations_app.stigg import (
    BrokenRow,
    Customer,
    Integration,
    Page,
    SyncData,
)
from integrations_app.vendors import vendor_for
from integrations_app.vendors.vendor import Vendor

MAX_CHIPS = 30
UNKNOWN_FORM = "Stigg sent details in a form that the desk does not know."


@dataclass(frozen=True, slots=True)
class Row:
    """One integration as shown.

    `problem` is set for a row that could not be read; the rest of it may be empty.

    `key` is the number that opens the row's link from the keyboard, for the first nine links of a
    page.
    """

    integration_id: str
    vendor: Vendor
    offer: Offer
    synced_entity_id: str = ""
    billing_id: str = ""
    price_group_id: str = ""
    dimensions: str = ""
    note: str = ""
    problem: str = ""
    state: State | None = None
    key: str = ""

    @property
    def link(self) -> Link:
        return self.offer.link

    @property
    def name(self) -> str:
        """What a link or a button of this row is named by."""
        return self.synced_entity_id or self.billing_id or self.integration_id

    @property
    def has_notes(self) -> bool:
        """Is there something to say beside the link, as there is not for most rows?"""
        of, link = self.offer, self.link
        return bool(link.account or link.kind == "unfamiliar" or of.warning or of.other or of.why)

    @property
    def report(self) -> str:
        """The query of the page that reports this row's link as wrong."""
        source = "template" if self.offer.template else "stigg"
        vendor, integration, host = (
            quote(of[:255]) for of in (self.vendor.identifier, self.integration_id, self.link.host)
        )
        return (
            f"vendor_identifier={vendor}&integration_id={integration}&host={host}&source={source}"
        )


def row(
    item: Integration | BrokenRow,
    note: str = "",
    place: Place = NOWHERE,
    state: State | None = None,
) -> Row:
    vendor = vendor_for(item.vendor_identifier)
    if isinstance(item, BrokenRow):
        return Row(
            item.id, vendor, offer(None, vendor, None, None), problem=item.problem, state=state
        )
    data = item.sync_data or SyncData()
    return Row(
        item.id,
        vendor,
        offer(data.billing_link_url, vendor, item.synced_entity_id, data.billing_id, place),
        item.synced_entity_id or "",
        data.billing_id or "",
        data.price_group_package_billing_id or "",
        data.dimensions or "",
        note if item.sync_data is None or data.is_known else UNKNOWN_FORM,
        state=state,
    )


def _with_keys(rows: Iterable[Row]) -> Iterable[Row]:
    """The first nine that open get the key that opens them."""
    keys = iter("123456789")
    for shown in rows:
        key = next(keys, "") if shown.offer.opens else ""
        yield replace(shown, key=key) if key else shown


@dataclass(frozen=True, slots=True)
class Chip:
    """One vendor to filter by.

    `count` is None when Stigg did not tell; `query` is empty when it cannot be asked.
    """

    vendor: Vendor
    count: int | None
    selected: bool
    query: Query | None


def counted(customer: Customer | None) -> Counter[str] | None:
    """The customer's integrations by the vendor that is shown, in whatever letters Stigg writes it;
    None if unknown.
    """
    known = customer.vendor_counts if customer else None
    return None if known is None else _by_vendor(known)


def _by_vendor(written: Mapping[str, int]) -> Counter[str]:
    counts = Counter[str]()
    for identifier, count in written.items():
        counts[vendor_for(identifier).identifier] += count
    return counts


def chips(query: Query, customer: Customer | None, page: Page | None) -> list[Chip]:
    """The customer's own vendors, most used first, and whatever is already chosen."""
    known, rows = counted(customer), page.rows if page else ()
    counts = (
        known if known is not None else _by_vendor(Counter(item.vendor_identifier for item in rows))
    )
    order = sorted(filter(None, counts), key=lambda name: (-counts[name], name))[:MAX_CHIPS]
    order += [name for name in query.vendors if name not in order]
    return [
        Chip(
            vendor_for(name),
            counts[name] if known is not None else None,
            name in query.vendors,
            query.toggled(name) if VENDOR_PATTERN.fullmatch(name) else None,
        )
        for name in order
    ]


def matching(
    query: Query, items: Iterable[Integration | BrokenRow]
) -> list[Integration | BrokenRow]:
    chosen = query.vendors
    return [
        item
        for item in items
        if not chosen or vendor_for(item.vendor_identifier).identifier in chosen
    ]


def unlisted(query: Query, customer: Customer | None, page: Page) -> list[Integration | BrokenRow]:
    """Integrations that the customer record names and the list leaves out, when the list is wholly
    in view.

    Newer versions of Stigg list four vendors only, while the record still carries all of them.
    """
    if query.has_cursor or page.next or page.prev or not (customer and customer.integrations):
        return []
    listed = {item.id for item in page.rows}
    return [item for item in matching(query, customer.integrations) if item.id not in listed]


@dataclass(frozen=True, slots=True)
class Listing:
    """Everything that the results region shows."""

    query: Query
    rows: tuple[Row, ...]
    chips: tuple[Chip, ...]
    next: Query | None
    prev: Query | None
    matching: int | None

    @property
    def summary(self) -> str:
        """What stands above the table and is read out after a change: "20 of 137 integrations"."""
        shown, known = len(self.rows), self.matching
        count = f"{shown} of {known}" if known is not None and known > shown else str(shown)
        noun = "integration" if count == "1" else "integrations"
        names = " and ".join(chip.vendor.name for chip in self.chips if chip.selected)
        return f"{count} {noun}{f', {names} only' if names else ''}"

    @property
    def sizes(self) -> list[tuple[int, Query]]:
        return [(size, self.query.sized(size)) for size in PAGE_SIZES]

    @property
    def has_states(self) -> bool:
        """Is there a state to show? Without one there is no column: a dash in every row would tell
        nothing.
        """
        return any(row.state for row in self.rows)

    @property
    def is_dense(self) -> bool:
        return len(self.rows) > PAGE_SIZES[1]


def listing(
    query: Query,
    customer: Customer | None,
    page: Page,
    place: Place = NOWHERE,
    states: Mapping[str, State] = MappingProxyType({}),
) -> Listing:
    """What the results region shows.

    `states` are the sync states that are known, by integration id.
    """
    extra = unlisted(query, customer, page)
    note = "Named by the customer record only; Stigg's list leaves it out."
    items = [*((item, "") for item in page.rows), *((item, note) for item in extra)]
    rows = (row(item, said, place, states.get(item.id)) for item, said in items)
    known = counted(customer)
    return Listing(
        query,
        tuple(_with_keys(rows)),
        tuple(chips(query, customer, page)),
        query.following(page.next) if page.next else None,
        query.preceding(page.prev) if page.prev else None,
        sum(count for name, count in known.items() if name in query.vendors or not query.vendors)
        if known is not None
        else None,
    )
