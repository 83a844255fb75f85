"""Calm on a bad day: one answer for many readers, an old one when there is no new one, and no queue
of waiting threads.

A page asks Stigg through a `Visit`. What every visit of one environment shares is its `Upstream`:
the answers kept in the cache, the calls under way, the cool-down, and the slots that keep a hung
Stigg from taking all threads.
"""

import json
import logging
import math
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from hashlib import sha256
from typing import Any, Literal, Protocol, TypeVar, cast

from integrations_app.stigg import (
    Answer,
    Calls,
    Client,
    RateLimited,
    Read,
    StiggError,
    TimedOut,
    Unavailable,
    UnexpectedResponse,
    decode,
)

logger = logging.getLogger(__name__)

FRESH_SECONDS = 15
KEPT_BYTES = 100_000  # a larger answer is not kept: a thousand of them must fit into memory
DEFAULT_COOL_DOWN_SECONDS, MAX_COOL_DOWN_SECONDS = 10, 300
FAILURES_IN_A_ROW, PAUSE_SECONDS = 3, 5
RETRY_PAUSE_SECONDS = (0.05, 0.3)
RETRIES_PER_CALL, MAX_RETRIES_SAVED = 0.1, 3.0
# Sockets end by the deadline; this is for what no socket timeout bounds, such as a name look-up
GRACE_SECONDS = 0.3

# Connection trouble, and what a proxy in front of Stigg says of a restart
_PASSING = (
    None,
    502,
    503,
    504,
)
# Never a refused key, never an unknown customer
_ANSWERED_BY_A_COPY = (
    Unavailable,
    RateLimited,
    UnexpectedResponse,
)
_KINDS: dict[str, type[StiggError]] = {
    error.kind: error for error in (Unavailable, TimedOut, RateLimited)
}


class Busy(Unavailable):
    """The desk's own refusal: as many threads wait on Stigg as may. Try again in a moment."""

    kind = "busy"


class NoCopy(Exception):
    """No answer that is kept will do, and Stigg is not to be asked now."""


Shared = TypeVar("Shared")


class Cache(Protocol):
    """What is used of Django's cache."""

    def get(self, key: str) -> Any: ...
    def set(self, key: str, value: Any, timeout: float) -> None: ...
    def delete(self, key: str) -> Any: ...


@dataclass(frozen=True, slots=True)
class Memory:
    """Django's cache, under a name of its own, and no reason for a page to fail when it is down."""

    cache: Cache
    scope: str

    def get(self, name: str) -> Any:
        return self._try(lambda: self.cache.get(f"{self.scope}:{name}"))

    def set(self, name: str, value: Any, seconds: float) -> None:
        self._try(lambda: self.cache.set(f"{self.scope}:{name}", value, seconds))

    def delete(self, name: str) -> None:
        self._try(lambda: self.cache.delete(f"{self.scope}:{name}"))

    def _try(self, operation: Callable[[], Any]) -> Any:
        try:
            return operation()
        except Exception as error:  # noqa: BLE001 - every backend has errors of its own, and all mean: no memory today
            logger.warning("cache failed", extra={"kind": type(error).__name__})
            return None


@dataclass(slots=True)
class RetryBudget:
    """A tenth of the calls may be retries, so that an outage is not doubled by the desk."""

    saved: float = MAX_RETRIES_SAVED
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def earn(self) -> None:
        with self._lock:
            self.saved = min(self.saved + RETRIES_PER_CALL, MAX_RETRIES_SAVED)

    def spend(self) -> bool:
        with self._lock:
            if self.saved < 1:
                return False
            self.saved -= 1
            return True


@dataclass(slots=True)
class CoolDown:
    """While it lasts Stigg is not asked. It lies in the shared cache, so all processes keep it."""

    memory: Memory
    name: str
    _failures: int = 0

    def check(self) -> None:
        """Raise the error that began the cool-down, with the seconds that are left of it."""
        kind, until = self.memory.get(f"cool-down:{self.name}") or ("", 0.0)
        if (left := until - time.time()) > 0:
            raise _KINDS[kind]("not asked: cooling down", retry_after=math.ceil(left))

    def begin(self, error: StiggError, seconds: float) -> None:
        self.memory.set(f"cool-down:{self.name}", (error.kind, time.time() + seconds), seconds)

    def failed(self, error: StiggError) -> None:
        """Note a failed call: the wait that Stigg asked for, or a short one when nothing gets
        through at all.
        """
        if isinstance(error, RateLimited):
            wait = DEFAULT_COOL_DOWN_SECONDS if error.retry_after is None else error.retry_after
            error.retry_after = min(max(wait, 1), MAX_COOL_DOWN_SECONDS)
            self.begin(error, error.retry_after)
        elif isinstance(error, Unavailable) and error.status in _PASSING:
            self._failures += 1
            if self._failures >= FAILURES_IN_A_ROW:
                self.begin(error, PAUSE_SECONDS)

    def succeeded(self) -> None:
        self._failures = 0


@dataclass(slots=True)
class Flights:
    """The calls under way. Whoever asks for the same meanwhile waits for the one answer."""

    _flying: dict[str, "Future[Any]"] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def share(self, key: str, call: Callable[[], Shared], ends: float) -> Shared:
        with self._lock:
            future = self._flying.get(key)
            if leads := future is None:
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


@dataclass(frozen=True, slots=True)
class Slots:
    """Bulkheads: a place among all threads that wait on Stigg, and one among those of this
    environment.
    """

    of_all: threading.Semaphore
    of_environment: threading.Semaphore

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Raises Busy at once when there is no place; nobody queues."""
        with _place(self.of_environment), _place(self.of_all):
            yield


@contextmanager
def _place(places: threading.Semaphore) -> Iterator[None]:
    if not places.acquire(blocking=False):
        raise Busy("all places are taken")
    try:
        yield
    finally:
        places.release()


@dataclass(frozen=True, slots=True)
class Copy:
    """An answer that is kept: when it came (seconds of the epoch, the same for all processes), and
    its body.
    """

    at: float
    body: bytes

    def payload(self) -> dict[str, Any]:
        return decode(200, {"Content-Type": "application/json"}, self.body)


@dataclass(frozen=True)
class Question:
    """What is asked: a GET of `path`, or a POST of `payload` to it."""

    path: str
    payload: Mapping[str, Any] | None = None

    @cached_property
    def key(self) -> str:
        """The same for the same question, in every process; nothing can be read from it."""
        said = (
            self.path
            if self.payload is None
            else f"{self.path} {json.dumps(self.payload, sort_keys=True)}"
        )
        return sha256(said.encode()).hexdigest()[:32]


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
        self.rest, self.graphql = CoolDown(self.memory, "rest"), CoolDown(self.memory, "graphql")

    def cool_down(self, question: Question) -> CoolDown:
        """REST and GraphQL have limits of their own: a page must not lose its list to a search."""
        return self.rest if question.payload is None else self.graphql

    def copy(self, key: str) -> Copy | None:
        return cast("Copy | None", self.memory.get(key))

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
            if not isinstance(error, _ANSWERED_BY_A_COPY):
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
            lasting = question.payload is not None or error.status not in _PASSING
            if late or lasting or not self.budget.spend():
                raise
        time.sleep(pause)
        return self._once(question, ends)

    def _once(self, question: Question, ends: float) -> tuple[Answer, dict[str, Any]]:
        answer = self.client.send(question.path, question.payload, deadline=ends)
        return answer, decode(*answer)


Mode = Literal["fresh", "ask", "kept"]


class Visit(Calls):
    """What one page asks of Stigg: all by one deadline, sharing answers with the other pages.

    `read_at` is when the oldest answer came, in seconds of the epoch; None before there is one.
    `trouble` is why answers from before are shown; None while all is well.
    """

    def __init__(self, upstream: Upstream, *, refresh: bool = False) -> None:
        self._upstream, self._refresh = upstream, refresh
        self._began = time.time()
        self._mode: Mode = "ask"
        self.memory = upstream.memory
        self.ends = time.monotonic() + upstream.deadline_seconds
        self.read_at: float | None = None
        self.trouble: StiggError | None = None

    def gather(self, **calls: Callable[[], Any]) -> dict[str, Any]:
        """Make the calls side by side; each name gets its result, or the StiggError that stands for
        it.

        What is fresh is answered here and now, the rest by Stigg, and what Stigg fails to answer by
        a copy.
        """
        found = {name: self._from_copies("fresh", call) for name, call in calls.items()}
        missing = {name: call for name, call in calls.items() if isinstance(found[name], NoCopy)}
        if missing:
            found |= self._side_by_side(missing)
        for name, call in missing.items():
            if isinstance(found[name], _ANSWERED_BY_A_COPY):
                found[name] = self._old(call, found[name])
        return found

    def _from_copies(self, mode: Mode, call: Callable[[], Any]) -> Any:
        self._mode = mode
        try:
            return call()
        except (StiggError, NoCopy) as error:
            return error

    def _old(self, call: Callable[[], Any], error: StiggError) -> Any:
        found = self._from_copies("kept", call)
        if isinstance(found, StiggError | NoCopy):
            return error
        self.trouble = error
        return found

    def _side_by_side(self, calls: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
        self._mode = "ask"
        try:
            with self._upstream.slots.taken():
                running = {name: self._upstream.pool.submit(call) for name, call in calls.items()}
                return {name: self._outcome(future) for name, future in running.items()}
        except Busy as error:
            return dict.fromkeys(calls, error)

    def _outcome(self, future: "Future[Any]") -> Any:
        try:
            return future.result(max(self.ends + GRACE_SECONDS - time.monotonic(), 0))
        except StiggError as refused:
            return refused
        except TimeoutError:
            future.cancel()
            error = TimedOut("gave no answer by the deadline")
            self._upstream.rest.failed(error)
            return error

    def ask(
        self,
        path: str,
        read: Callable[[dict[str, Any]], Read],
        payload: Mapping[str, Any] | None = None,
        *,
        patience: float | None = None,
    ) -> Read:
        question = Question(path, payload)
        copy = self._upstream.copy(question.key)
        if copy and self._will_do(copy):
            self._note(copy)
            return read(copy.payload())
        if self._mode != "ask":
            raise NoCopy
        ends = self.ends if patience is None else min(self.ends, time.monotonic() + patience)
        ask = partial(self._upstream.ask, question, read, ends)
        copy, value = self._upstream.flights.share(question.key, ask, ends)
        self._note(copy)
        return value

    def _will_do(self, copy: Copy) -> bool:
        age = time.time() - copy.at
        if self._mode == "kept":
            return age <= self._upstream.stale_seconds
        return age <= FRESH_SECONDS and (not self._refresh or copy.at >= self._began)

    def _note(self, copy: Copy) -> None:
        self.read_at = copy.at if self.read_at is None else min(self.read_at, copy.at)
