"""A customer's integrations as a page shows them: its rows, its chips and its pager. No I/O."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from types import MappingProxyType

from integrations_app.customer.chips import MAX_CHIPS, Chip, chips, counted
from integrations_app.customer.query import PAGE_SIZES, Query
from integrations_app.customer.rows import Row, is_of_record, row, with_keys
from integrations_app.customer.states import State
from integrations_app.links.offers import NOWHERE, Place
from integrations_app.stigg import MAX_LIMIT, BrokenRow, Customer, Integration, Page
from integrations_app.vendors import vendor_for

NAMED_BY_CUSTOMER = "Named by the customer record only; Stigg's list leaves it out."


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
    """What the customer record names and the list, wholly in view, leaves out.

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
        if self.next and not shown:
            return "No integrations on this page"
        count = f"{shown} of {known}" if known is not None and known > shown else str(shown)
        noun = "integration" if count == "1" else "integrations"
        names = " and ".join(chip.vendor.name for chip in self.chips if chip.selected)
        return f"{count} {noun}{f', {names} only' if names else ''}"

    @property
    def sizes(self) -> list[tuple[int, Query]]:
        return [(size, self.query.sized(size)) for size in PAGE_SIZES]

    @property
    def has_states(self) -> bool:
        """Is there a state to show? Else there is no column: dashes in every row tell nothing."""
        return any(row.state for row in self.rows)

    @property
    def is_dense(self) -> bool:
        return len(self.rows) > PAGE_SIZES[1]


def listing(
    query: Query,
    customer: Customer | None,
    page: Page,
    *,
    place: Place = NOWHERE,
    states: Mapping[str, State] = MappingProxyType({}),
) -> Listing:
    """What the results region shows. `states` are the known sync states, by integration id."""
    listed = [(item, "") for item in page.rows]
    named = [(item, NAMED_BY_CUSTOMER) for item in unlisted(query, customer, page)]
    items = [*listed, *named]
    rows = [row(item, note=note, place=place, state=states.get(item.id)) for item, note in items]
    ids = query.row_ids
    marked = (number for number, (item, _) in enumerate(items) if is_of_record(item, ids))
    for number in islice(marked, 1):
        rows[number] = replace(rows[number], is_marked=True)
    return Listing(
        query=query,
        rows=tuple(with_keys(rows)),
        chips=tuple(chips(query, customer, page)),
        next=query.following(page.next) if page.next else None,
        prev=query.preceding(page.prev),
        matching=_how_many(query, customer),
    )


def cuts(query: Query, customer: Customer | None, page: Page) -> Iterator[str]:
    """What the desk itself left out of a page, in sentences."""
    if page.left_out:
        yield (
            f"Stigg sent {page.left_out} rows more than a page may hold. "
            f"The desk shows the first {MAX_LIMIT}."
        )
    if unlisted(query, customer, page) and customer and customer.left_out:
        yield (
            f"The customer record names {customer.left_out} integrations more than the desk reads "
            "of it, so some may be missing here."
        )
    vendors = len(list(filter(None, counted(customer) or ())))
    if vendors > MAX_CHIPS:
        yield f"Filters are offered for {MAX_CHIPS} of this customer's {vendors} vendors."


def _how_many(query: Query, customer: Customer | None) -> int | None:
    """How many integrations of the chosen vendors the customer has; None if unknown."""
    known = counted(customer)
    if known is None or not query.vendors:
        return None if known is None else known.total()
    return sum(known[name] for name in query.vendors)
