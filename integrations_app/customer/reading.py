"""One page of a list, whatever Stigg makes of the address: an old cursor, a filter, a circle."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256

from integrations_app.customer.listing import matching
from integrations_app.customer.query import PAGE_SIZES, START, Query
from integrations_app.customer.rows import is_of_record
from integrations_app.stigg import MAX_LIMIT, BadRequest, BrokenRow, Calls, Integration, Page, Sent
from integrations_app.upstream.copies import Memory, NoCopy
from integrations_app.upstream.fresh_or_copy import Call

MAX_WALKED_PAGES = 5
EXPIRED = "Stigg gave no rows for the page of the list in the address. This is the first page."
FILTERED_HERE = (
    "Stigg does not filter by what you chose, so the desk read the whole list and "
    "filtered it itself."
)
CUT = (
    "The list is long: the desk looked through its first "
    f"{MAX_WALKED_PAGES * MAX_LIMIT} integrations only."
)
CIRCLE = "Stigg sent the same page twice, so the list stops here. It may be incomplete."
REMEMBERED_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Found:
    """A page, the query that it really answers, and what is to be said about the difference."""

    query: Query
    page: Page
    notices: tuple[str, ...] = ()


def readings(customer_id: str, query: Query) -> list[Call]:
    """The call that reads a page, and others that say the same where they are kept: a filtered
    first page is in the whole list, and a page may be kept in another size.
    """
    read: Call = partial(read_page, customer_id=customer_id, query=query)
    if query.has_cursor or query.find:
        return [read]
    filtered = partial(_filter_whole, customer_id=customer_id, query=query)
    sizes = (query.limit, *PAGE_SIZES) if query.vendors else (Query().limit,)
    others = [size for size in dict.fromkeys(sizes) if query.vendors or size != query.limit]
    return [read, *(partial(filtered, limit=limit) for limit in others)]


def read_page(stigg: Calls, customer_id: str, query: Query) -> Found:
    """An old cursor gives the first page: Stigg refuses it or answers it with no rows, which of the
    two is not documented. A filter that Stigg refuses is applied here.
    """
    if not query.has_cursor:
        return _read_start(stigg, customer_id, query)
    page = _list_unless_refused(stigg, customer_id, query)
    if page and (page.rows or page.next):
        return Found(query, page)
    first = _read_start(stigg, customer_id, query.start())
    return replace(first, notices=(EXPIRED, *first.notices))


def _read_start(stigg: Calls, customer_id: str, query: Query) -> Found:
    if query.find:
        return _read_whole(stigg, customer_id, query)
    if not query.vendors:
        return Found(query, _list(stigg, customer_id, query))
    page = _list_unless_refused(stigg, customer_id, query)
    if page:
        return Found(query, page)
    found = _read_whole(stigg, customer_id, query)
    return replace(found, notices=(FILTERED_HERE, *found.notices))


def _list_unless_refused(stigg: Calls, customer_id: str, query: Query) -> Page | None:
    try:
        return _list(stigg, customer_id, query)
    except BadRequest:
        return None


def read_ahead(stigg: Calls, customer_id: str, query: Query) -> Page:
    """The page as it will be asked for, by one call at most."""
    return _list(stigg, customer_id, replace(query, limit=min(query.limit, MAX_LIMIT)))


def _list(stigg: Calls, customer_id: str, query: Query) -> Page:
    """A page of the list; a second call brings what is more than Stigg's largest page."""
    ask = partial(stigg.list_integrations, customer_id, vendor_identifier=query.vendors)
    page = ask(after=query.after, before=query.before, limit=min(query.limit, MAX_LIMIT))
    left = query.limit - MAX_LIMIT
    if left <= 0 or not page.next or query.before:
        return page
    more = ask(after=page.next, limit=left)
    return Page(
        rows=page.rows + more.rows,
        next=more.next,
        prev=page.prev,
        left_out=page.left_out + more.left_out,
        sent=page.sent + more.sent,
    )


def _read_whole(stigg: Calls, customer_id: str, query: Query) -> Found:
    """All rows of the chosen vendors, as far as the list was read."""
    rows: list[Integration | BrokenRow] = []
    cut: tuple[str, ...] = ()
    for _, page, following in walked(stigg, customer_id):
        rows += matching(query, page.rows)
        cut = (CUT,) if following else (CIRCLE,) if page.next else ()
    return Found(query, Page(tuple(rows), is_part=bool(cut)), cut)


def walked(
    stigg: Calls, customer_id: str, most: int = MAX_WALKED_PAGES
) -> Iterator[tuple[Query, Page, str | None]]:
    """The largest pages, each with the cursor that leads on: `most` of them, never in a circle."""
    walk, step = Walk(), Query(limit=MAX_LIMIT)
    for _ in range(most):
        page = _list(stigg, customer_id, step)
        following = walk.without_circles(step.position, page).next
        yield step, page, following
        if not following:
            return
        step = step.following(following, len(page.rows))


def read_page_of_row(stigg: Calls, customer_id: str, query: Query) -> Found | str:
    """The page that has the looked-up record's row; or in words where it is not."""
    ids = query.row_ids
    found = look_for(stigg, customer_id, lambda item: is_of_record(item, ids))
    if isinstance(found, str):
        return found
    return Found(replace(found[0], row=query.row, usual=query.usual), found[1])


def look_for(
    stigg: Calls, customer_id: str, is_it: Callable[[Integration | BrokenRow], bool]
) -> tuple[Query, Page, Sent] | str:
    """The first such row of the list, and its page; or in words where it is not."""
    rows, more = 0, False
    for step, page, following in walked(stigg, customer_id):
        for sent in map(Sent, page.rows, page.sent):
            if is_it(sent.row):
                return step, page, sent
        rows, more = rows + len(page.rows), bool(following)
    return f"was not found in the first {rows} rows" if more else f"is in none of {rows} rows"


def _filter_whole(stigg: Calls, customer_id: str, query: Query, limit: int) -> Found:
    page = _list(stigg, customer_id, query.unfiltered().sized(limit))
    rows = tuple(matching(query, page.rows))
    if page.next or page.prev or len(rows) > query.limit:
        raise NoCopy
    return Found(query, Page(rows))


# --- circles --------------------------------------------------------------------------------------


@dataclass(slots=True)
class Walk:
    """The order of a list's pages, as far as they were seen: a cursor that leads in a circle ends
    it.

    The first page is 0, the page that `next` leads to one more, `prev` one less. A cursor that
    leads to the page itself, forward to a lower number, or back to a higher one, has been walked
    before. Pages that were opened directly are not judged.
    """

    numbers: dict[str, int] = field(default_factory=lambda: {START: 0})

    def without_circles(self, here: str, page: Page) -> Page:
        """The page without the cursors that lead in a circle. `here` is its position."""
        ahead, back = f"after:{page.next}", f"before:{page.prev}"
        number = self.numbers.get(here)
        if page.next and self._is_walked(here, number, ahead, 1):
            page = replace(page, next=None, is_part=True)
        if page.prev and self._is_walked(here, number, back, -1):
            page = replace(page, prev=None)
        if number is not None:
            self.numbers = {ahead: number + 1, back: number - 1, **self.numbers}
        return page

    def _is_walked(self, here: str, number: int | None, there: str, step: int) -> bool:
        if there == here or number is None:
            return there == here
        return (self.numbers.get(there, number) - number) * step < 0


def without_circles(memory: Memory, customer_id: str, found: Found) -> Found:
    """The order of a list's pages is remembered beside the answers."""
    query, page = found.query, found.page
    if not page.next and not page.prev:
        return found
    # It names a customer, and caches take few characters in a key.
    key = f"walk:{sha256(f'{customer_id}{query.start()}'.encode()).hexdigest()[:32]}"
    known = memory.get(key)
    walk = Walk(known or {START: 0})
    straight = walk.without_circles(query.position, page)
    if walk.numbers != known:
        memory.set_soon(key, walk.numbers, REMEMBERED_SECONDS)
    if straight == page:
        return found
    return Found(query, straight, (*found.notices, CIRCLE))
