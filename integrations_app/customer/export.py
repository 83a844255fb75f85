"""A customer's rows under a filter, all of them: read in the largest pages, each when it is sent.

The first page is read before anything is sent, so what is wrong with it is a page with a status of
its own. Each page has a deadline of its own, and what is left out is said. The filter is the
desk's: not every Stigg takes every vendor. A copy from before Stigg failed is no export.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any, cast

from integrations_app import spreadsheets
from integrations_app.customer import sync
from integrations_app.customer.listing import NAMED_BY_CUSTOMER, matching
from integrations_app.customer.page import place_of
from integrations_app.customer.query import Query
from integrations_app.customer.reading import CIRCLE, walked
from integrations_app.customer.rows import Row, row
from integrations_app.customer.states import by_integration
from integrations_app.customer.ticket import beginning, in_plain_text
from integrations_app.links.offers import Place
from integrations_app.stigg import (
    MAX_LIMIT,
    BrokenRow,
    Calls,
    Customer,
    CustomerNotFound,
    Integration,
    Page,
    Question,
    Read,
    StiggError,
)
from integrations_app.stigg.graphql import SyncState
from integrations_app.stigg.records import read_rows
from integrations_app.upstream.environments import Environment
from integrations_app.upstream.fresh_or_copy import Call
from integrations_app.upstream.problems import problem_for

MAX_ROWS = 10_000
NO_RECORD = (
    "Stigg did not give its record of the customer, which may name integrations that the list "
    "leaves out."
)
NO_STATES = "The sync states did not come."

Step = tuple[Query, Page, str | None]
# What each column has of a row
COLUMNS: Mapping[str, Callable[[Row], str]] = {
    "vendor": lambda row: row.vendor.name,
    "record_in_vendor": lambda row: row.synced_entity_id,
    "billing_id": lambda row: row.billing_id,
    "price_group_id": lambda row: row.price_group_id,
    "dimensions": lambda row: row.dimensions,
    "integration_id": lambda row: row.integration_id,
    "vendor_in_stigg": lambda row: row.vendor.identifier,
    "state": lambda row: f"{row.state.words} {row.state.said}".strip() if row.state else "",
    "sync_error": lambda row: row.state.error if row.state else "",
    "link": lambda row: row.link.url if row.offer.opens else "",
    "link_is": lambda row: row.link.kind,
    "mode": lambda row: row.link.mode,
    "built_by_the_desk": lambda row: "yes" if row.offer.template else "",
    "notes": lambda row: " ".join(
        filter(None, [row.problem, row.note, row.offer.warning, row.offer.why])
    ),
}


@dataclass(frozen=True, slots=True)
class Each(Calls):
    """Answers each call by a visit of its own, and never by a copy from before Stigg failed."""

    environment: Environment

    def ask(self, question: Question, read: Callable[[dict[str, Any]], Read]) -> Read:
        visit = self.environment.visit()
        answer = visit.gather(one=lambda stigg: stigg.ask(question, read))["one"]
        if isinstance(answer, StiggError) or visit.trouble:
            raise visit.trouble or answer
        return cast(Read, answer)


@dataclass(slots=True)
class Export:
    """An export that has begun. `missing` says, once all is sent, what is not in it."""

    environment: Environment
    customer_id: str
    query: Query
    customer: Customer | None
    states: tuple[SyncState, ...]
    steps: Iterator[Step]
    missing: list[str]
    place: Place
    _ids: set[str] = field(default_factory=set)
    _read: int = 0
    _is_whole: bool = False

    def rows(self) -> Iterator[list[Row]]:
        """Page by page; at the end what only the customer's record names."""
        try:
            yield from map(self._of_page, self.steps)
        except StiggError as error:
            self.environment.log("export", error)
            title = problem_for(error).title
            self.missing.append(f"Stigg failed after {self._read:,} rows: {title}.")
            return
        if not self._is_whole:
            self.missing.append(f"There are more rows: an export ends after {self._read:,}.")
        elif self.customer:
            yield self._named(self.customer)

    def _named(self, customer: Customer) -> list[Row]:
        named = read_rows((customer.bare or ())[:MAX_ROWS])
        if len(customer.bare or ()) > MAX_ROWS:
            self.missing.append(f"The customer's record names more than {MAX_ROWS:,}.")
        return self._shown([one for one in named if one.id not in self._ids], NAMED_BY_CUSTOMER)

    def _of_page(self, step: Step) -> list[Row]:
        _, page, following = step
        self._read, self._is_whole = self._read + len(page.rows), not following
        self._ids |= {item.id for item in page.rows}
        if page.left_out:
            self.missing.append(f"Stigg sent {page.left_out} rows more than a page may hold.")
        if page.next and not following:
            self.missing.append(CIRCLE)
        return self._shown(page.rows)

    def _shown(self, items: Iterable[Integration | BrokenRow], note: str = "") -> list[Row]:
        chosen = matching(self.query, items)
        states = by_integration(self.states, {item.id for item in chosen})
        rows = [
            row(item, note=note, place=self.place, state=states.get(item.id)) for item in chosen
        ]
        return [each for each in rows if each.has(self.query.find)]


def begin(environment: Environment, customer_id: str, query: Query) -> Export:
    """Read the first page, then the customer's record and the sync states. Raises a StiggError."""
    steps = walked(Each(environment), customer_id, MAX_ROWS // MAX_LIMIT)
    first = next(steps)
    calls = sync.calls(environment.upstream.memory, customer_id)
    calls["customer"] = lambda stigg: stigg.get_customer(customer_id)
    answers = {name: _answer(call, Each(environment)) for name, call in calls.items()}
    customer = answers["customer"]
    if isinstance(customer, CustomerNotFound) and not first[1].rows:
        raise customer
    states = answers.get("states", ())
    _, no_states = sync.answered(environment, states, ())
    is_known = isinstance(customer, Customer) and customer.bare is not None
    return Export(
        environment,
        customer_id,
        query,
        customer if isinstance(customer, Customer) else None,
        () if isinstance(states, StiggError) else states,
        chain([first], steps),
        [*([] if is_known else [NO_RECORD]), *([NO_STATES] if no_states else [])],
        place_of(environment, customer_id),
    )


def _answer(call: Call, stigg: Calls) -> Any:
    try:
        return call(stigg)
    except StiggError as error:
        return error


# --- forms ----------------------------------------------------------------------------------------


def as_csv(export: Export, _at: datetime, _address: str) -> Iterator[str]:
    """A last line says what is missing; without one the export is whole."""
    yield spreadsheets.MARK + spreadsheets.lines([[*COLUMNS]])
    for rows in filter(None, export.rows()):
        yield spreadsheets.lines([read(row) for read in COLUMNS.values()] for row in rows)
    if export.missing:
        yield spreadsheets.lines([[f"INCOMPLETE: {' '.join(export.missing)}"]])


def as_json(export: Export, at: datetime, _address: str) -> Iterator[str]:
    """One object; `complete` and `missing` come last."""
    about = {
        "customer": export.customer_id,
        "environment": export.environment.name,
        "vendors": export.query.vendors,
        "find": export.query.find,
        "exported_at": at.isoformat(timespec="seconds"),
    }
    yield f'{json.dumps(about)[:-1]}, "integrations": ['
    between = "\n"
    for rows in filter(None, export.rows()):
        cells = ({name: read(row) for name, read in COLUMNS.items()} for row in rows)
        yield between + ",\n".join(map(json.dumps, cells))
        between = ",\n"
    end = {"complete": not export.missing, "missing": export.missing}
    yield f"\n], {json.dumps(end)[1:]}\n"


def as_text(export: Export, at: datetime, address: str) -> Iterator[str]:
    """The summary for a ticket, of all rows; `address` is the page's."""
    name = export.customer.name if export.customer else None
    summary = f"All integrations{export.query.in_words}"
    yield beginning(export.customer_id, name, export.environment.label, summary, address, at)
    for rows in export.rows():
        yield in_plain_text(rows, address)
    if export.missing:
        yield f"INCOMPLETE: {' '.join(export.missing)}\n"


FORMS = {
    "csv": (as_csv, spreadsheets.CONTENT_TYPE),
    "json": (as_json, "application/json"),
    "text": (as_text, "text/plain; charset=utf-8"),
}
