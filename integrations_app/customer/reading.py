"""One page of a list, whatever Stigg makes of the address: an old cursor, a filter, a circle.

A cursor that leads in a circle ends the list. An address says only where it is, so the order of the
pages is remembered beside the answers: the first page is number 0, the page that `next` leads to
one more, the page that `prev` leads to one less. A cursor that leads to the page itself, forward to
a page with a lower number, or back to one with a higher, has been walked before. Pages that nobody
came to from the first page are not judged.
"""

from dataclasses import dataclass, replace
from hashlib import sha256

from integrations_app.customer.listing import matching
from integrations_app.customer.query import PAGE_SIZES, Query
from integrations_app.stigg import MAX_LIMIT, BadRequest, Page
from integrations_app.upstream.visit import Memory, NoCopy, Visit

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
REMEMBERED_SECONDS = 600
START = "start"


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


def without_circles(memory: Memory, walk: str, here: str, page: Page) -> Page:
    """The page without the cursors that lead in a circle.

    `here` is `after:…`, `before:…` or START.
    """
    if not page.next and not page.prev:
        return page
    # It names a customer, and caches take few characters in a name.
    walk = f"walk:{sha256(walk.encode()).hexdigest()[:32]}"
    numbers: dict[str, int] = memory.get(walk) or {START: 0}
    ahead, back = f"after:{page.next}", f"before:{page.prev}"
    number = numbers.get(here)
    if page.next and (
        ahead == here or (number is not None and numbers.get(ahead, number + 1) < number)
    ):
        page = replace(page, next=None)
    if page.prev and (
        back == here or (number is not None and numbers.get(back, number - 1) > number)
    ):
        page = replace(page, prev=None)
    if number is not None:
        memory.set(walk, {ahead: number + 1, back: number - 1, **numbers}, REMEMBERED_SECONDS)
    return page
