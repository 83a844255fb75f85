"""When Stigg is not asked: it asked for a rest, nothing gets through, or too many wait already."""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from integrations_app.stigg import RateLimited, StiggError, TimedOut, Unavailable
from integrations_app.upstream.copies import Memory

DEFAULT_COOL_DOWN_SECONDS = 10
MAX_COOL_DOWN_SECONDS = 300
FAILURES_IN_A_ROW = 3
PAUSE_SECONDS = 5
RETRIES_PER_CALL = 0.1
MAX_RETRIES_SAVED = 3.0

# Connection trouble, and what a proxy in front of Stigg says of a restart
PASSING = (None, 502, 503, 504)
_KINDS: dict[str, type[StiggError]] = {
    error.kind: error for error in (Unavailable, TimedOut, RateLimited)
}


class Busy(Unavailable):
    """The desk's own refusal: as many threads wait on Stigg as may. Try again in a moment."""

    kind = "busy"


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
        elif isinstance(error, Unavailable) and error.status in PASSING:
            self._failures += 1
            if self._failures >= FAILURES_IN_A_ROW:
                self.begin(error, PAUSE_SECONDS)

    def succeeded(self) -> None:
        self._failures = 0


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
