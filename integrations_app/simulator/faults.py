"""How an answer can go wrong: each fault takes the answer that was right and spoils it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import repeat
from threading import Lock
from typing import Any, NamedTuple

from . import graph
from .api import JSON, Answer
from .api import ROUTES as REST_ROUTES

ANY = "*"
DOCUMENTED = "(documented)"  # the code that Stigg documents for the status

# Codes of the contract; 404 is not in it for the list, 5xx nowhere.
ERRORS: dict[int, tuple[str | None, str]] = {
    400: ("BadUserInput", "Bad user input"),
    401: ("Unauthenticated", "User is not authenticated"),
    403: ("IdentityForbidden", "User is not allowed to access this resource"),
    404: ("CustomerNotFound", "Customer not found."),
    429: ("RateLimitExceeded", "Too many requests"),
}
HTML = "<!doctype html><title>Bad gateway</title><h1>The page you are looking for is elsewhere</h1>"
DEPTH = 100_000
BODILESS = (204, 304)
STATUSES = range(200, 600)

ROUTES = (*REST_ROUTES, graph.ROUTE)
# Where an object has its rows
ROWS = (
    ("integrations",),
    ("customers", "edges"),
    ("getCustomerByRefId", "syncStates"),
    ("eventLogs", "edges"),
)

Shape = Callable[[dict[str, Any]], str]


def rows_of(payload: dict[str, Any]) -> list[Any]:
    data = payload["data"]
    path = () if isinstance(data, list) else next(path for path in ROWS if path[0] in data)
    for name in path:
        data = data[name]
    rows: list[Any] = data
    return rows


def broken_row(payload: dict[str, Any]) -> str:
    """Rows no client can read, before, between and after rows that it can."""
    rows = rows_of(payload)
    rows[:] = ["not a row", *rows[:1], {"vendorIdentifier": 7, "syncData": []}, *rows[1:], None]
    return json.dumps(payload)


def surrogate(payload: dict[str, Any]) -> str:
    """Legal JSON whose text no encoding can write: half of a pair."""
    if isinstance(payload["data"], dict):
        payload["data"]["name"] = "half \ud800 pair"
    for row in rows_of(payload):
        row["syncedEntityId"] = "cus_\ud800"
    return json.dumps(payload)


def without(payload: dict[str, Any], name: str) -> str:
    return json.dumps({key: value for key, value in payload.items() if key != name})


SHAPES: dict[str, Shape] = {
    "no-pagination": lambda payload: without(payload, "pagination"),
    "data-null": lambda payload: json.dumps(payload | {"data": None}),
    "data-object": lambda payload: json.dumps(payload | {"data": {}}),
    "list": lambda payload: json.dumps(rows_of(payload)),
    "empty": lambda _payload: "",
    "broken-json": lambda payload: json.dumps(payload)[:-20],
    "broken-row": broken_row,
    "surrogate": surrogate,
    "deep": lambda _payload: '{"data": ' + "[" * DEPTH + "]" * DEPTH + ', "pagination": null}',
    "nan": lambda payload: json.dumps(payload | {"extra": float("nan")}),
    "huge-number": lambda payload: '{"extra": ' + "9" * 5_000 + ", " + json.dumps(payload)[1:],
}


class Asked(NamedTuple):
    """What faults know of a request; `text` is its address and its body."""

    route: str
    customer: str | None
    environment: str | None
    text: str


@dataclass(frozen=True)
class Fault:
    """`customer`, `environment` and `route` say where, `said` by what the request says, in its
    address or in its body; `times` says how often, the rest what goes wrong.

    With none of `status`, `code`, `message`, `body`, `html` and `shape`, or with a status below
    300, the right answer is given: late, dripping, cut, or with other headers.
    """

    customer: str = ANY
    environment: str | None = None
    route: str | None = None
    said: str = ""
    times: int | None = None
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    code: str | None = DOCUMENTED
    message: str | None = None
    body: str | None = None
    content_type: str | None = None
    delay: float = 0
    drip: float = 0
    drip_head: bool = False  # drip the status line and the headers too
    cut: bool = False
    html: bool = False
    shape: str | None = None

    def __post_init__(self) -> None:
        if self.shape is not None and self.shape not in SHAPES:
            raise ValueError(f"shape must be one of: {', '.join(SHAPES)}")
        if self.route is not None and self.route not in ROUTES:
            raise ValueError(f"route must be one of: {', '.join(ROUTES)}")
        if self.status is not None and self.status not in STATUSES:
            raise ValueError("status must be from 200 to 599")

    def meets(self, asked: Asked) -> bool:
        return (
            self.customer in (ANY, asked.customer)
            and self.route in (None, asked.route)
            and self.environment in (None, asked.environment)
            and self.said in asked.text
        )

    def spoil(self, answer: Answer, route: str | None = None) -> Answer:
        status, content_type, body = self._content(answer, route)
        headers = (
            answer.headers | {"Content-Type": self.content_type or content_type} | self.headers
        )
        return Answer(self.status or status, body, headers)

    def _content(self, answer: Answer, route: str | None) -> tuple[int, str, bytes]:
        if self.status in BODILESS:
            return self.status, JSON, b""
        if self.body is not None:
            return 200, JSON, self.body.encode()
        if self.html:
            return 200, "text/html", HTML.encode()
        if self.shape:
            return 200, JSON, self._bent(answer)
        if self._is_error():
            return self._error(route)
        return answer.status, answer.headers["Content-Type"], answer.body

    def _bent(self, answer: Answer) -> bytes:
        payload = json.loads(answer.body)
        if "data" not in payload or "errors" in payload:
            payload = {"data": [], "pagination": {"next": None, "prev": None}}
        return SHAPES[self.shape or ""](payload).encode()

    def _is_error(self) -> bool:
        return (self.status or 0) >= 300 or self.message is not None or self.code != DOCUMENTED

    def _error(self, route: str | None) -> tuple[int, str, bytes]:
        """GraphQL refuses inside an answer, also where a status is asked for beside it."""
        code, message = ERRORS.get(self.status or 500, (None, "Something went wrong"))
        code = code if self.code == DOCUMENTED else self.code
        if route == graph.ROUTE:
            return 200, JSON, graph.refused(code, self.message or message).body
        return 500, JSON, json.dumps({"message": self.message or message, "code": code}).encode()


# For a person with a browser: one customer for each thing that can go wrong.
BUILT_IN = [
    Fault("fault-401", status=401),
    Fault("fault-403", status=403),
    Fault("fault-404", status=404),
    Fault("fault-429", status=429, headers={"Retry-After": "12"}),
    Fault("fault-500", status=500),
    Fault("fault-503", status=503),
    Fault("fault-slow", delay=30),
    Fault("fault-drip", drip=0.5),
    Fault("fault-cut", cut=True),
    Fault("fault-html", html=True),
    Fault("fault-shape", shape="data-object"),
    Fault("fault-empty", shape="empty"),
    Fault(
        "fault-redirect", status=302, body="", headers={"Location": "https://elsewhere.example/"}
    ),
]


class Faults:
    """The faults that are set now. The newest that meets a request is the one that happens."""

    def __init__(self) -> None:
        self._set: list[tuple[Fault, Iterator[Fault]]] = []
        self._lock = Lock()

    def add(self, fault: Fault) -> None:
        turns = repeat(fault) if fault.times is None else repeat(fault, fault.times)
        with self._lock:
            self._set.insert(0, (fault, turns))

    def clear(self) -> None:
        with self._lock:
            self._set.clear()

    def take(self, asked: Asked) -> Fault | None:
        with self._lock:
            for fault, turns in self._set:
                if fault.meets(asked) and next(turns, None):
                    return fault
        return next((fault for fault in BUILT_IN if fault.customer == asked.customer), None)
