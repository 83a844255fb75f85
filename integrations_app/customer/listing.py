"""A customer's integrations as a page shows them: its rows, its chips and its pager. No I/O."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from types import MappingProxyType
from typing import Any

from integrations_app.customer.chips import MAX_CHIPS, Chip, chips, counted
from integrations_app.customer.query import MAX_ROWS, PAGE_SIZES, Query
from integrations_app.customer.rows import Row, is_of_record, row, with_keys
from integrations_app.customer.states import State
from integrations_app.links.offers import NOWHERE, Place
from integrations_app.stigg import BrokenRow, Customer, Integration, Page
from integrations_app.vendors import vendor_for

MANY = 9  # rows, more than one sees at a glance
ORDERS: Mapping[str, Callable[[Row], Any]] = {
    "vendor": lambda row: row.vendor.name.casefold(),
    "state": lambda row: (row.state is None, row.state and row.state.words),
}
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


def is_whole(query: Query, page: Page) -> bool:
    """Are all rows under the filter in view?"""
    return not (query.has_cursor or page.next or page.prev or page.is_part)


def unlisted(query: Query, customer: Customer | None, page: Page) -> list[Integration | BrokenRow]:
    """What the customer record names and the list, wholly in view, leaves out: newer Stiggs."""
    if not (is_whole(query, page) and customer and customer.integrations):
        return []
    listed = {item.id for item in page.rows}
    return [item for item in matching(query, customer.integrations) if item.id not in listed]


@dataclass(frozen=True, slots=True)
class Listing:
    """`looked_at` are the rows among which the text of `find` was looked for. Without `has_states`
    there is no column, for dashes tell nothing. `is_whole` when all rows under the filter are in
    view.
    """

    query: Query
    rows: tuple[Row, ...]
    chips: tuple[Chip, ...]
    next: Query | None
    prev: Query | None
    matching: int | None
    looked_at: int
    has_states: bool
    is_whole: bool = False

    @property
    def summary(self) -> str:
        """Stands above the table, and is read out after a change: "21–40 of 137", for example."""
        if self.next and not self.rows:
            return "No integrations on this page"
        count = self.position or self._count
        noun = "integration" if count == "1" else "integrations"
        return f"{count} {noun}{self.query.in_words}"

    @property
    def position(self) -> str:
        """Which rows of how many, "21–40 of 137"; "" where that is not known for certain."""
        first, known, shown = self.query.offset, self.matching, len(self.rows)
        if first is None or known is None or self.query.find or not 0 < shown < known:
            return ""
        last = first + shown
        fits = last <= known if self.next else last == known
        return f"{first + 1}–{last} of {known}" if fits else ""

    @property
    def _count(self) -> str:
        shown, known = len(self.rows), self.looked_at if self.query.find else self.matching
        is_part = known is not None and (known > shown or self.query.find)
        return f"{shown} of {known}" if is_part else str(shown)

    @property
    def sizes(self) -> list[Query]:
        """This list in pages of other sizes, as far as they are smaller than the list."""
        known = self.matching
        sizes = sorted({*PAGE_SIZES, self.query.usual, MAX_ROWS})
        return [self.query.sized(size) for size in sizes if known is None or size < known]

    @property
    def _fewest(self) -> int:
        return min(PAGE_SIZES[0], self.query.usual)

    @property
    def on_one_page(self) -> Query | None:
        """All rows at once, where the list is known to be short enough."""
        fits = self.matching is not None and self._fewest < self.matching <= MAX_ROWS
        return self.query.sized(MAX_ROWS) if fits else None

    @property
    def has_pages(self) -> bool:
        is_long = self.query.has_cursor or self.next or len(self.rows) > self._fewest
        return bool(is_long and not self.query.find)

    @property
    def can_be_searched(self) -> bool:
        return bool(self.query.find or self.next or self.prev or len(self.rows) > MANY)

    @property
    def can_be_sorted(self) -> bool:
        return self.is_whole and len(self.rows) > 1

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
    known = counted(customer)
    listed = [(item, "") for item in page.rows]
    named = [(item, NAMED_BY_CUSTOMER) for item in unlisted(query, customer, page)]
    items = [*listed, *named]
    rows = [row(item, note=note, place=place, state=states.get(item.id)) for item, note in items]
    shown = [each for each in rows if each.has(query.find)]
    ids = query.row_ids
    marked = (number for number, (item, _) in enumerate(items) if is_of_record(item, ids))
    for number in islice(marked, 1):  # there is no text to find then
        shown[number] = replace(rows[number], is_marked=True)
    if query.sort:
        shown.sort(key=ORDERS[query.sort.removeprefix("-")], reverse=query.sort.startswith("-"))
    return Listing(
        query=query,
        rows=tuple(with_keys(shown)),
        chips=tuple(chips(query, customer, page)),
        next=query.following(page.next, len(rows)) if page.next else None,
        prev=query.preceding(page.prev),
        matching=None if known is None else sum(known[name] for name in query.vendors or known),
        looked_at=len(rows),
        has_states=any(row.state for row in rows),
        is_whole=is_whole(query, page),
    )


def cuts(query: Query, customer: Customer | None, page: Page) -> Iterator[str]:
    """What the desk itself left out of a page, in sentences."""
    if page.left_out:
        yield (
            f"Stigg sent {page.left_out} rows more than a page may hold. The desk leaves them out."
        )
    if unlisted(query, customer, page) and customer and customer.left_out:
        yield (
            f"The customer record names {customer.left_out} integrations more than the desk reads "
            "of it, so some may be missing here."
        )
    vendors = len(list(filter(None, counted(customer) or ())))
    if vendors > MAX_CHIPS:
        yield f"Filters are offered for {MAX_CHIPS} of this customer's {vendors} vendors."
