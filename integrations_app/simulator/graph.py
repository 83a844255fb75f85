"""What Stigg answers to `POST /graphql`: the three queries that a desk needs, over the same
customers as REST.

The schema is that of the PyPI package stigg-api-client 6.25.0. Where it is silent, the simulator
decides:

- a document or a variable that does not fit is HTTP 400, as Apollo does it; all other refusals are
  HTTP 200;
- filters know `eq`, `in` and `iLike`, one of them for a field, and `searchQuery` only `iLike`;
- `iLike` is Postgres': % any text, _ any character, \\ takes the next one as itself, capitals do
  not matter;
- `searchQuery` looks through ids, names and e-mails and adds no wildcards of its own;
- archived customers are found, with `deletedAt`; an unknown one is null beside a CustomerNotFound;
- a Salesforce id is kept as it was linked, with 18 characters or with the first 15 of them.
"""

import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from . import documents
from .api import REST_ONLY_KEYS, Answer, Refused, Request, environment_of, written
from .data import Customer, customers, listed
from .documents import Document, Selected
from .rows import CURSORS, DIGITS, dice, letters
from .syncing import failures, sync_states

PATH = "/graphql"
ROUTE = "graphql"
FIRST = range(1, 51)

# What may be selected: each type's fields, and the type that a field leads to ("" for none).
TYPES: dict[str, dict[str, str]] = {
    "Query": {
        "customers": "CustomerConnection",
        "getCustomerByRefId": "Customer",
        "eventLogs": "EventLogConnection",
    },
    "EventLogConnection": {"edges": "EventLogEdge"},
    "EventLogEdge": {"node": "EventLog", "cursor": ""},
    "EventLog": dict.fromkeys(
        ("id", "createdAt", "traceId", "entityId", "entityType", "eventLogType", "payload"), ""
    ),
    "CustomerConnection": {"edges": "CustomerEdge", "totalCount": ""},
    "CustomerEdge": {"node": "Customer", "cursor": ""},
    "Customer": {
        **dict.fromkeys(
            ("id", "customerId", "refId", "name", "email", "createdAt", "updatedAt", "deletedAt"),
            "",
        ),
        **dict.fromkeys(
            (
                "billingId",
                "salesforceId",
                "crmId",
                "crmHubspotCompanyId",
                "awsMarketplaceCustomerId",
            ),
            "",
        ),
        "syncStates": "SyncState",
    },
    "SyncState": {
        **dict.fromkeys(("status", "error", "vendorIdentifier", "syncedEntityId"), ""),
        "integration": "Integration",
    },
    "Integration": dict.fromkeys(("id", "integrationId", "vendorIdentifier"), ""),
}


class Failed(Exception):
    """A refusal in GraphQL's form."""

    def __init__(self, code: str, message: str, status: int = 200) -> None:
        super().__init__(message)
        self.answer = refused(code, message, status)


def refused(code: str | None, message: str, status: int = 200) -> Answer:
    extensions = {"code": code, "traceId": str(uuid.uuid5(CURSORS, f"{code}/{message}"))}
    return written(
        {"errors": [{"message": message, "extensions": extensions}], "data": None}, status
    )


def invalid(message: str) -> Failed:
    return Failed("BAD_USER_INPUT", message, 400)


def customer_id(request: Request) -> str | None:
    """Whom a question is about, for faults that are set for one customer."""
    try:
        variables = json.loads(request.body)["variables"]
        by_filter = variables.get("filter", {}).get("entityId", {}).get("eq")
        found = by_filter or variables["input"]["customerId"]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    return found if isinstance(found, str) else None


def answer(request: Request) -> Answer:
    try:
        environment = _environment(request.headers)
        document, variables = _question(request.body)
        data, errors = {}, []
        for field in document.fields:
            data[field.name], trouble = _resolved(environment, field, variables)
            errors += trouble
    except Failed as failed:
        return failed.answer
    return written({"data": data} | ({"errors": errors} if errors else {}))


def _environment(headers: Mapping[str, str]) -> str:
    if headers.get("x-api-key") in REST_ONLY_KEYS:
        raise Failed("IdentityForbidden", "User is not allowed to access this resource")
    try:
        return environment_of(headers)
    except Refused as refusal:
        said = json.loads(refusal.answer.body)
        raise Failed(said["code"], said["message"]) from None


def _question(body: bytes) -> tuple[Document, dict[str, Any]]:
    try:
        asked = json.loads(body)
        document = documents.read(asked["query"])
    except documents.Unreadable as error:
        raise Failed("GRAPHQL_PARSE_FAILED", str(error), 400) from None
    except (ValueError, LookupError, TypeError, RecursionError):
        raise Failed("BAD_REQUEST", "POST body must be JSON with a query", 400) from None
    name, variables = asked.get("operationName"), asked.get("variables") or {}
    if name not in (None, "", document.operation):
        raise Failed(
            "OPERATION_RESOLUTION_FAILURE", "Unknown operation named in operationName.", 400
        )
    check_selection(document.fields, "Query")
    check_variables(document, variables)
    return document, variables


def check_selection(fields: Iterable[Selected], kind: str) -> None:
    for field in fields:
        leads_to = TYPES[kind].get(field.name)
        if leads_to is None:
            raise unfit(f'Cannot query field "{field.name}" on type "{kind}".')
        if bool(leads_to) != bool(field.fields):
            raise unfit(f'Field "{field.name}" of type "{kind}" must have subfields, or none.')
        known = ARGUMENTS[field.name] if kind == "Query" else ()
        for argument in field.arguments:
            if argument not in known:
                raise unfit(f'Unknown argument "{argument}" on field "{kind}.{field.name}".')
        check_selection(field.fields, leads_to)


def unfit(message: str) -> Failed:
    return Failed("GRAPHQL_VALIDATION_FAILED", message, 400)


def check_variables(document: Document, variables: object) -> None:
    if not isinstance(variables, dict):
        raise invalid("Variables must be an object.")
    for name, kind in document.variables.items():
        if kind.endswith("!") and variables.get(name) is None:
            raise invalid(f'Variable "${name}" of required type "{kind}" was not provided.')
    for field in document.fields:
        for variable in field.arguments.values():
            if variable not in document.variables:
                raise unfit(
                    f'Variable "${variable}" is not defined by operation "{document.operation}".'
                )


# --- the three queries ----------------------------------------------------------------------------


def _resolved(
    environment: str, field: Selected, variables: Mapping[str, Any]
) -> tuple[object, list[object]]:
    given = {argument: variables.get(variable) for argument, variable in field.arguments.items()}
    value = RESOLVERS[field.name](
        environment, {name: value for name, value in given.items() if value is not None}
    )
    if value is None:
        payload = json.loads(refused("CustomerNotFound", "Customer not found").body)
        return None, payload["errors"]
    return projected(value, field.fields), []


def find_customers(environment: str, arguments: Mapping[str, Any]) -> dict[str, object]:
    ids = matching(environment, arguments.get("filter", {}))
    first = read_first(arguments.get("paging", {"first": 10}))
    found = [customer for customer in listed(environment) if customer.id in ids]
    found.sort(key=lambda customer: str(customer.document["createdAt"]), reverse=True)
    edges = [{"node": node(customer), "cursor": customer.cursor} for customer in found[:first]]
    return {"edges": edges, "totalCount": len(found)}


def get_customer(environment: str, arguments: Mapping[str, Any]) -> dict[str, object] | None:
    asked = arguments.get("input")
    if not isinstance(asked, dict) or not isinstance(asked.get("customerId"), str):
        raise invalid('Field "customerId" of required type "String!" was not provided.')
    customer = customers(environment).get(asked["customerId"])
    return node(customer) if customer else None


def find_events(environment: str, arguments: Mapping[str, Any]) -> dict[str, object]:
    """The failed syncs of one customer, newest first: other events are not simulated."""
    given = arguments.get("filter", {})
    names = {"entityType", "entityId", "eventLogType"}
    if not isinstance(given, dict) or {*given} != names:
        raise invalid("filter needs entityType, entityId and eventLogType")
    for name, value in given.items():
        if not isinstance(value, dict) or [*value] != ["eq"] or not isinstance(value["eq"], str):
            raise invalid(f'Field "{name}" needs eq with a String.')
    customer = customers(environment).get(given["entityId"]["eq"])
    kind = (given["entityType"]["eq"], given["eventLogType"]["eq"])
    first = read_first(arguments.get("paging", {"first": 10}))
    events = failures(customer) if customer and kind == ("CUSTOMER", "SYNC_FAILED") else []
    return {"edges": [{"node": one, "cursor": one["id"]} for one in events[:first]]}


RESOLVERS: dict[str, Callable[[str, Mapping[str, Any]], dict[str, object] | None]] = {
    "customers": find_customers,
    "getCustomerByRefId": get_customer,
    "eventLogs": find_events,
}
ARGUMENTS = {
    "customers": ("filter", "paging"),
    "getCustomerByRefId": ("input",),
    "eventLogs": ("filter", "paging"),
}


def projected(value: Any, fields: tuple[Selected, ...]) -> Any:
    """Only what was selected: a client that forgets a field goes without."""
    if isinstance(value, list):
        return [projected(item, fields) for item in value]
    return {
        one.name: projected(value[one.name], one.fields) if one.fields else value[one.name]
        for one in fields
    }


def node(customer: Customer) -> dict[str, object]:
    document = customer.document
    return {
        "id": str(uuid.uuid5(CURSORS, f"{customer.environment}/{customer.id}")),
        "refId": customer.id,
        "createdAt": document["createdAt"],
        "updatedAt": document["updatedAt"],
        "deletedAt": document["archivedAt"],
        "syncStates": sync_states(customer),
        **{name: read(customer) for name, read in FIELDS.items()},
    }


# --- the fields that can be searched --------------------------------------------------------------


def salesforce_id(customer: Customer) -> str | None:
    whole = customer.synced("SALESFORCE")
    return whole[:15] if whole and dice(customer.id, "linked by a short id") % 3 == 0 else whole


def crm_id(customer: Customer) -> str | None:
    """The HubSpot contact beside the company that the integration is synced with."""
    if not customer.synced("HUBSPOT"):
        return None
    return "7" + letters(DIGITS, 9, customer.environment, customer.id, "contact")


FIELDS: dict[str, Callable[[Customer], str | None]] = {
    "customerId": lambda customer: customer.id,
    "name": lambda customer: customer.name,
    "email": lambda customer: customer.email,
    "billingId": lambda customer: customer.billing_id,
    "salesforceId": salesforce_id,
    "crmId": crm_id,
    "crmHubspotCompanyId": lambda customer: customer.synced("HUBSPOT"),
    "awsMarketplaceCustomerId": lambda customer: customer.synced("AWS_MARKETPLACE"),
}
SEARCHED = ("customerId", "name", "email")


@cache
def column(environment: str, field: str) -> list[tuple[str, str]]:
    """The id of each customer that has this field, and the field."""
    read = FIELDS[field]
    return [(one.id, text) for one in listed(environment) if (text := read(one)) is not None]


def matching(environment: str, given: object) -> set[str]:
    """The ids of the customers that a filter lets through."""
    if not isinstance(given, dict):
        raise invalid('Expected type "CustomerFilter" to be an object.')
    parts = [part(environment, name, value) for name, value in given.items()]
    return set.intersection({one.id for one in listed(environment)}, *parts)


def part(environment: str, name: str, value: object) -> set[str]:
    if name in ("and", "or"):
        return joined(environment, set.intersection if name == "and" else set.union, value)
    if name != "searchQuery" and name not in FIELDS:
        raise invalid('Field is not defined by type "CustomerFilter".')
    holds = comparison(name, value)
    fields = SEARCHED if name == "searchQuery" else (name,)
    return {one for field in fields for one, text in column(environment, field) if holds(text)}


def joined(environment: str, join: Callable[..., set[str]], value: object) -> set[str]:
    if not isinstance(value, list) or not value:
        raise invalid('Expected type "[CustomerFilter!]" to be a list.')
    return join(*(matching(environment, one) for one in value))


def comparison(name: str, value: object) -> Callable[[str], bool]:
    kind, known = (
        ("CustomerSearchQueryFilterComparison", ("iLike",))
        if name == "searchQuery"
        else ("StringFieldComparison", ("eq", "in", "iLike"))
    )
    if not isinstance(value, dict) or len(value) != 1 or not set(value) <= set(known):
        raise invalid(f'Field "{name}" needs one of {", ".join(known)} of type "{kind}".')
    ((operator, operand),) = value.items()
    texts: Any = operand if operator == "in" else [operand]
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise invalid(f'"{operator}" of type "{kind}" got an invalid value.')
    if operator == "iLike":
        pattern = like(texts[0])
        return lambda text: pattern.fullmatch(text) is not None
    return set(texts).__contains__


def like(pattern: str) -> re.Pattern[str]:
    """A pattern of SQL's LIKE as a regular expression."""
    parts = re.findall(r"\\.|[%_]|[^\\%_]+|\\", pattern, re.DOTALL)
    if parts and parts[-1] == "\\":
        raise invalid("LIKE pattern must not end with escape character")
    wild = {"%": ".*", "_": "."}
    expression = "".join(wild.get(part) or re.escape(part.removeprefix("\\")) for part in parts)
    return re.compile(expression, re.IGNORECASE | re.DOTALL)


def read_first(paging: object) -> int:
    first = paging.get("first") if isinstance(paging, dict) and len(paging) == 1 else None
    if not isinstance(first, int) or isinstance(first, bool) or first not in FIRST:
        raise invalid("paging needs first alone, an Int from 1 to 50")
    return first
