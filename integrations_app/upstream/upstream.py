"""What the visits of one environment share: the calls under way, and how Stigg is asked."""

import math
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from integrations_app import metrics, stigg, traces
from integrations_app.stigg import Answer, Question, Read, StiggError, TimedOut, Unavailable

from .copies import FRESH_SECONDS, KEPT_BYTES, Copy, Memory
from .limits import EMPTY, PASSING, Allowance, Busy, CoolDown, Place, RetryBudget, Room

RETRY_PAUSE_SECONDS = (0.05, 0.3)
# Never a refused key, never an unknown customer
ANSWERED_BY_A_COPY = (Unavailable, stigg.RateLimited, stigg.UnexpectedResponse)

# Sockets end by the deadline; this is for what no socket timeout bounds, such as a name look-up
GRACE_SECONDS = 0.3
# Younger calls are joined without a place: seldom is Stigg so slow, and 200 clicks are one call
JOINED_SECONDS = 3.0
LANDED_SECONDS = 1.0  # from looking for a copy to asking, on a loaded machine


@dataclass(slots=True)
class Flight:
    """One call under way; who needs its answer waits until `ends`, of `time.monotonic()`."""

    ends: float
    landed: float = math.inf
    began: float = field(default_factory=time.monotonic)
    answer: "Future[Any]" = field(default_factory=Future)

    def wait(self, ends: float, place: Place) -> Any:
        """Its answer. Raises TimedOut, or Busy: who waits for an old call holds a place."""
        if not self._is_answered_by(min(ends, self.began + JOINED_SECONDS)):
            place.take()
        if not self._is_answered_by(ends):
            raise TimedOut("waited for another page's call")
        return self.answer.result()

    def answers(self, looked: float) -> bool:
        """Whether it will, or did after this moment, at which it was not among the copies yet."""
        now = time.monotonic()
        return self.ends > now if self.landed == math.inf else self.landed > looked

    def _is_answered_by(self, moment: float) -> bool:
        return bool(wait([self.answer], max(moment - time.monotonic(), 0)).done)


@dataclass(slots=True)
class Flights:
    """The calls under way. Whoever asks for the same meanwhile waits for the one answer, or has it
    where it came after they had looked for a copy.

    One that is past its deadline hangs where no timeout reaches: it is dropped, and asked anew.
    """

    _flying: dict[str, Flight] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def share(
        self,
        key: str,
        call: Callable[[], Any],
        ends: float,
        place: Place,
        looked: float = math.inf,
    ) -> Any:
        with self._lock:
            flight = self._flying.get(key)
            leads = flight is None or not flight.answers(looked)
            if flight is None or leads:
                flight = self._flying[key] = Flight(ends)
        if not leads:
            return flight.wait(ends, place)
        self._fly(flight, call, place)
        return flight.answer.result()

    def _fly(self, flight: Flight, call: Callable[[], Any], place: Place) -> None:
        landed = 0.0
        try:
            place.take()
            flight.answer.set_result(call())
            landed = time.monotonic()
        except BaseException as error:  # noqa: BLE001 - those who wait must be told of anything at all
            flight.answer.set_exception(error)
        finally:
            self._land(flight, landed)

    def _land(self, flight: Flight, landed: float) -> None:
        with self._lock:
            flight.landed = landed
            oldest = time.monotonic() - LANDED_SECONDS
            self._flying = {key: each for key, each in self._flying.items() if each.landed > oldest}


@dataclass(slots=True)
class Upstream:
    """What all visits of one environment share.

    `pages` and `searches` are the places of all environments. `threads` make the calls; at most
    half of them may be `lost`, in calls that hang beyond their deadline. `late` are calls for which
    their pages did not wait, each with the moment at which it is given up.
    """

    name: str
    client: stigg.Client
    memory: Memory
    pages: Room
    searches: Room
    budget: RetryBudget
    threads: int = 256
    deadline_seconds: float = 8.0
    stale_seconds: float = 600.0
    account_calls: int = 600  # a minute
    flights: Flights = field(default_factory=Flights)
    lost: set["Future[Any]"] = field(default_factory=set)
    late: list[tuple[float, "Future[Any]", Any]] = field(default_factory=list)
    rest: CoolDown = field(init=False)
    graphql: CoolDown = field(init=False)
    allowance: Allowance = field(init=False)
    _pool: traces.Threads = field(init=False)

    def __post_init__(self) -> None:
        self.rest = CoolDown(self.memory, self.name, "rest")
        self.graphql = CoolDown(self.memory, self.name, "graphql")
        self.allowance = Allowance(self.memory, self.name, self.account_calls)
        self._pool = traces.Threads(self.threads, thread_name_prefix=f"stigg-{self.name}")

    @property
    def has_time(self) -> bool:
        """For a call that nobody needs yet: it must not even be the one that ends a cool-down."""
        return self.pages.is_quiet and not self.rest.is_on

    def start(self, call: Callable[[], Any]) -> "Future[Any]":
        """Make a call in a thread of its own. Raises Busy when too many are lost."""
        self._give_up_late()
        if len(self.lost) * 2 >= self.threads:
            metrics.NOT_ASKED.labels(self.name, Busy.kind).inc()
            raise Busy("too many calls hang")
        return self._pool.submit(call)

    def _give_up_late(self) -> None:
        """Nobody waits for what a page went without, so whoever calls next looks after it."""
        late, self.late = self.late, []
        for ends, running, asking in late:
            if ends > time.monotonic():
                self.late.append((ends, running, asking))
            elif not running.done():
                self.give_up(running, asking.question)

    def give_up(self, running: "Future[Any]", question: Question | None) -> TimedOut:
        """Leave a call behind that hangs beyond its deadline, such as in a name look-up. Its thread
        is lost until it ends, and another takes its place.

        Sockets would have ended in time, so no customer is to blame: each such call counts.
        """
        error = TimedOut("gave no answer by the deadline")
        if not running.cancel():
            self.lost.add(running)
            metrics.LOST.labels(self.name).inc()
            running.add_done_callback(self._found)
        if question:
            self.cool_down(question).failed(error, running)
        return error

    def _found(self, running: "Future[Any]") -> None:
        self.lost.discard(running)
        metrics.LOST.labels(self.name).dec()

    def cool_down(self, question: Question) -> CoolDown:
        """REST and GraphQL have limits of their own: a page must not lose its list to a search."""
        return self.rest if question.payload is None else self.graphql

    def ask(
        self,
        question: Question,
        read: Callable[[dict[str, Any]], Read],
        ends: float,
        known: Mapping[str, Any] = EMPTY,
    ) -> tuple[Copy, Read]:
        """Ask Stigg, unless it is cooling down; keep what was read without fault. `known` is what
        was just read of the memory.
        """
        cool_down = self.cool_down(question)
        probing = cool_down.check(known)
        try:
            answer, payload = self._persist(question, ends)
            value = read(payload)
        except StiggError as error:
            if time.monotonic() < ends + GRACE_SECONDS:  # else it was given up, and counted
                cool_down.failed(error, question.about or question.key, probing=probing)
            if not isinstance(error, ANSWERED_BY_A_COPY):
                self.memory.delete(question.key)  # what was true before is not any more
            raise
        cool_down.got_through(probing=probing)
        copy = Copy(time.time(), answer.body)
        if len(answer.body) <= KEPT_BYTES:
            self.memory.set_soon(question.key, copy, max(FRESH_SECONDS, self.stale_seconds))
        return copy, value

    def _persist(self, question: Question, ends: float) -> tuple[Answer, dict[str, Any]]:
        """At most one retry, of a GET, for trouble that passes, in the deadline and the budget."""
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
        metrics.RETRIES.labels(self.name).inc()
        return self._once(question, ends)

    def _once(self, question: Question, ends: float) -> tuple[Answer, dict[str, Any]]:
        request_id = traces.current().request_id
        with self._counted(question):
            answer = self.client.send(question, deadline=ends, request_id=request_id)
            return answer, stigg.decode(*answer)

    @contextmanager
    def _counted(self, question: Question) -> Iterator[None]:
        began, outcome, trace = time.monotonic(), "fault", traces.current()
        try:
            yield
            outcome = "answered"
        except StiggError as error:
            outcome = error.kind
            raise
        finally:
            seconds = time.monotonic() - began
            trace.calls, trace.seconds = trace.calls + 1, trace.seconds + seconds
            api = self.cool_down(question).name
            metrics.CALLS.labels(self.name, api, outcome).observe(seconds)
