"""What Stigg answers: a pure function from a request to an answer.

The contract is docs.stigg.io "Get a list of customer integrations" (7.64.2). Where it is silent,
the simulator decides, on the strict side, so that a careless client is found here and not in
production:

- the order of rows never changes, and a `before` page comes in that same forward order;
- `after` together with `before` is a 400, and so is a cursor of another customer or environment;
- a cursor stays good under every filter and limit; `prev` is null on the first page, `next` on the
  last;
- a parameter that the route does not know, or that comes twice, is a 400;
- parameters are checked before the customer is looked up, cursors after;
- an unknown customer is a 404 with code CustomerNotFound; other methods are a 405, other paths a
  404;
- the filter takes the 12 vendors of the contract and the 2 that Stigg's SDK knows beyond it.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote

from .data import Customer, by_cursor, customers, listed, subscriptions
from .rows import VENDORS, Integration

KEYS = {"simulated-production-key": "production", "simulated-staging-key": "staging"}
REST_ONLY_KEYS = {"simulated-rest-only-key": "production"}  # good for everything but GraphQL
TOKENS = {"simulated-user-token": {"env-production": "production", "env-staging": "staging"}}

JSON = "application/json; charset=utf-8"
LIMIT = range(1, 101)
ID_LENGTH = range(1, 256)
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

ROUTES = {
    "customers": re.compile(r"/api/v1/customers"),
    "customer": re.compile(r"/api/v1/customers/(?P<id>[^/]*)"),
    "integrations": re.compile(r"/api/v1/customers/(?P<id>[^/]*)/integrations"),
    "integration": re.compile(
        r"/api/v1/customers/(?P<id>[^/]*)/integrations/(?P<integration>[^/]*)"
    ),
    "subscription": re.compile(r"/api/v1/subscriptions/(?P<id>[^/]*)"),
}

Listed = TypeVar("Listed", Customer, Integration)


@dataclass(frozen=True)
class Request:
    method: str
    path: str  # still percent-encoded
    query: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": JSON})


class Refused(Exception):
    def __init__(self, status: int, code: str | None, message: str) -> None:
        super().__init__(message)
        self.answer = written({"message": message, "code": code}, status)


@dataclass(frozen=True)
class Query:
    after: str | None = None
    before: str | None = None
    limit: int = 20
    vendors: Collection[str] = ()
    email: str | None = None
    name: str | None = None
    integration: str = ""  # of the path


def written(payload: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode())


def bad_input(message: str) -> Refused:
    return Refused(400, "BadUserInput", message)


def answer(request: Request) -> Answer:
    try:
        return written(_payload(request))
    except Refused as refused:
        return refused.answer


def _payload(request: Request) -> object:
    route, customer_id = place(request.path)
    if route is None:
        raise Refused(404, None, f"Cannot {request.method} {request.path}")
    if request.method != "GET":
        raise Refused(405, None, f"{request.method} is not allowed here")
    environment = environment_of(request.headers)
    check_length(customer_id)
    query = replace(
        read_query(request.query, ALLOWED[route]), integration=integration_id(request.path)
    )
    return ANSWERS[route](environment, customer_id or "", query)


def place(path: str) -> tuple[str | None, str | None]:
    """The route and the id of what it is about, which is decoded here, once: `%2F` belongs to an
    id, `/` never does.
    """
    for route, pattern in ROUTES.items():
        if match := pattern.fullmatch(path):
            customer_id = match.groupdict().get("id")
            return route, None if customer_id is None else unquote(customer_id)
    return None, None


def integration_id(path: str) -> str:
    found = ROUTES["integration"].fullmatch(path)
    return unquote(found["integration"]) if found else ""


# --- who asks -------------------------------------------------------------------------------------


def environment_of(headers: Mapping[str, str]) -> str:
    """A key belongs to one environment; a person's token has to name it (docs rest/authentication).

    X-ACCOUNT-ID is optional for a token and both headers are ignored for a key.
    """
    key = headers.get("x-api-key")
    if key is None:
        return _environment_of_token(headers)
    environment = (KEYS | REST_ONLY_KEYS).get(key)
    if environment is None:
        raise Refused(401, "Unauthenticated", "User is not authenticated")
    return environment


def _environment_of_token(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or token not in TOKENS:
        raise Refused(401, "Unauthenticated", "User is not authenticated")
    environment_id = headers.get("x-environment-id")
    if not environment_id:
        raise bad_input("X-ENVIRONMENT-ID header is required with a user token")
    if environment_id not in TOKENS[token]:
        raise Refused(403, "AccessDeniedError", "User is not allowed to access this environment")
    return TOKENS[token][environment_id]


# --- what is asked --------------------------------------------------------------------------------


def check_length(customer_id: str | None) -> None:
    if customer_id is not None and len(customer_id) not in ID_LENGTH:
        raise bad_input(
            "id must be longer than or equal to 1 and shorter than or equal to 255 characters"
        )


def read_query(text: str, allowed: Collection[str]) -> Query:
    values: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        if name not in allowed:
            raise bad_input(f"property {name} should not exist")
        attribute, read = PARAMETERS[name]
        if attribute in values:
            raise bad_input(f"{name} must be given once")
        values[attribute] = read(name, value)
    if "after" in values and "before" in values:
        raise bad_input("after and before cannot be used together")
    return Query(**values)


def read_text(_name: str, value: str) -> str:
    return value


def read_limit(name: str, value: str) -> int:
    if re.fullmatch(r"[1-9][0-9]{0,2}", value) and int(value) in LIMIT:
        return int(value)
    raise bad_input(f"{name} must be an integer number from 1 to 100")


def read_cursor(name: str, value: str) -> str:
    if UUID.fullmatch(value):
        return value.lower()
    raise bad_input(f"{name} must be a UUID")


def read_vendors(name: str, value: str) -> Collection[str]:
    """One comma-joined value (`style: form, explode: false`)."""
    vendors = value.split(",")
    for vendor in vendors:
        if vendor not in VENDORS:
            known = ", ".join(VENDORS)
            raise Refused(
                400, "UnsupportedVendorIdentifier", f"each value in {name} must be one of: {known}"
            )
    return vendors


PARAMETERS: dict[str, tuple[str, Callable[[str, str], object]]] = {
    "after": ("after", read_cursor),
    "before": ("before", read_cursor),
    "limit": ("limit", read_limit),
    "vendorIdentifier": ("vendors", read_vendors),
    "email": ("email", read_text),
    "name": ("name", read_text),
}
ALLOWED: dict[str, Collection[str]] = {
    "customers": ("after", "before", "limit", "email", "name"),
    "customer": (),
    "integrations": ("after", "before", "limit", "vendorIdentifier"),
    "integration": (),
    "subscription": (),
}


# --- what is answered -----------------------------------------------------------------------------


def list_customers(environment: str, _customer_id: str, query: Query) -> object:
    """Exact e-mail and exact name; Stigg's REST API cannot search by a part of either."""
    everyone = listed(environment)
    found = [
        number
        for number, customer in enumerate(everyone)
        if query.email in (None, customer.email) and query.name in (None, customer.name)
    ]
    chosen, pagination = page(everyone, found, by_cursor(environment), query)
    return {"data": [customer.document for customer in chosen], "pagination": pagination}


def get_customer(environment: str, customer_id: str, _query: Query) -> object:
    return {"data": find(environment, customer_id).document}


def list_integrations(environment: str, customer_id: str, query: Query) -> object:
    rows = find(environment, customer_id).listed
    found = [
        place for place, row in enumerate(rows) if not query.vendors or row.vendor in query.vendors
    ]
    chosen, pagination = page(
        rows, found, {row.cursor: place for place, row in enumerate(rows)}, query
    )
    return {"data": [integration.row for integration in chosen], "pagination": pagination}


def get_integration(environment: str, customer_id: str, query: Query) -> object:
    """One row of the list."""
    for integration in find(environment, customer_id).listed:
        if integration.row["id"] == query.integration:
            return {"data": integration.row}
    raise Refused(404, "IntegrationNotFound", "Integration not found.")


def get_subscription(environment: str, subscription_id: str, _query: Query) -> object:
    try:
        return {"data": subscriptions(environment)[subscription_id].subscription}
    except KeyError:
        raise Refused(404, "SubscriptionNotFound", "Subscription not found.") from None


ANSWERS: dict[str, Callable[[str, str, Query], object]] = {
    "customers": list_customers,
    "customer": get_customer,
    "integrations": list_integrations,
    "integration": get_integration,
    "subscription": get_subscription,
}


def find(environment: str, customer_id: str) -> Customer:
    try:
        return customers(environment)[customer_id]
    except KeyError:
        raise Refused(404, "CustomerNotFound", "Customer not found.") from None


def page(
    items: Sequence[Listed], found: list[int], places: Mapping[str, int], query: Query
) -> tuple[list[Listed], dict[str, str | None]]:
    """One page of the places `found` in `items`; a cursor is a place, whether its row is found or
    not.
    """
    start, end = 0, len(items)
    try:
        if query.after:
            start = places[query.after] + 1
        if query.before:
            end = places[query.before]
    except KeyError:
        raise bad_input("Cursor not found") from None
    window = [number for number in found if start <= number < end]
    shown = window[-query.limit :] if query.before else window[: query.limit]
    return [items[number] for number in shown], {
        "next": items[shown[-1]].cursor if shown and shown[-1] < found[-1] else None,
        "prev": items[shown[0]].cursor if shown and shown[0] > found[0] else None,
    }
