"""Stigg's records as typed rows: a customer, its integrations, a page of them.

Vendors, codes and fields that we have never heard of are normal: Stigg added five vendors in half a
year. So a vendor is a text, and each row is read alone: a broken one is reported in its place and
the others stand. Contract:
https://docs.stigg.io/api-reference/customer-integrations/get-a-list-of-customer-integrations
(7.64.2).
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, NamedTuple, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from .answers import UnexpectedResponse, at, expect, printable, text_or_none

MAX_LIMIT = 100


def _required(text: str) -> str:
    if not text:
        raise ValueError("must not be empty")
    return text


Text = Annotated[str, AfterValidator(printable)]
Id = Annotated[Text, AfterValidator(_required)]
TextOrNone = Annotated[str | None, BeforeValidator(text_or_none)]
TextOrEmpty = Annotated[str, BeforeValidator(lambda value: text_or_none(value) or "")]
TupleOrNone = Annotated[
    tuple[Any, ...] | None, BeforeValidator(lambda sent: sent if isinstance(sent, list) else None)
]


def _as_sent(value: object) -> str | None:
    """A link is judged as Stigg sent it, so nothing of it is cut or replaced here.

    But half a character, which no text can hold, becomes NUL: `links.judge` refuses both.
    """
    return re.sub("[\ud800-\udfff]", "\0", value) if isinstance(value, str) else None


class Model(BaseModel):
    """What came from Stigg: camelCase there, snake_case here; unknown fields are ignored."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    @classmethod
    def read_or_none(cls, item: object) -> Self | None:
        """One that cannot be read does not hide the others."""
        try:
            return cls.model_validate(item)
        except ValidationError:
            return None


class SyncData(Model):
    """All documented shapes in one: a new shape then costs us a link, not the row."""

    billing_id: TextOrNone = None
    billing_link_url: Annotated[str | None, BeforeValidator(_as_sent)] = None
    price_group_package_billing_id: TextOrNone = None
    dimensions: TextOrNone = None

    @property
    def is_known(self) -> bool:
        """Is it one of the documented shapes? Told by the keys present, never by the vendor."""
        return bool(self.model_fields_set)


def _shape_or_unknown(value: object) -> object:
    return value if value is None or isinstance(value, Mapping | SyncData) else {}


class Integration(Model):
    """One link of a customer to an external system; `id` names the environment's integration."""

    id: Id
    vendor_identifier: TextOrEmpty = ""
    synced_entity_id: TextOrNone = None
    sync_data: Annotated[SyncData | None, BeforeValidator(_shape_or_unknown)] = None


class BrokenRow(Model):
    """A row that could not be read, with what it could tell; `problem` says why."""

    problem: str
    id: TextOrEmpty = ""
    vendor_identifier: TextOrEmpty = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a customer's integrations.

    `next` goes into `after`, `prev` into `before`; None ends the walk. `left_out` counts the rows
    that came beyond the most that a page may have. `sent` are the rows as they came. `is_part`: the
    list has more rows, perhaps, and no cursor leads to them.
    """

    rows: tuple[Integration | BrokenRow, ...]
    next: str | None = None
    prev: str | None = None
    left_out: int = 0
    is_part: bool = False
    sent: tuple[object, ...] = field(default=(), compare=False, repr=False)


class Sent(NamedTuple):
    """One integration, and the JSON that it was read from."""

    row: Integration | BrokenRow
    sent: object


class Customer(Model):
    """What Stigg keeps of a customer itself. Archiving takes `name` and `email` away.

    `bare` are the integrations as they came, without sync data; None when Stigg did not send them.
    Every page counts them and few pages show them, so they are read only when asked for.
    """

    id: Id
    name: TextOrNone = None
    email: TextOrNone = None
    archived_at: TextOrNone = None
    bare: Annotated[TupleOrNone, Field(alias="integrations")] = None

    @property
    def archived(self) -> bool:
        return bool(self.archived_at)

    @cached_property
    def integrations(self) -> tuple[Integration | BrokenRow, ...]:
        """At most MAX_LIMIT: a record that names thousands must not fill a page."""
        return read_rows((self.bare or ())[:MAX_LIMIT])

    @cached_property
    def record_ids(self) -> tuple[str, ...]:
        """The vendors' ids of all its records, as far as Stigg sent them."""
        ids = (text_or_none(at(item, "syncedEntityId")) for item in self.bare or ())
        return tuple(dict.fromkeys(filter(None, ids)))

    @property
    def left_out(self) -> int:
        """How many the record names beyond those of `integrations`."""
        return max(len(self.bare or ()) - MAX_LIMIT, 0)

    @cached_property
    def vendor_counts(self) -> Counter[str] | None:
        """How many integrations each vendor has, "" for those without one; None if unknown."""
        if self.bare is None:
            return None
        return Counter(text_or_none(at(item, "vendorIdentifier")) or "" for item in self.bare)


def read_rows(data: Iterable[object]) -> tuple[Integration | BrokenRow, ...]:
    return tuple(_read_row(item) for item in data)


def _read_row(item: object) -> Integration | BrokenRow:
    try:
        return Integration.model_validate(item)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        problem = f"{'.'.join(map(str, first['loc'])) or 'row'}: {first['msg']}"
        vendor = at(item, "vendorIdentifier")
        return BrokenRow(problem=problem, id=at(item, "id"), vendor_identifier=vendor)


def read_page(payload: Mapping[str, Any]) -> Page:
    """Read one list answer. The contract requires `pagination`, but a page is read without it."""
    data = expect(list, payload.get("data"), "list of rows")
    return Page(
        read_rows(data[:MAX_LIMIT]),
        next=_cursor(payload, "next"),
        prev=_cursor(payload, "prev"),
        left_out=max(len(data) - MAX_LIMIT, 0),
        sent=tuple(data[:MAX_LIMIT]),
    )


def read_integration(payload: Mapping[str, Any]) -> Sent:
    """Read `{"data": …}` with one row in it."""
    data = expect(dict, payload.get("data"), "integration")
    return Sent(_read_row(data), data)


UUID_PATTERN = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)


def _cursor(payload: Mapping[str, Any], way: str) -> str | None:
    value = at(payload, "pagination", way)
    return value if isinstance(value, str) and UUID_PATTERN.fullmatch(value) else None


def read_customer(payload: Mapping[str, Any]) -> Customer:
    """Read `{"data": Customer}` of https://docs.stigg.io/api-reference/customers."""
    if not (customer := Customer.read_or_none(expect(dict, payload.get("data"), "customer"))):
        raise UnexpectedResponse("the customer has no id")
    return customer


def read_customers(payload: Mapping[str, Any]) -> tuple[Customer, ...]:
    """Read `{"data": [Customer, …]}`. One that cannot be read does not hide the others."""
    data = expect(list, payload.get("data"), "list of customers")[:MAX_LIMIT]
    return tuple(customer for item in data if (customer := Customer.read_or_none(item)))


def read_customer_of_subscription(payload: Mapping[str, Any]) -> str:
    """Read `customerId` of `{"data": Subscription}`: whose subscription it is, not who pays."""
    customer_id = at(payload, "data", "customerId")
    if not isinstance(customer_id, str) or not customer_id:
        raise UnexpectedResponse("the answer has no customer of the subscription")
    return customer_id


@dataclass(frozen=True, slots=True)
class CustomersPage:
    """One page of all customers. `next` goes into `after`; None ends the walk."""

    customers: tuple[Customer, ...]
    next: str | None


def read_customers_page(payload: Mapping[str, Any]) -> CustomersPage:
    """Read a page of `{"data": [Customer, …], "pagination": {"next": …}}`."""
    return CustomersPage(read_customers(payload), _cursor(payload, "next"))
