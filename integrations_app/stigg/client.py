"""A client for the few Stigg calls that the desk rests on. Nothing here knows Django."""

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from . import records
from .answers import decode
from .records import Customer, CustomersPage, Page, Sent
from .transport import Answer, Limits, Transport

CUSTOMERS = "/api/v1/customers"
SUBSCRIPTIONS = "/api/v1/subscriptions"
MAX_ID_CHARACTERS = 255
DEFAULT_LIMIT = 20


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A server key, environment included: docs.stigg.io/api-and-sdks/api-reference/rest."""

    secret: str = field(repr=False)

    def headers(self) -> dict[str, str]:
        return {"X-API-KEY": self.secret}


@dataclass(frozen=True, slots=True)
class UserToken:
    """A user's token, with its environment; without an account Stigg takes the first."""

    secret: str = field(repr=False)
    environment_id: str
    account_id: str = ""

    def headers(self) -> dict[str, str]:
        account = {"X-ACCOUNT-ID": self.account_id} if self.account_id else {}
        environment = {"X-ENVIRONMENT-ID": self.environment_id}
        return {"Authorization": f"Bearer {self.secret}"} | environment | account


@dataclass(frozen=True)
class Question:
    """What is asked: a GET of `path`, or a POST of `payload` to it.

    A question with a payload is for what does not fit into an address, and is never asked twice.
    `patience` is in seconds and can only shorten what the call may take. `about` is the id of the
    customer whom it is about, empty for a search.
    """

    path: str
    payload: Mapping[str, Any] | None = None
    patience: float | None = None
    about: str = ""

    @cached_property
    def key(self) -> str:
        """The same for the same question, in every process; nothing can be read from it."""
        payload = "" if self.payload is None else f" {json.dumps(self.payload, sort_keys=True)}"
        return sha256(f"{self.path}{payload}".encode()).hexdigest()[:32]


Read = TypeVar("Read")


class Calls(ABC):
    """The calls that the desk makes. Each raises a StiggError, and nothing else, without an answer.

    Who carries them is left open: `Client` sends every one; `upstream` shares and keeps answers.
    """

    @abstractmethod
    def ask(self, question: Question, read: Callable[[dict[str, Any]], Read]) -> Read:
        """Ask, and read the JSON object that is the answer."""

    def list_integrations(
        self,
        customer_id: str,
        *,
        after: str | None = None,
        before: str | None = None,
        limit: int = DEFAULT_LIMIT,
        vendor_identifier: Iterable[str] = (),
    ) -> Page:
        """`GET /api/v1/customers/{id}/integrations`; vendors go as one comma-joined value."""
        vendors = ",".join(vendor_identifier)
        query = _query(after=after, before=before, limit=limit, vendorIdentifier=vendors)
        path = f"{_path(CUSTOMERS, customer_id)}/integrations?{query}"
        return self.ask(Question(path, about=customer_id), records.read_page)

    def get_integration(self, customer_id: str, integration_id: str) -> Sent:
        """`GET /api/v1/customers/{id}/integrations/{integrationId}`: a row like those of the list.

        docs.stigg.io, Get a single customer integration by id.
        """
        path = _path(f"{_path(CUSTOMERS, customer_id)}/integrations", integration_id)
        return self.ask(Question(path, about=customer_id), records.read_integration)

    def get_customer(self, customer_id: str) -> Customer:
        """`GET /api/v1/customers/{id}`: name, e-mail, archived or not, bare integrations."""
        question = Question(_path(CUSTOMERS, customer_id), about=customer_id)
        return self.ask(question, records.read_customer)

    def customer_of_subscription(self, subscription_id: str) -> str:
        """The customer's id in `GET /api/v1/subscriptions/{id}` (Stigg's Python SDK 0.1.0b53)."""
        question = Question(_path(SUBSCRIPTIONS, subscription_id))
        return self.ask(question, records.read_customer_of_subscription)

    def list_customers(
        self, *, email: str = "", name: str = "", limit: int = DEFAULT_LIMIT
    ) -> tuple[Customer, ...]:
        """`GET /api/v1/customers`, its first page. Filters are exact; empty ones filter nothing."""
        query = _query(email=email, name=name, limit=limit)
        return self.ask(Question(f"{CUSTOMERS}?{query}"), records.read_customers)

    def page_of_customers(
        self, *, after: str | None = None, limit: int = DEFAULT_LIMIT
    ) -> CustomersPage:
        """One page of all: `GET /api/v1/customers`; docs.stigg.io, Get a list of customers."""
        query = _query(after=after, limit=limit)
        return self.ask(Question(f"{CUSTOMERS}?{query}"), records.read_customers_page)


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
        self._transport = Transport(
            headers, credentials.secret, limits or Limits(), pool_size, proxy, ca_bundle
        )

    def __repr__(self) -> str:
        return f"Client({self.base_url!r})"

    def ask(self, question: Question, read: Callable[[dict[str, Any]], Read]) -> Read:
        patience = question.patience
        ends = None if patience is None else time.monotonic() + patience
        return read(decode(*self.send(question, deadline=ends)))

    def send(
        self, question: Question, *, deadline: float | None = None, request_id: str = ""
    ) -> Answer:
        """One exchange, whatever its status. `deadline` is a `time.monotonic()` moment; a
        `request_id` goes along as `X-Request-Id`, so that both logs can be compared.
        """
        payload = question.payload
        body = None if payload is None else json.dumps(payload).encode()
        named = {"X-Request-Id": request_id} if request_id else {}
        url = self.base_url + question.path
        return self._transport.send(url, body, named, deadline)


def _query(**fields: str | int | None) -> str:
    """Of the fields that are given; a lone surrogate, which has no encoding, becomes "?"."""
    return urlencode({name: value for name, value in fields.items() if value}, errors="replace")


def fits_path(record_id: str) -> bool:
    """`.` and `..` survive percent-encoding and would climb in the path."""
    return 1 <= len(record_id) <= MAX_ID_CHARACTERS and record_id not in (".", "..")


def _path(collection: str, record_id: str) -> str:
    """Raises ValueError for an id that no address can carry."""
    if not fits_path(record_id):
        raise ValueError("an id has 1 to 255 characters and is neither '.' nor '..'")
    return f"{collection}/{quote(record_id, safe='')}"
