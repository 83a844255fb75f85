"""What the visits of one environment share: the calls under way, and how Stigg is asked."""

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from integrations_app.stigg import (
    Answer,
    Client,
    Question,
    RateLimited,
    Read,
    StiggError,
    TimedOut,
    Unavailable,
    UnexpectedResponse,
    decode,
)
from integrations_app.upstream.copies import FRESH_SECONDS, KEPT_BYTES, Copy, Memory
from integrations_app.upstream.limits import PASSING, CoolDown, RetryBudget, Slots

RETRY_PAUSE_SECONDS = (0.05, 0.3)
# Never a refused key, never an unknown customer
ANSWERED_BY_A_COPY = (Unavailable, RateLimited, UnexpectedResponse)

Shared = TypeVar("Shared")


@dataclass(slots=True)
class Flights:
    """The calls under way. Whoever asks for the same meanwhile waits for the one answer."""

    _flying: dict[str, "Future[Any]"] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def share(self, key: str, call: Callable[[], Shared], ends: float) -> Shared:
        with self._lock:
            future = self._flying.get(key)
            leads = future is None
            if future is None:
                future = self._flying[key] = Future()
        if leads:
            self._fly(key, future, call)
        try:
            return cast(Shared, future.result(max(ends - time.monotonic(), 0)))
        except TimeoutError:
            raise TimedOut("waited for another page's call") from None

    def _fly(self, key: str, future: "Future[Any]", call: Callable[[], Any]) -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - those who wait must be told of anything at all
            future.set_exception(error)
        finally:
            with self._lock:
                del self._flying[key]


@dataclass(slots=True)
class Upstream:
    """What all visits of one environment share."""

    client: Client
    memory: Memory
    slots: Slots
    pool: ThreadPoolExecutor
    budget: RetryBudget
    deadline_seconds: float = 8.0
    stale_seconds: float = 600.0
    flights: Flights = field(default_factory=Flights)
    rest: CoolDown = field(init=False)
    graphql: CoolDown = field(init=False)

    def __post_init__(self) -> None:
        self.rest = CoolDown(self.memory, "rest")
        self.graphql = CoolDown(self.memory, "graphql")

    def cool_down(self, question: Question) -> CoolDown:
        """REST and GraphQL have limits of their own: a page must not lose its list to a search."""
        return self.rest if question.payload is None else self.graphql

    def ask(
        self, question: Question, read: Callable[[dict[str, Any]], Read], ends: float
    ) -> tuple[Copy, Read]:
        """Ask Stigg, unless it is cooling down; keep what it says once it has been read without
        fault.
        """
        cool_down = self.cool_down(question)
        cool_down.check()
        try:
            answer, payload = self._persist(question, ends)
            value = read(payload)
        except StiggError as error:
            cool_down.failed(error)
            if not isinstance(error, ANSWERED_BY_A_COPY):
                self.memory.delete(question.key)  # what was true before is not any more
            raise
        cool_down.succeeded()
        copy = Copy(time.time(), answer.body)
        if len(answer.body) <= KEPT_BYTES:
            self.memory.set(question.key, copy, max(FRESH_SECONDS, self.stale_seconds))
        return copy, value

    def _persist(self, question: Question, ends: float) -> tuple[Answer, dict[str, Any]]:
        """At most one retry, of a GET, for trouble that passes, within the deadline and the
        budget.
        """
        self.budget.earn()
        try:
            return self._once(question, ends)
        except Unavailable as error:
            pause = random.uniform(*RETRY_PAUSE_SECONDS)  # noqa: S311 - jitter, not a secret
            late = isinstance(error, TimedOut) or time.monotonic() + pause >= ends
            lasting = question.payload is not None or error.status not in PASSING
            if late or lasting or not self.budget.spend():
                raise
        time.sleep(pause)
        return self._once(question, ends)

    def _once(self, question: Question, ends: float) -> tuple[Answer, dict[str, Any]]:
        answer = self.client.send(question, deadline=ends)
        return answer, decode(*answer)
