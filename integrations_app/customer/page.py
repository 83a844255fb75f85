"""Open a customer: its calls side by side, and what is shown when one of them fails."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from threading import BoundedSemaphore
from typing import Any

from django.urls import reverse

from integrations_app import metrics
from integrations_app.customer import sync
from integrations_app.customer.chips import Chip, chips
from integrations_app.customer.listing import Listing, cuts, is_whole, listing, unlisted
from integrations_app.customer.query import Query
from integrations_app.customer.reading import (
    Found,
    read_ahead,
    read_page_of_row,
    readings,
    without_circles,
)
from integrations_app.customer.rows import is_of_record
from integrations_app.links.models import link_settings
from integrations_app.links.offers import Place
from integrations_app.stigg import Customer, CustomerNotFound, StiggError
from integrations_app.upstream.environments import Environment, beside
from integrations_app.upstream.fresh_or_copy import Call, Visit
from integrations_app.upstream.kept import Kept
from integrations_app.upstream.limits import Late
from integrations_app.upstream.problems import Problem, problem_for
from integrations_app.vendors import known_vendors

EXTRAS = ("states",)
MOST_AHEAD = 4  # calls at once: look-ups use the same threads
NO_CUSTOMER = (
    "Stigg did not give the customer's name and counts just now. The list itself is not affected."
)

_ahead = BoundedSemaphore(MOST_AHEAD)
# A few, for an agent comes back while the answers are fresh. 100 rows weigh half a megabyte
_pages: Kept["CustomerPage"] = Kept(32)
MOST_ROWS_KEPT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What came of opening a page: `problem` stands in place of what it is about. `read_at` is when
    the oldest part came from Stigg, `trouble` why parts are copies from before.
    """

    customer: Customer | None
    problem: Problem | None = None
    read_at: datetime | None = None
    trouble: Problem | None = None

    @property
    def status(self) -> int:
        return self.problem.status if self.problem else 200

    @property
    def outcome(self) -> str:
        """For the record."""
        return self.problem.kind if self.problem else "shown"

    @property
    def name(self) -> str:
        return (self.customer and self.customer.name) or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerPage(Opened):
    """`row_missing` is in words where the looked-up record has no row, `has_failed` whether any of
    the customer's integrations failed to sync, as far as Stigg told. `regions` are what it looked
    like to agents.
    """

    query: Query
    listing: Listing | None = None
    notices: tuple[str, ...] = ()
    row_missing: str = ""
    states_are_late: bool = False
    has_failed: bool = False
    regions: Kept[str] = field(default_factory=partial(Kept, 4), compare=False, repr=False)

    @property
    def total(self) -> int | None:
        """How many integrations the customer has, as far as Stigg told."""
        counts = self.customer.vendor_counts if self.customer else None
        return None if counts is None else counts.total()

    @property
    def position(self) -> str:
        return self.listing.position if self.listing else ""

    @property
    def record_ids(self) -> tuple[str, ...]:
        """The vendors' ids of the rows in view, and of all that the customer's record names."""
        rows = self.listing.rows if self.listing else ()
        named = self.customer.record_ids if self.customer else ()
        return tuple({*named, *(row.synced_entity_id for row in rows if row.synced_entity_id)})

    @property
    def chips(self) -> tuple[Chip, ...]:
        return self.listing.chips if self.listing else tuple(chips(self.query, self.customer, None))


def open_customer(
    environment: Environment,
    customer_id: str,
    query: Query,
    *,
    refresh: bool = False,
    extras: Collection[str] = EXTRAS,
) -> CustomerPage:
    """With `refresh` past what is kept; `extras` are not waited for."""
    visit = environment.visit(refresh=refresh)
    waits_not = () if query.needs_states else extras
    answers = visit.gather(waits_not, **_calls(visit, customer_id, query))
    customer = _known(environment, answers["customer"])
    found = _or_not_found(answers["found"], answers["customer"])
    if isinstance(found, StiggError):
        environment.log("integrations", found)
        return CustomerPage(customer=customer, query=query, problem=problem_for(found))
    found, row_missing = _with_row(visit, customer_id, found, customer)
    found = without_circles(visit.memory, customer_id, found)
    place = place_of(environment, customer_id)
    make = partial(_page, environment, visit, answers, customer, found, place, row_missing)
    failed = visit.trouble or any(isinstance(answer, StiggError) for answer in answers.values())
    if failed or len(found.page.rows) > MOST_ROWS_KEPT:
        return _counted(make())
    return _counted(_pages.get_or_make((place, visit.came_at, found, row_missing), make))


def _page(
    environment: Environment,
    visit: Visit,
    answers: Mapping[str, Any],
    customer: Customer | None,
    found: Found,
    place: Place,
    row_missing: str,
) -> CustomerPage:
    if not is_whole(found.query, found.page):
        found = replace(found, query=replace(found.query, sort=""))
    shown = {item.id for item in (*found.page.rows, *unlisted(found.query, customer, found.page))}
    states, missing = sync.answered(environment, answers.get("states"), shown)
    unknown = () if customer else (NO_CUSTOMER,)
    return CustomerPage(
        customer=customer,
        query=found.query,
        listing=listing(found.query, customer, found.page, place=place, states=states),
        notices=(*found.notices, *unknown, *missing, *cuts(found.query, customer, found.page)),
        row_missing=row_missing,
        states_are_late=isinstance(answers.get("states"), Late),
        has_failed=sync.has_failed(answers.get("states")),
        **age(environment, visit),
    )


def age(environment: Environment, visit: Visit) -> dict[str, Any]:
    """Of a page's answers; copies from before are told to the log."""
    if visit.trouble:
        environment.log("shown from a copy", visit.trouble)
    return {
        "read_at": datetime.fromtimestamp(visit.read_at, UTC) if visit.read_at else None,
        "trouble": problem_for(visit.trouble) if visit.trouble else None,
    }


def _counted(opened: CustomerPage) -> CustomerPage:
    for row in opened.listing.rows if opened.listing else ():
        known = row.vendor.identifier in known_vendors()
        vendor = row.vendor.identifier if known else metrics.OTHER
        metrics.LINKS.labels(vendor, row.link.kind).inc()
    return opened


def _calls(visit: Visit, customer_id: str, query: Query) -> dict[str, Call | Sequence[Call]]:
    return {
        "customer": lambda stigg: stigg.get_customer(customer_id),
        "found": readings(customer_id, query),
        **sync.calls(visit.memory, customer_id),
    }


def _with_row(
    visit: Visit, customer_id: str, found: Found, customer: Customer | None
) -> tuple[Found, str]:
    """With the looked-up record's row, or in words where that is not. Stigg is asked for more pages
    only where the customer's record names it, or did not come.
    """
    query, ids = found.query, found.query.row_ids
    items = (*found.page.rows, *unlisted(query, customer, found.page))
    if not ids or any(is_of_record(item, ids) for item in items):
        return found, ""
    if query.has_cursor or not found.page.next:
        return found, "is in none of these rows"
    if customer and customer.bare is not None and ids.isdisjoint(customer.record_ids):
        return found, "is not named by Stigg's record of this customer"
    read = partial(read_page_of_row, customer_id=customer_id, query=query)
    other = visit.gather(row=read)["row"]
    if isinstance(other, StiggError):
        return found, "was not found in these rows, and Stigg did not give the others"
    return (other, "") if isinstance(other, Found) else (found, other)


def prefetch(visit: Visit, customer_id: str) -> bool:
    """What the page will ask is kept then, or on its way. Rows that came vouch for the id."""
    found = visit.gather(EXTRAS, **_calls(visit, customer_id, Query()))["found"]
    return isinstance(found, Found) and bool(found.page.rows)


def prefetch_page(environment: Environment, customer_id: str, query: Query) -> None:
    """One call, for which nobody waits, while no page waits for a place and half are free."""
    read = partial(read_ahead, customer_id=customer_id, query=query)
    if environment.upstream.has_time and _ahead.acquire(blocking=False):
        asked = beside().submit(environment.visit().gather, ahead=read)
        asked.add_done_callback(lambda _: _ahead.release())


def place_of(environment: Environment, customer_id: str) -> Place:
    page = reverse("integrations", args=[environment.name, customer_id])
    return Place(
        customer_id,
        environment.label,
        environment.live,
        link_settings(environment.name),
        page.removesuffix("integrations/"),
    )


def _known(environment: Environment, answer: Customer | StiggError) -> Customer | None:
    if isinstance(answer, Customer):
        return answer
    environment.log("customer", answer)
    return None


def _or_not_found(found: Found | StiggError, customer: Customer | StiggError) -> Found | StiggError:
    """An unknown customer may come as an empty list; then the customer's own 404 is the truth."""
    empty = isinstance(found, Found) and not found.page.rows
    return customer if empty and isinstance(customer, CustomerNotFound) else found
