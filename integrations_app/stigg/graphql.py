"""The questions that only Stigg's GraphQL answers: whose customer is this, how far is the syncing?

`POST /graphql` with the same key as REST. The documents are fixed, all that varies travels as
variables, and a test holds them against Stigg's published schema. They name every field:
`integration.credentials` can hold secrets of the vendors, so it is never asked for. Refusals come
with HTTP 200 and an `errors` list, and are named as the client names them (docs.stigg.io, Debugging
with trace ids).

When `data` and `errors` come together, what was asked for counts as far as it came: a customer
without a name is still a customer. Only when the whole list is missing do the errors stand for it.
"""

import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import AliasPath, BeforeValidator, Field

from . import answers
from .answers import StiggError, UnexpectedResponse, at, expect, printable, text_or_none
from .client import Calls, Question
from .records import Id, Model, TextOrEmpty, TextOrNone

logger = logging.getLogger(__name__)

PATH = "/graphql"
MAX_MATCHES = 50  # the most of a page in the framework of Stigg's schema (nestjs-query)
MAX_WILDCARDS = 6  # each more makes a pattern dearer to compare

FIND_CUSTOMERS = """
query FindCustomers($filter: CustomerFilter!, $paging: CursorPaging!) {
  customers(filter: $filter, paging: $paging) {
    edges { node { customerId name email deletedAt } }
  }
}
"""
CUSTOMER_SYNC_STATES = """
query CustomerSyncStates($input: GetCustomerByRefIdInput!) {
  getCustomerByRefId(input: $input) {
    syncStates { status error integration { id integrationId } }
  }
}
"""

# The newest come first: that is the schema's default.
CUSTOMER_SYNC_FAILURES = """
query CustomerSyncFailures($filter: EventLogFilter!, $paging: CursorPaging!) {
  eventLogs(filter: $filter, paging: $paging) {
    edges { node { createdAt traceId payload } }
  }
}
"""

COUNT_CUSTOMERS = """
query CountCustomers($filter: CustomerFilter!, $paging: CursorPaging!) {
  customers(filter: $filter, paging: $paging) {
    totalCount
  }
}
"""

# A field of Stigg's `CustomerFilter`. Those that hold vendors' ids are named in the vendors' files.
SearchField = str
Typed = TypeVar("Typed")
Reader = Callable[[Mapping[str, Any], StiggError | None], Typed]


class Match(Model):
    """A customer that was found. `id` is `customerId`, which REST takes; GraphQL's is never asked
    for. Archiving takes `name` and `email` away and sets `deleted_at`.
    """

    id: Annotated[Id, Field(alias="customerId")]
    name: TextOrNone = None
    email: TextOrNone = None
    deleted_at: TextOrNone = None

    @property
    def archived(self) -> bool:
        return self.deleted_at is not None


def _in_one_line(value: object) -> str:
    return printable(" ".join(value.split())) if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class SyncState:
    """How far Stigg is with one integration of a customer; what Stigg left out is empty.

    It is read when asked for: a customer may have hundreds of states, and a page shows twenty.
    """

    item: Mapping[str, Any]

    @property
    def status(self) -> str:
        """SUCCESS, PENDING, ERROR, NO_SYNC_REQUIRED, or a status not known yet, as it came."""
        return text_or_none(self.item.get("status")) or ""

    @property
    def error(self) -> str:
        """Stigg's own text in one line: its lines and tabs are no reason to look broken."""
        return _in_one_line(self.item.get("error"))

    @property
    def integration_ids(self) -> tuple[str, str]:
        """Of its integration: the id that REST's rows carry, and GraphQL's own; "" for none."""
        names = ("integrationId", "id")
        rest, own = (text_or_none(at(self.item, "integration", name)) or "" for name in names)
        return rest, own


def _moment(value: object) -> datetime | None:
    """A moment of ISO 8601 that names its zone."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _of_payload(name: str) -> Any:
    return Field(validation_alias=AliasPath("payload", name))


class SyncFailure(Model):
    """A failed sync of a customer; what Stigg left out is empty. Its log names the vendor, and not
    the integration.

    The payload's form is not published; read of it is what the webhook `sync.failed` has
    (docs.stigg.io, third-party-sync-failed).
    """

    at: Annotated[datetime | None, BeforeValidator(_moment), Field(alias="createdAt")] = None
    trace_id: TextOrEmpty = ""
    vendor_identifier: Annotated[TextOrEmpty, _of_payload("vendorIdentifier")] = ""
    error: Annotated[str, BeforeValidator(_in_one_line), _of_payload("error")] = ""


def find_customers(
    client: Calls,
    field: SearchField,
    values: Iterable[str],
    *,
    contains: bool = False,
    loose: bool = False,
    limit: int = 10,
    patience: float | None = None,
) -> tuple[Match, ...]:
    """Customers whose `field` is one of `values` or, with `contains`, has one in it, in any case.

    With `loose` any letters may stand where a value has vowels or marks, so "Mueller" finds
    "Müller". `searchQuery` is Stigg's own search and always by a part. Blank values look for
    nothing. The newest come first, at most `limit` (1 to 50); archived ones may be among them.
    `patience` is in seconds. Raises a StiggError; Forbidden or KeyRejected where GraphQL is closed.
    """
    wanted = [printable(value) for value in values if value.strip()]
    if not wanted:
        return ()
    filter_ = _filter(field, wanted, contains=contains)
    if loose:
        filter_ = {field: {"iLike": loosened(wanted[0])}}
    variables = {"filter": filter_, "paging": {"first": max(1, min(limit, MAX_MATCHES))}}
    return _ask(client, FIND_CUSTOMERS, variables, _matches, patience)


def _matches(data: Mapping[str, Any], error: StiggError | None) -> tuple[Match, ...]:
    edges = expect(list, at(data, "customers", "edges"), "list of customers", error)
    return tuple(match for edge in edges if (match := Match.read_or_none(at(edge, "node"))))


def count_customers(client: Calls) -> int:
    """How many customers the environment has. Raises a StiggError."""
    return _ask(client, COUNT_CUSTOMERS, {"filter": {}, "paging": {"first": 1}}, _total)


def _total(data: Mapping[str, Any], error: StiggError | None) -> int:
    return expect(int, at(data, "customers", "totalCount"), "count of customers", error)


def sync_states(
    client: Calls, customer_id: str, *, patience: float | None = None
) -> tuple[SyncState, ...]:
    """How far Stigg is with each integration of a customer; () when it keeps no states for it.

    `patience` is in seconds. Raises a StiggError; CustomerNotFound for an unknown customer.
    """
    variables = {"input": {"customerId": customer_id}}
    return _ask(client, CUSTOMER_SYNC_STATES, variables, _sync_states, patience, customer_id)


def _sync_states(data: Mapping[str, Any], error: StiggError | None) -> tuple[SyncState, ...]:
    if "getCustomerByRefId" not in data:
        raise error or UnexpectedResponse("the answer has no customer")
    if data["getCustomerByRefId"] is None:
        raise error or answers.CustomerNotFound("GraphQL knows no such customer")
    states = at(data, "getCustomerByRefId", "syncStates")
    if states is None and error is None:
        return ()
    found = expect(list, states, "list of sync states", error)
    return tuple(SyncState(item) for item in found if isinstance(item, dict))


def sync_failures(
    client: Calls, customer_id: str, *, limit: int = 20, patience: float | None = None
) -> tuple[SyncFailure, ...]:
    """The customer's last failed syncs, newest first. Raises a StiggError.

    Whether `entityId` is the customer's id as REST has it is not published, so an empty answer
    does not say that nothing failed. `patience` is in seconds.
    """
    named = {"entityType": "CUSTOMER", "entityId": customer_id, "eventLogType": "SYNC_FAILED"}
    filter_ = {name: {"eq": value} for name, value in named.items()}
    variables = {"filter": filter_, "paging": {"first": limit}}
    return _ask(client, CUSTOMER_SYNC_FAILURES, variables, _failures, patience, customer_id)


def _failures(data: Mapping[str, Any], error: StiggError | None) -> tuple[SyncFailure, ...]:
    edges = expect(list, at(data, "eventLogs", "edges"), "list of events", error)
    nodes = (at(edge, "node") for edge in edges)
    return tuple(SyncFailure.model_validate(node) for node in nodes if isinstance(node, dict))


def like_escape(text: str) -> str:
    """The text as itself in an iLike pattern, where %, _ and \\ mean something else."""
    return re.sub(r"([\\%_])", r"\\\1", text)


def loosened(text: str) -> str:
    """A pattern of iLike in which any letters may stand for the vowels and marks of a text."""
    solid = re.split(r"(?:[\W_aeiou]|[^\x00-\x7f])+", text.casefold())
    return "%".join(["", *filter(None, solid[:MAX_WILDCARDS]), ""])


def _filter(field: SearchField, values: Sequence[str], *, contains: bool) -> dict[str, Any]:
    """`searchQuery` knows `iLike` alone; whether it adds wildcards itself is not documented."""
    if contains or field == "searchQuery":
        parts = [{field: {"iLike": f"%{like_escape(value)}%"}} for value in values]
        return {"or": parts}
    return {field: {"in": list(values)}}


@cache
def _reader(operation: str, read: Reader[Typed]) -> Callable[[Mapping[str, Any]], Typed]:
    """The same each time, so that an answer which is kept need be read once only."""
    return lambda answer: read(*_parts(operation, answer))


def _ask(
    client: Calls,
    document: str,
    variables: Mapping[str, Any],
    read: Reader[Typed],
    patience: float | None = None,
    about: str = "",
) -> Typed:
    """Ask, and read what came beside the error that stands for what did not."""
    operation = document.split(maxsplit=2)[1].partition("(")[0]
    payload = {"operationName": operation, "query": document, "variables": variables}
    question = Question(PATH, payload, patience, about)
    reader: Callable[[Mapping[str, Any]], Typed] = _reader(operation, read)
    try:
        return client.ask(question, reader)
    except (answers.CustomerNotFound, UnexpectedResponse) as missing:
        if missing.code or missing.status != 404:
            raise
        said, trace_id = "there is no GraphQL at this address", missing.trace_id
        raise answers.BadRequest(said, status=404, trace_id=trace_id) from None


# Codes of Apollo, which serves Stigg's GraphQL: our documents do not fit its schema. What else is
# refused (VALIDATION_ERROR, BadUserInput) is a value, and says nothing about others.
_SCHEMA_CODES = {"graphqlvalidationfailed", "graphqlparsefailed"}
_NOT_THERE = {404, 405}


def graphql_is_closed(error: object) -> bool:
    """Whether this refusal would meet every question to GraphQL: the key's permission, no GraphQL,
    or another schema than the published. Never for a value that was refused.
    """
    if not isinstance(error, answers.BadRequest):
        return isinstance(error, answers.Forbidden | answers.KeyRejected)
    is_there = bool(error.code) or error.status not in _NOT_THERE
    return not is_there or answers.plain_code(error.code) in _SCHEMA_CODES


def _parts(operation: str, payload: Mapping[str, Any]) -> tuple[dict[str, Any], StiggError | None]:
    error = answers.refusal(200, {}, payload) if payload.get("errors") else None
    data = expect(dict, payload.get("data"), "data", error)
    if error and any(value is not None for value in data.values()):
        logger.warning("stigg answered in part", extra={"operation": operation, **error.for_log})
    return data, error
