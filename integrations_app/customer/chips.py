"""The vendors to filter by, each with how many integrations the customer has. No I/O."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from integrations_app.customer.query import VENDOR_PATTERN, Query
from integrations_app.stigg import Customer, Page
from integrations_app.vendors import vendor_for
from integrations_app.vendors.vendor import Vendor

MAX_CHIPS = 30


@dataclass(frozen=True, slots=True)
class Chip:
    """One vendor to filter by. `count` is None if unknown; `query` if it cannot be asked."""

    vendor: Vendor
    count: int | None
    selected: bool
    query: Query | None


def counted(customer: Customer | None) -> Counter[str] | None:
    """The customer's integrations by vendor, however Stigg spells that; None if unknown."""
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
    counts = known
    if counts is None:
        counts = _by_vendor(Counter(item.vendor_identifier for item in rows))
    order = sorted(filter(None, counts), key=lambda name: (-counts[name], name))[:MAX_CHIPS]
    order += [name for name in query.vendors if name not in order]
    return [
        Chip(
            vendor=vendor_for(name),
            count=counts[name] if known is not None else None,
            selected=name in query.vendors,
            query=query.toggled(name) if VENDOR_PATTERN.fullmatch(name) else None,
        )
        for name in order
    ]
