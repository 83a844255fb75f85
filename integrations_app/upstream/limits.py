"""When Stigg is not asked: it said to wait, nothing gets through, or too many wait already."""

import math
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from integrations_app import metrics
from integrations_app.stigg import RateLimited, StiggError, TimedOut, Unavailable

from .copies import Memory, age

EMPTY: Mapping[str, Any] = {}
DEFAULT_COOL_DOWN_SECONDS = 10
MAX_COOL_DOWN_SECONDS = 300
SEVERAL = 3  # customers
PAUSE_SECONDS = 1
PROBED_SECONDS = 60  # how long after a cool-down the next call counts as a probe
WAIT_SECONDS = 0.3  # for a place, or for the answer of a probe
PROBE_LOOKS = 6
RETRIES_PER_CALL = 0.1
MINUTE = 60  # seconds
MAX_RETRIES_SAVED = 3.0

# Connection trouble, and what a proxy in front of Stigg says of a restart
PASSING = (None, 502, 503, 504)
_KINDS = {error.kind: error for error in (Unavailable, TimedOut, RateLimited)}


class Busy(Unavailable):
    """The desk's own refusal: as many threads wait on Stigg as may. Try again in a moment."""

    kind = "busy"


class Late(TimedOut):
    """What a page does not wait for; the answer is kept when it comes. Ask again in a moment."""


class OverAllowance(RateLimited):
    """The desk's own refusal: this account has asked as much as it may in a minute."""

    kind = "over-allowance"


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many `calls` a minute one account may need of an environment, whose limit at Stigg is
    everybody's. All processes count together, in the shared cache; while that is away, each alone.
    """

    memory: Memory
    environment: str
    calls: int

    def use(self, account: int | None) -> None:
        """Count a call; a command has no account and no bound. Raises OverAllowance."""
        minute, gone = divmod(time.time(), MINUTE)
        if account is None or self.memory.count(f"calls:{account}:{minute}", MINUTE) <= self.calls:
            return
        metrics.NOT_ASKED.labels(self.environment, OverAllowance.kind).inc()
        raise OverAllowance("too many in this minute", retry_after=math.ceil(MINUTE - gone))


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
    """While it lasts Stigg is not asked; then one call a second, until one gets through.

    It lies in the shared cache, so all processes keep it. Who failed is counted in each process.
    """

    memory: Memory
    environment: str
    name: str
    _failed: set[object] = field(default_factory=set)

    def check(self, known: Mapping[str, Any] = EMPTY) -> bool:
        """Return when Stigg may be asked; True when this call is the probe.

        The others wait a little for the probe's answer. Raises the error that began the cool-down,
        with the seconds that are left of it. `known` is what was just read of the memory.
        """
        if known.get(self.key, True) is None:
            return False
        kind, left = "", 0.0
        for _ in range(PROBE_LOOKS):
            found = self.memory.get(self.key)
            if not found:
                return False
            kind, began, seconds = found
            left = seconds - age(began)
            if left > 0:
                break
            if self._may_probe():
                return True
            time.sleep(WAIT_SECONDS / PROBE_LOOKS)
        metrics.NOT_ASKED.labels(self.environment, kind).inc()
        raise _KINDS[kind]("not asked: cooling down", retry_after=math.ceil(max(left, 1)))

    @property
    def is_on(self) -> bool:
        return bool(self.memory.get(self.key))

    def _may_probe(self) -> bool:
        probe = f"{self.key}:probe"
        if self.memory.add(probe, time.time(), PAUSE_SECONDS):
            return True
        # Where the clock was set back, the cache would keep it for all that time.
        if age(self.memory.get(probe) or time.time()) < PAUSE_SECONDS:
            return False
        self.memory.set(probe, time.time(), PAUSE_SECONDS)
        return True

    @property
    def key(self) -> str:
        return f"cool-down:{self.name}"

    def begin(self, error: StiggError, seconds: float) -> None:
        metrics.COOL_DOWNS.labels(self.environment, self.name, error.kind).inc()
        rest = error.kind, time.time(), seconds
        self.memory.set(self.key, rest, seconds + PROBED_SECONDS)

    def failed(self, error: StiggError, about: object, *, probing: bool = False) -> None:
        """Note a failed call: the wait that Stigg asked for, or a short one when nothing gets
        through for several customers. `about` is the customer: one whom Stigg does not answer
        costs the others nothing.
        """
        if isinstance(error, RateLimited):
            wait = DEFAULT_COOL_DOWN_SECONDS if error.retry_after is None else error.retry_after
            error.retry_after = min(max(wait, 1), MAX_COOL_DOWN_SECONDS)
            self.begin(error, error.retry_after)
        elif not isinstance(error, Unavailable) or error.status not in PASSING:
            self.got_through(probing=probing)
        else:
            if len(self._failed) < SEVERAL:
                self._failed.add(about)
            if len(self._failed) == SEVERAL:
                self.begin(error, PAUSE_SECONDS)

    def got_through(self, *, probing: bool = False) -> None:
        self._failed.clear()
        if probing:
            self.memory.delete(self.key)


class Wish(NamedTuple):
    """For a place; `account` is None where nobody is signed in."""

    environment: str
    account: int | None = None


@dataclass(slots=True)
class Room:
    """Places for the requests of this process that wait on Stigg.

    Each environment has `own` places that no other can take, so a hung one starves none. The
    `common` ones are for whoever comes first, `kept` of them for accounts that hold no place.
    """

    own: int
    common: int
    kept: int = 0
    _taken: Counter[str] = field(default_factory=Counter)
    _held: Counter[int | None] = field(default_factory=Counter)
    _waiting: list[Wish] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def take(self, wish: Wish) -> None:
        """Raises Busy when no place is free, nor is given back in WAIT_SECONDS."""
        with self._changed:
            self._waiting.append(wish)
            try:
                if not self._changed.wait_for(lambda: self._is_next(wish), WAIT_SECONDS):
                    metrics.NOT_ASKED.labels(wish.environment, Busy.kind).inc()
                    raise Busy("all places are taken")
            finally:
                self._waiting.remove(wish)
                self._changed.notify_all()  # another may be the next one now
            self._taken[wish.environment] += 1
            self._held[wish.account] += 1
        metrics.PLACES.labels(wish.environment).inc()

    def give_back(self, wish: Wish) -> None:
        with self._changed:
            self._taken[wish.environment] -= 1
            self._held[wish.account] -= 1
            self._held += Counter()  # forgets those that hold none
            self._changed.notify_all()
        metrics.PLACES.labels(wish.environment).dec()

    @property
    def is_quiet(self) -> bool:
        """Does nobody wait, and is more than half of the common places free?"""
        with self._changed:
            return not self._waiting and 2 * self._common_taken < self.common

    def _is_next(self, wish: Wish) -> bool:
        """Among those who could have a place, whoever holds the fewest comes first."""
        if not self._has_place(wish):
            return False
        able = (self._held[other.account] for other in self._waiting if self._has_place(other))
        return self._held[wish.account] == min(able)

    def _has_place(self, wish: Wish) -> bool:
        kept = self.kept if self._held[wish.account] else 0
        has_own = self._taken[wish.environment] < self.own
        return has_own or self._common_taken < self.common - kept

    @property
    def _common_taken(self) -> int:
        return sum(max(taken - self.own, 0) for taken in self._taken.values())


@dataclass(slots=True)
class Place:
    """The one place of a visit, whatever number of calls it makes; taken when first needed."""

    room: Room
    wish: Wish
    _is_taken: bool = False
    _is_over: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> None:
        """Raises Busy; once for all calls, because one wait is enough."""
        with self._lock:
            if self._is_over:
                raise Busy("all places are taken")
            if not self._is_taken:
                self._is_over = True
                self.room.take(self.wish)
                self._is_over = False
                self._is_taken = True

    def give_back(self) -> None:
        with self._lock:
            self._is_over = True
            if self._is_taken:
                self._is_taken = False
                self.room.give_back(self.wish)
