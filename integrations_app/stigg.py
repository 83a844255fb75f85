"""A client for the Stigg REST calls that the desk rests on; `graphql` asks the rest through it.

Contract: https://docs.stigg.io/api-reference/customer-integrations/get-a-list-of-customer-integrations (7.64.2).
Nothing here knows Django. Errors are named by what the reader of a page can do about them, `decode` is one pure
function from an HTTP answer to its JSON object, and every text is made printable once, where it enters.

Vendors, codes and fields that we have never heard of are normal: Stigg added five vendors in half a year. So a vendor
is a text, and each row is read alone: a broken one is reported in its place and the others stand.
"""

import json
import re
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Annotated, Any, ClassVar, NoReturn, TypeVar
from urllib.parse import quote, urlencode

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from integrations_app.transport import Answer, DeadlinePassed, Limits, Transport, Unreachable, Unusable

CUSTOMERS = "/api/v1/customers"
MAX_ID_CHARACTERS = 255
DEFAULT_LIMIT, MAX_LIMIT = 20, 100
MAX_TEXT_CHARACTERS = 1_000
MAX_RETRY_AFTER_SECONDS = 3_600


class StiggError(Exception):
    """A call that gave no usable answer. `str()` of it is for the operator's log and never holds a key.

    `status` is Stigg's HTTP status, None when no answer came. `code` and `message` are Stigg's own words when it sent
    any; `trace_id` is what Stigg's support asks for. `retry_after` is in seconds, None when nobody knows.
    """

    kind: ClassVar[str] = "unexpected"

    def __init__(
        self,
        detail: str = "",
        *,
        status: int | None = None,
        code: str = "",
        message: str = "",
        trace_id: str = "",
        retry_after: int | None = None,
    ) -> None:
        super().__init__(detail or message or self.kind)
        self.status, self.code, self.message, self.trace_id = status, code, message, trace_id
        self.retry_after = retry_after


class CustomerNotFound(StiggError):
    """404: this environment has no such customer. Look in another one, or check the id."""

    kind = "not-found"


class BadRequest(StiggError):
    """400 and the other refusals of what was asked: change the question, `code` says what is wrong with it."""

    kind = "bad-request"


class KeyRejected(StiggError):
    """401, or 400 with ApiKeyExpired: the operator must give the desk another key."""

    kind = "key-rejected"


class Forbidden(StiggError):
    """403: the key is good but lacks the scope, or the plan lacks the feature. Something for the operator."""

    kind = "forbidden"


class RateLimited(StiggError):
    """429: wait. `retry_after` is None when Stigg did not say, or when what it said makes no sense."""

    kind = "rate-limited"


class Unavailable(StiggError):
    """No connection, a cut answer, or 5xx: try again soon."""

    kind = "unavailable"


class TimedOut(Unavailable):
    """Stigg took longer than the desk waits: try again soon."""

    kind = "timeout"


class UnexpectedResponse(StiggError):
    """An answer that makes no sense: a redirect, HTML, broken JSON, another shape. Tell the operator."""

    kind = "unexpected"


# Lone surrogates cannot be encoded into a page, and control characters have no business in an id or a name.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def clean(text: str) -> str:
    """Make a text from outside printable and bounded; what could not be shown becomes U+FFFD."""
    if len(text) <= MAX_TEXT_CHARACTERS and text.isprintable():  # nearly always, and ten times quicker
        return text
    return _UNPRINTABLE.sub("\ufffd", text[:MAX_TEXT_CHARACTERS])


def _required(text: str) -> str:
    if not text:
        raise ValueError("must not be empty")
    return text


def _text_or_none(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # HubSpot's ids are numbers, and may come as such
    return clean(value) if isinstance(value, str) else None


Text = Annotated[str, AfterValidator(clean)]
Id = Annotated[Text, AfterValidator(_required)]
TextOrNone = Annotated[str | None, BeforeValidator(_text_or_none)]
TextOrEmpty = Annotated[str, BeforeValidator(lambda value: _text_or_none(value) or "")]


class Model(BaseModel):
    """What came from Stigg: its own names in camelCase, ours in snake_case, and fields of tomorrow do no harm."""

    model_config = ConfigDict(frozen=True, extra="allow", alias_generator=to_camel, populate_by_name=True)


class SyncData(Model):
    """All documented shapes in one: a new shape then costs us a link, not the row."""

    billing_id: TextOrNone = None
    billing_link_url: TextOrNone = None
    price_group_package_billing_id: TextOrNone = None
    dimensions: TextOrNone = None

    @property
    def is_known(self) -> bool:
        """Is it one of the documented shapes? Told by the keys present, never by the vendor."""
        return bool(self.model_fields_set & set(type(self).model_fields))


def _shape_or_unknown(value: object) -> object:
    return value if value is None or isinstance(value, Mapping | SyncData) else {}


class Integration(Model):
    """One link of a customer to an external system. `id` names the integration of the environment, not the link."""

    id: Id
    vendor_identifier: TextOrEmpty = ""
    synced_entity_id: TextOrNone = None
    sync_data: Annotated[SyncData | None, BeforeValidator(_shape_or_unknown)] = None


class BrokenRow(Model):
    """A row that could not be read; `problem` says why in the contract's terms. What it could tell is kept."""

    problem: str
    id: TextOrEmpty = ""
    vendor_identifier: TextOrEmpty = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a customer's integrations. `next` goes into `after`, `prev` into `before`; None ends the walk."""

    rows: tuple[Integration | BrokenRow, ...]
    next: str | None = None
    prev: str | None = None


class Customer(Model):
    """What Stigg keeps of a customer itself. Archiving takes `name` and `email` away.

    `bare` are the integrations as they came, without sync data; None when Stigg did not send them. Every page counts
    them and few pages show them, so they are read only when asked for.
    """

    id: Id
    name: TextOrNone = None
    email: TextOrNone = None
    archived_at: TextOrNone = None
    bare: tuple[Any, ...] | None = None

    @cached_property
    def integrations(self) -> tuple[Integration | BrokenRow, ...]:
        return read_rows(self.bare or ())

    @cached_property
    def vendor_counts(self) -> Counter[str] | None:
        """How many integrations each vendor has, `""` standing for rows without one; None when nobody knows."""
        if self.bare is None:
            return None
        vendors = (item.get("vendorIdentifier") if isinstance(item, Mapping) else None for item in self.bare)
        return Counter(_text_or_none(vendor) or "" for vendor in vendors)


def read_rows(data: Iterable[object]) -> tuple[Integration | BrokenRow, ...]:
    return tuple(_read_row(item) for item in data)


def _read_row(item: object) -> Integration | BrokenRow:
    try:
        return Integration.model_validate(item)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        problem = f"{'.'.join(map(str, first['loc'])) or 'row'}: {first['msg']}"
        return BrokenRow.model_validate({**(item if isinstance(item, Mapping) else {}), "problem": problem})


def read_page(payload: Mapping[str, Any]) -> Page:
    """Read one list answer. `pagination` is required by the contract, yet its absence must not cost the rows."""
    data = payload.get("data")
    if not isinstance(data, list):
        raise UnexpectedResponse("the answer has no list of rows")
    pagination = payload.get("pagination")
    cursors = pagination if isinstance(pagination, Mapping) else {}
    return Page(read_rows(data[:MAX_LIMIT]), _cursor(cursors.get("next")), _cursor(cursors.get("prev")))


UUID_PATTERN = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)


def _cursor(value: object) -> str | None:
    return value if isinstance(value, str) and UUID_PATTERN.fullmatch(value) else None


def read_customer(payload: Mapping[str, Any]) -> Customer:
    """Read `{"data": Customer}` of https://docs.stigg.io/api-reference/customers."""
    data = payload.get("data")
    if not isinstance(data, Mapping):
        raise UnexpectedResponse("the answer has no customer")
    if not (customer := _customer_or_none(data)):
        raise UnexpectedResponse("the customer has no id")
    return customer


def read_customers(payload: Mapping[str, Any]) -> tuple[Customer, ...]:
    """Read `{"data": [Customer, …]}`. One that cannot be read does not hide the others."""
    data = payload.get("data")
    if not isinstance(data, list):
        raise UnexpectedResponse("the answer has no list of customers")
    return tuple(customer for item in data[:MAX_LIMIT] if (customer := _customer_or_none(item)))


def _customer_or_none(item: object) -> Customer | None:
    fields = item if isinstance(item, Mapping) else {}
    bare = fields.get("integrations")
    try:
        return Customer.model_validate({**fields, "bare": tuple(bare) if isinstance(bare, list) else None})
    except ValidationError:
        return None


def decode(status: int, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Turn one HTTP answer into its JSON object, or raise the StiggError that names it."""
    if status != 200:
        raise refusal(status, headers, _json(body))
    if "json" not in headers.get("Content-Type", "").lower():
        raise UnexpectedResponse("the answer is not JSON", trace_id=_trace_id(headers, {}))
    payload = _json(body)
    if not isinstance(payload, dict):
        raise UnexpectedResponse("the answer is not a JSON object", trace_id=_trace_id(headers, {}))
    return payload


def _json(body: bytes) -> object:
    """None when it makes no sense: deep nesting, NaN and numbers of thousands of digits are refused as well."""
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def refusal(status: int, headers: Mapping[str, str], payload: object) -> StiggError:
    """Name a refusal: by what its code means, else by its HTTP status. GraphQL refuses with status 200, too."""
    error = _error_body(payload)
    words = {
        "code": _text_or_none(error.get("code")) or "",
        "message": _text_or_none(error.get("message")) or "",
        "trace_id": _trace_id(headers, error),
    }
    wait = _retry_after(headers.get("Retry-After", "")) if status in (200, 429) else None
    detail, kind = f"HTTP {status} {words['code']}".strip(), _kind(status, words["code"])
    return kind(detail, status=status, retry_after=wait, **words)


# Codes of the contract and of GraphQL's ErrorCode that say more than the status beside them, in lower case and
# without underscores: Apollo, which serves Stigg's GraphQL, writes UNAUTHENTICATED where Stigg writes Unauthenticated.
_BY_CODE: dict[str, type[StiggError]] = {
    "apikeyexpired": KeyRejected,  # the docs say 401, the contract lists it under 400
    "apikeynotfound": KeyRejected,
    "unauthenticated": KeyRejected,
    "accessdeniederror": Forbidden,
    "forbidden": Forbidden,
    "identityforbidden": Forbidden,
    "nofeatureentitlementerror": Forbidden,
    "customernotfound": CustomerNotFound,
    "ratelimitexceeded": RateLimited,
    "internalservererror": Unavailable,
    "operationtimeout": Unavailable,
    "unexpectederror": Unavailable,
}
_BY_STATUS = {401: KeyRejected, 403: Forbidden, 404: CustomerNotFound, 408: Unavailable, 429: RateLimited}


def _kind(status: int, code: str) -> type[StiggError]:
    if status != 200 and status < 400:
        return UnexpectedResponse  # 1xx, other 2xx, and 3xx, which is never followed
    if status != 429 and (known := _BY_CODE.get(code.replace("_", "").lower())):
        return known
    if status == 200:
        return BadRequest if code else UnexpectedResponse
    return Unavailable if status >= 500 else _BY_STATUS.get(status, BadRequest)


def _error_body(payload: object) -> Mapping[str, Any]:
    """Stigg documents `{message, code}`; its authentication page shows the same inside `error`.

    GraphQL's are `{errors: [{message, extensions: {code, traceId}}]}`; the first one speaks for all.
    """
    if not isinstance(payload, Mapping):
        return {}
    if isinstance(payload.get("errors"), list):
        first = next((error for error in payload["errors"] if isinstance(error, Mapping)), {})
        extensions = first.get("extensions")
        return {**(extensions if isinstance(extensions, Mapping) else {}), "message": first.get("message")}
    inner = payload.get("error")
    return inner if isinstance(inner, Mapping) else payload


# Where REST puts the trace id is not documented, so every usual place is looked at.
_TRACE_HEADERS = ("x-trace-id", "x-request-id", "x-amzn-trace-id", "x-amz-cf-id", "cf-ray")


def _trace_id(headers: Mapping[str, str], error: Mapping[str, Any]) -> str:
    candidates = [error.get("traceId"), *(headers.get(name) for name in _TRACE_HEADERS)]
    return next((clean(text)[:128] for text in candidates if isinstance(text, str) and text), "")


def _retry_after(value: str) -> int | None:
    """Seconds to wait, from a number or a date (RFC 9110 10.2.3), capped at an hour."""
    if re.fullmatch(r"[0-9]{1,12}", value.strip()):
        return min(int(value), MAX_RETRY_AFTER_SECONDS)
    try:
        moment = parsedate_to_datetime(value)
        seconds = (moment - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError):  # TypeError: a date without a zone
        return None
    return min(max(round(seconds), 0), MAX_RETRY_AFTER_SECONDS)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A server key; the environment is part of the key. https://docs.stigg.io/api-and-sdks/api-reference/rest."""

    key: str = field(repr=False)

    def headers(self) -> dict[str, str]:
        return {"X-API-KEY": self.key}


@dataclass(frozen=True, slots=True)
class UserToken:
    """A user's token; the environment must be named beside it, the account falls back to the first one."""

    token: str = field(repr=False)
    environment_id: str
    account_id: str = ""

    def headers(self) -> dict[str, str]:
        account = {"X-ACCOUNT-ID": self.account_id} if self.account_id else {}
        return {"Authorization": f"Bearer {self.token}", "X-ENVIRONMENT-ID": self.environment_id} | account


Read = TypeVar("Read")


class Calls(ABC):
    """The calls that the desk makes. Each raises a StiggError, and nothing else, when there is no answer.

    Who carries them is left open: `Client` sends every one, `resilience.Visit` shares and keeps the answers.
    """

    @abstractmethod
    def ask(
        self,
        path: str,
        read: Callable[[dict[str, Any]], Read],
        payload: Mapping[str, Any] | None = None,
        *,
        patience: float | None = None,
    ) -> Read:
        """GET the JSON object at `path`, or POST `payload` to it, and read the answer.

        `patience` is in seconds and can only shorten what the call may take. A question with a payload is for what
        does not fit into an address, and is never asked twice.
        """

    def list_integrations(
        self,
        customer_id: str,
        *,
        after: str | None = None,
        before: str | None = None,
        limit: int = DEFAULT_LIMIT,
        vendor_identifier: Iterable[str] = (),
    ) -> Page:
        """`GET /api/v1/customers/{id}/integrations`; several vendors go as one comma-joined value."""
        query = {"after": after, "before": before, "limit": limit, "vendorIdentifier": ",".join(vendor_identifier)}
        given = {name: value for name, value in query.items() if value}
        return self.ask(f"{customer_path(customer_id)}/integrations?{urlencode(given)}", read_page)

    def get_customer(self, customer_id: str) -> Customer:
        """`GET /api/v1/customers/{id}`: name, e-mail, archived or not, and the bare integrations."""
        return self.ask(customer_path(customer_id), read_customer)

    def list_customers(self, *, email: str = "", name: str = "", limit: int = DEFAULT_LIMIT) -> tuple[Customer, ...]:
        """`GET /api/v1/customers`, its first page. Both filters are exact; an empty one does not filter."""
        query = {"email": email, "name": name, "limit": limit}
        given = {name: value for name, value in query.items() if value}
        return self.ask(f"{CUSTOMERS}?{urlencode(given, errors='replace')}", read_customers)


class Client(Calls):
    """Sends each call to one Stigg environment."""

    def __init__(
        self,
        base_url: str,
        credentials: ApiKey | UserToken,
        *,
        limits: Limits | None = None,
        pool_size: int = 16,
        proxy: str = "",
        ca_bundle: str = "",
    ) -> None:
        self.base_url = base_url.rstrip("/")
        headers = credentials.headers() | {"User-Agent": "integrations-desk"}
        self._transport = Transport(headers, limits or Limits(), pool_size, proxy, ca_bundle)

    def __repr__(self) -> str:
        return f"Client({self.base_url!r})"

    def ask(
        self,
        path: str,
        read: Callable[[dict[str, Any]], Read],
        payload: Mapping[str, Any] | None = None,
        *,
        patience: float | None = None,
    ) -> Read:
        ends = None if patience is None else time.monotonic() + patience
        return read(decode(*self.send(path, payload, deadline=ends)))

    def send(self, path: str, payload: Mapping[str, Any] | None = None, *, deadline: float | None = None) -> Answer:
        """One exchange, whatever its status. `deadline` is a `time.monotonic()` moment."""
        url, body = self.base_url + path, None if payload is None else json.dumps(payload).encode()
        try:
            return self._transport.send(url, body, deadline=deadline)
        except DeadlinePassed as error:
            raise TimedOut(str(error)) from None
        except Unreachable as error:
            raise Unavailable(str(error)) from None
        except Unusable as error:
            raise UnexpectedResponse(str(error)) from None


def customer_path(customer_id: str) -> str:
    """The address of a customer. Raises ValueError for an id that no address can carry.

    `.` and `..` survive percent-encoding and would climb in the path, so they are refused outright.
    """
    if not 1 <= len(customer_id) <= MAX_ID_CHARACTERS or customer_id in (".", ".."):
        raise ValueError("a customer id has 1 to 255 characters and is neither '.' nor '..'")
    return f"{CUSTOMERS}/{quote(customer_id, safe='')}"
