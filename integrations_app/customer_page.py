"""Open a customer: its calls side by side, and what is shown when one of them fails."""

import logging
from dataclasses import dataclass

from integrations_app.environments import Environment
from integrations_app.linking import Place
from integrations_app.listing import Listing, Query, chips, listing, matching
from integrations_app.models import LinkTemplate, TrustedHost
from integrations_app.problems import Problem, problem_for
from integrations_app.stigg import MAX_LIMIT, BadRequest, Client, Customer, CustomerNotFound, Page, StiggError

logger = logging.getLogger(__name__)

MAX_WALKED_PAGES = 5

EXPIRED = "That page is no longer there: the list has changed since the address was made. This is the first page."
FILTERED_HERE = "Stigg does not filter by what you chose, so the desk read the whole list and filtered it itself."
CUT = f"The list is long: the desk looked through its first {MAX_WALKED_PAGES * MAX_LIMIT} integrations only."
NO_CUSTOMER = "Stigg did not give the customer's name and counts just now. The list itself is not affected."


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """What came of opening a customer: each part that came, and the problem that stands in place of the list."""

    customer: Customer | None
    query: Query
    listing: Listing | None = None
    problem: Problem | None = None
    notices: tuple[str, ...] = ()

    @property
    def status(self) -> int:
        return self.problem.status if self.problem else 200

    @property
    def chips(self) -> tuple[object, ...]:
        return self.listing.chips if self.listing else tuple(chips(self.query, self.customer, None))


def open_customer(environment: Environment, customer_id: str, query: Query) -> CustomerPage:
    """Read the customer and one page of its integrations from Stigg."""
    client = environment.client
    answers = environment.gather(
        customer=lambda: client.get_customer(customer_id),
        found=lambda: read_page(client, customer_id, query),
    )
    customer, notices = _known(environment, answers["customer"])
    found = _or_not_found(answers["found"], answers["customer"])
    if isinstance(found, StiggError):
        _log(environment, "integrations", found)
        return CustomerPage(customer, query, problem=problem_for(found))
    shown = listing(found.query, customer, found.page, _place(environment, customer_id))
    return CustomerPage(customer, found.query, shown, notices=found.notices + notices)


def _place(environment: Environment, customer_id: str) -> Place:
    templates = LinkTemplate.objects.by_vendor(environment.name)
    hosts = TrustedHost.objects.by_vendor(environment.name)
    return Place(customer_id, environment.label, environment.live, templates, hosts)


@dataclass(frozen=True, slots=True)
class Found:
    """A page, the query that it really answers, and what the agent should know about the difference."""

    query: Query
    page: Page
    notices: tuple[str, ...] = ()


def read_page(client: Client, customer_id: str, query: Query) -> Found:
    """Read a page. A cursor that has expired gives the first page, a filter that Stigg refuses is applied here.

    Whether Stigg refuses an old cursor or answers it with an empty page is not documented; both are met.
    """
    try:
        page = _list(client, customer_id, query)
        if page.rows or not query.has_cursor:
            return Found(query, page)
    except BadRequest:
        if not query.has_cursor and not query.vendors:
            raise
    if query.has_cursor:
        first = read_page(client, customer_id, query.start())
        return Found(first.query, first.page, (EXPIRED, *first.notices))
    return _filter_here(client, customer_id, query)


def _list(client: Client, customer_id: str, query: Query) -> Page:
    return client.list_integrations(
        customer_id, after=query.after, before=query.before, limit=query.limit, vendor_identifier=query.vendors
    )


def _filter_here(client: Client, customer_id: str, query: Query) -> Found:
    step, rows = query.unfiltered().sized(MAX_LIMIT), []
    for _ in range(MAX_WALKED_PAGES):
        page = _list(client, customer_id, step)
        rows += matching(query, page.rows)
        if not page.next:
            return Found(query, Page(tuple(rows)), (FILTERED_HERE,))
        step = step.following(page.next)
    return Found(query, Page(tuple(rows)), (FILTERED_HERE, CUT))


def _known(environment: Environment, answer: Customer | StiggError) -> tuple[Customer | None, tuple[str, ...]]:
    if isinstance(answer, Customer):
        return answer, ()
    _log(environment, "customer", answer)
    return None, (NO_CUSTOMER,)


def _or_not_found(found: Found | StiggError, customer: Customer | StiggError) -> Found | StiggError:
    """An unknown customer may come as an empty list; then the customer's own 404 is the truth."""
    empty = isinstance(found, Found) and not found.page.rows
    return customer if empty and isinstance(customer, CustomerNotFound) else found


def _log(environment: Environment, call: str, error: StiggError) -> None:
    """For the operator: no customer data, no key, and Stigg's trace id when there is one."""
    logger.warning(
        "stigg call failed",
        extra={
            "environment": environment.name,
            "call": call,
            "kind": error.kind,
            "detail": str(error),
            "code": error.code,
            "trace_id": error.trace_id,
        },
    )
