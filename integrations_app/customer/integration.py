"""One integration of a customer, whole: its ids, its link judged anew, its syncing, and the JSON.

Nothing rules out several records of a customer under one id, so an address names the record too:
1. Stigg's answer for the integration, when it is about that record or the address names none;
2. else the row of the customer's list that is;
3. else Stigg's answer after all, with a word that it names another record now.

A 404 is not believed alone: newer versions of Stigg leave vendors out, so the list and the
customer's own record are looked at. Sync states and failures are of all records under the id.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from integrations_app.customer import sync
from integrations_app.customer.listing import NAMED_BY_CUSTOMER
from integrations_app.customer.page import Opened, age, place_of
from integrations_app.customer.query import PAGE_SIZES
from integrations_app.customer.reading import look_for
from integrations_app.customer.rows import Row, is_of_record, row
from integrations_app.stigg import (
    BadRequest,
    BrokenRow,
    Calls,
    Customer,
    CustomerNotFound,
    Integration,
    Sent,
    StiggError,
    fits_path,
)
from integrations_app.stigg.answers import at
from integrations_app.stigg.graphql import SyncFailure
from integrations_app.stigg.quotations import without_secrets
from integrations_app.stigg.records import read_rows
from integrations_app.upstream.copies import NoCopy
from integrations_app.upstream.environments import Environment
from integrations_app.upstream.problems import Problem, problem_for

MAX_JSON_CHARACTERS = 8_000
MAX_RECORD_CHARACTERS = 1_000
OTHER_RECORD = (
    "The address of this page names another record. Stigg has no such record under this "
    "integration now; this is the one that it has."
)


@dataclass(frozen=True, slots=True)
class Sought:
    """As an address names it: `record` is the vendor's or the billing id, "" for whichever is."""

    customer_id: str
    integration_id: str
    record: str

    @property
    def problem(self) -> str:
        if fits_path(self.integration_id) and len(self.record) <= MAX_RECORD_CHARACTERS:
            return ""
        return "That is no integration's address. Start from the customer's page."

    def has_id(self, item: Integration | BrokenRow) -> bool:
        return item.id == self.integration_id

    def fits(self, item: Integration | BrokenRow) -> bool:
        return self.has_id(item) and (not self.record or is_of_record(item, {self.record}))

    @property
    def ways(self) -> Iterator[tuple[Callable[[Integration | BrokenRow], bool], str]]:
        """How to know it, the better way first, each with what is to be said then."""
        yield self.fits, ""
        yield self.has_id, OTHER_RECORD


@dataclass(frozen=True, slots=True)
class Found:
    """An integration, and what the agent should know about where it comes from."""

    sent: Sent
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationPage(Opened):
    row: Row | None = None
    json: str = ""
    note: str = ""
    has_states: bool = True
    failures: tuple[SyncFailure, ...] = ()


def open_integration(
    environment: Environment, sought: Sought, *, refresh: bool = False
) -> IntegrationPage:
    """Ask for the integration, its customer, its sync states and failures, side by side."""
    visit = environment.visit(refresh=refresh)
    customer_id, memory = sought.customer_id, visit.memory
    answers = visit.gather(
        customer=lambda stigg: stigg.get_customer(customer_id),
        # The first page of the list, where that is kept, says the same
        found=[
            partial(_read, sought=sought),
            *(partial(_in_first_page, sought=sought, limit=limit) for limit in PAGE_SIZES),
        ],
        **sync.calls(memory, customer_id),
        **sync.failure_calls(memory, customer_id),
    )
    answer = answers["customer"]
    customer = answer if isinstance(answer, Customer) else None
    found = _found(sought, answers["found"], answer)
    if isinstance(found, StiggError):
        environment.log("integration", found)
        return IntegrationPage(customer=customer, problem=problem_for(found))
    if isinstance(found, str):
        return IntegrationPage(customer=customer, problem=_not_found(found, customer))
    states, missing = sync.answered(environment, answers.get("states"), {sought.integration_id})
    state, place = states.get(sought.integration_id), place_of(environment, customer_id)
    shown = row(found.sent.row, place=place, state=state)
    return IntegrationPage(
        customer=customer,
        row=shown,
        json=_as_json(found.sent.sent),
        note=found.note,
        has_states=not missing,
        failures=sync.failures_of(environment, answers.get("failures"), shown.vendor),
        **age(environment, visit),
    )


def _read(stigg: Calls, sought: Sought) -> Found | str:
    """The integration; or in words where it is not."""
    own = _own_answer(stigg, sought)
    if own and sought.fits(own.row):
        return Found(own)
    words = ""
    for fits, note in sought.ways:
        found = look_for(stigg, sought.customer_id, fits)
        if not isinstance(found, str):
            return Found(found[2], note)
        if own:
            return Found(own, OTHER_RECORD)
        words = found
    return words


def _own_answer(stigg: Calls, sought: Sought) -> Sent | None:
    """Stigg's answer about this integration; None where it gives none, or of another."""
    try:
        sent = stigg.get_integration(sought.customer_id, sought.integration_id)
    except (CustomerNotFound, BadRequest):
        return None
    return sent if sought.has_id(sent.row) else None


def _in_first_page(stigg: Calls, sought: Sought, limit: int) -> Found:
    page = stigg.list_integrations(sought.customer_id, limit=limit)
    for sent in map(Sent, page.rows, page.sent):
        if sought.fits(sent.row):
            return Found(sent)
    raise NoCopy


def _found(
    sought: Sought, found: Found | str | StiggError, customer: Customer | StiggError
) -> Found | str | StiggError:
    """What was found, or what only the customer's record names."""
    if not isinstance(found, str):
        return found
    if isinstance(customer, CustomerNotFound):
        return customer
    bare = (isinstance(customer, Customer) and customer.bare) or ()
    named = [item for item in bare if at(item, "id") == sought.integration_id]
    for fits, note in sought.ways:
        for sent in map(Sent, read_rows(named), named):
            if fits(sent.row):
                return Found(sent, f"{NAMED_BY_CUSTOMER} {note}".strip())
    return found


def _not_found(words: str, customer: Customer | None) -> Problem:
    other = "does not name it either" if customer and customer.bare is not None else "did not come"
    return Problem(
        "no-integration",
        404,
        "This integration was not found",
        f"It {words} of the customer's list, and Stigg's record of the customer {other}.",
        "It may have been unlinked. Look at the customer's page.",
    )


def _as_json(sent: object) -> str:
    """In ASCII, so that nothing in it can hide or turn round; what looks like a secret is blank."""
    text = json.dumps(sent, indent=2)
    shown = without_secrets(text[:MAX_JSON_CHARACTERS])
    return shown if len(text) <= MAX_JSON_CHARACTERS else f"{shown}\n…"
