"""Open a customer: its calls side by side, and what is shown when one of them fails."""

from dataclasses import dataclass
from datetime import UTC, datetime

from integrations_app.customer import sync
from integrations_app.customer.listing import (
    PAGE_SIZES,
    Chip,
    Listing,
    Query,
    chips,
    listing,
    matching,
    unlisted,
)
from integrations_app.customer.walks import START, without_circles
from integrations_app.links.models import set_by_operators
from integrations_app.links.offers import Place
from integrations_app.stigg import (
    MAX_LIMIT,
    BadRequest,
    Customer,
    CustomerNotFound,
    Page,
    StiggError,
)
from integrations_app.upstream.environments import Environment
from integrations_app.upstream.problems import Problem, problem_for
from integrations_app.upstream.visit import NoCopy, Visit

MAX_WALKED_PAGES = 5

EXPIRED = (
    "That page is no longer there: the list has changed since the address was "
    "made. This is the first page."
)
FILTERED_HERE = (
    "Stigg does not filter by what you chose, so the desk read the whole list and "
    "filtered it itself."
)
CUT = (
    "The list is long: the desk looked through its first "
    f"{MAX_WALKED_PAGES * MAX_LIMIT} integrations only."
)
CIRCLE = (
    "Stigg's page marks lead in a circle here. The desk ends the list where it "
    "would begin to repeat itself."
)
NO_CUSTOMER = (
    "Stigg did not give the customer's name and counts just now. The list itself is not affected."
)


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """What came of opening a customer: each part that came, and the problem that stands in place of
    the list.

    `read_at` is when the oldest part came from Stigg. `trouble` is why parts of it are copies from
    before.
    """

    customer: Customer | None
    query: Query
    listing: Listing | None = None
    problem: Problem | None = None
    notices: tuple[str, ...] = ()
    read_at: datetime | None = None
    trouble: Problem | None = None

    @property
    def status(self) -> int:
        return self.problem.status if self.problem else 200

    @property
    def total(self) -> int | None:
        """How many integrations the customer has, as far as Stigg told."""
        counts = self.customer.vendor_counts if self.customer else None
        return None if counts is None else counts.total()

    @property
    def chips(self) -> tuple[Chip, ...]:
        return self.listing.chips if self.listing else tuple(chips(self.query, self.customer, None))


def open_customer(
    environment: Environment, customer_id: str, query: Query, *, refresh: bool = False
) -> CustomerPage:
    """Read the customer, a page of its integrations and their sync states; with `refresh`, past
    what is kept.
    """
    visit = environment.visit(refresh=refresh)
    answers = visit.gather(
        customer=lambda: visit.get_customer(customer_id),
        found=lambda: read_page(visit, customer_id, query),
        **sync.calls(environment, visit, customer_id),
    )
    customer, notices = _known(environment, answers["customer"])
    found = _or_not_found(answers["found"], answers["customer"])
    if isinstance(found, StiggError):
        environment.log("integrations", found)
        return CustomerPage(customer, query, problem=problem_for(found))
    if visit.trouble:
        environment.log("shown from a copy", visit.trouble)
    shown = {item.id for item in (*found.page.rows, *unlisted(found.query, customer, found.page))}
    states, missing = sync.answered(environment, answers.get("states"), shown)
    return CustomerPage(
        customer,
        found.query,
        listing(found.query, customer, found.page, _place(environment, customer_id), states),
        notices=found.notices + notices + missing,
        read_at=datetime.fromtimestamp(visit.read_at, UTC) if visit.read_at else None,
        trouble=problem_for(visit.trouble) if visit.trouble else None,
    )


def _place(environment: Environment, customer_id: str) -> Place:
    templates, hosts = set_by_operators(environment.name)
    return Place(customer_id, environment.label, environment.live, templates, hosts)


@dataclass(frozen=True, slots=True)
class Found:
    """A page, the query that it really answers, and what the agent should know about the
    difference.
    """

    query: Query
    page: Page
    notices: tuple[str, ...] = ()


def read_page(visit: Visit, customer_id: str, query: Query) -> Found:
    """Read a page. A cursor that has expired gives the first page, a filter that Stigg refuses is
    applied here.

    Whether Stigg refuses an old cursor or answers it with an empty page is not documented; both are
    met.
    """
    try:
        page = _list(visit, customer_id, query)
        if page.rows or not query.has_cursor:
            return _straight(visit, customer_id, Found(query, page))
    except NoCopy:
        return _from_whole_copy(visit, customer_id, query)
    except BadRequest:
        if not query.has_cursor and not query.vendors:
            raise
    if query.has_cursor:
        first = read_page(visit, customer_id, query.start())
        return Found(first.query, first.page, (EXPIRED, *first.notices))
    return _filter_here(visit, customer_id, query)


def _list(visit: Visit, customer_id: str, query: Query) -> Page:
    return visit.list_integrations(
        customer_id,
        after=query.after,
        before=query.before,
        limit=query.limit,
        vendor_identifier=query.vendors,
    )


def _straight(visit: Visit, customer_id: str, found: Found) -> Found:
    query, page = found.query, found.page
    here = (
        f"after:{query.after}"
        if query.after
        else f"before:{query.before}"
        if query.before
        else START
    )
    straight = without_circles(visit.memory, f"{customer_id}{query.start()}", here, page)
    return found if straight == page else Found(query, straight, (*found.notices, CIRCLE))


def _from_whole_copy(visit: Visit, customer_id: str, query: Query) -> Found:
    """Filter a kept list, where it is whole: chips answer at once, and also while Stigg does not.

    Raises NoCopy.
    """
    for limit in (
        dict.fromkeys((query.limit, *PAGE_SIZES)) if query.vendors and not query.has_cursor else ()
    ):
        try:
            page = _list(visit, customer_id, query.unfiltered().sized(limit))
        except NoCopy:
            continue
        rows = tuple(matching(query, page.rows))
        if not page.next and not page.prev and len(rows) <= query.limit:
            return Found(query, Page(rows))
    raise NoCopy


def _filter_here(visit: Visit, customer_id: str, query: Query) -> Found:
    step, rows, seen = query.unfiltered().sized(MAX_LIMIT), [], set[str]()
    for _ in range(MAX_WALKED_PAGES):
        page = _list(visit, customer_id, step)
        rows += matching(query, page.rows)
        if not page.next or page.next in seen:
            circle = (CIRCLE,) if page.next else ()
            return Found(query, Page(tuple(rows)), (FILTERED_HERE, *circle))
        seen.add(page.next)
        step = step.following(page.next)
    return Found(query, Page(tuple(rows)), (FILTERED_HERE, CUT))


def _known(
    environment: Environment, answer: Customer | StiggError
) -> tuple[Customer | None, tuple[str, ...]]:
    if isinstance(answer, Customer):
        return answer, ()
    environment.log("customer", answer)
    return None, (NO_CUSTOMER,)


def _or_not_found(found: Found | StiggError, customer: Customer | StiggError) -> Found | StiggError:
    """An unknown customer may come as an empty list; then the customer's own 404 is the truth."""
    empty = isinstance(found, Found) and not found.page.rows
    return customer if empty and isinstance(customer, CustomerNotFound) else found
