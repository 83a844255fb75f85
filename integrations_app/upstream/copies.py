"""What is kept of Stigg's answers: its own bytes, in Django's cache, which all processes share."""

import logging
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from integrations_app.stigg import Calls, Question, Read, decode

from .kept import Kept

logger = logging.getLogger(__name__)

FRESH_SECONDS = 15
KEPT_BYTES = 100_000  # a larger answer is not kept: a thousand of them must fit into memory

_read: Kept[Any] = Kept(48)  # a page needs three


class NoCopy(Exception):
    """No answer that is kept will do."""


def age(moment: float) -> float:
    """Seconds since a moment of the epoch. One that lies ahead is too old: a clock was set back."""
    seconds = time.time() - moment
    return seconds if seconds >= 0 else math.inf


@dataclass(frozen=True, slots=True)
class Memory:
    """Django's cache under its own key prefix; when it is down, no page fails for it."""

    cache: Any  # Django's
    scope: str

    def get(self, name: str) -> Any:
        return self._try("get", name)

    def get_many(self, names: Iterable[str]) -> dict[str, Any]:
        """What is kept under each of these names, None where nothing is; by one round trip. Of none
        where one cannot be read: the others must not count as not kept.
        """
        keys = {name: f"{self.scope}:{name}" for name in names}
        try:
            found = self.cache.get_many(keys.values())
        except Exception as error:  # noqa: BLE001 - as below
            self._note(error)
            return {}
        return {name: found.get(key) for name, key in keys.items()}

    def set(self, name: str, value: Any, seconds: float) -> None:
        self._try("set", name, value, seconds)

    def set_soon(self, name: str, value: Any, seconds: float) -> None:
        """Of all processes this one may be the only one to know for a moment."""
        self._try("set_soon", name, value, seconds)

    def add(self, name: str, value: Any, seconds: float) -> bool:
        """Set it unless it is set. One of all processes is told True."""
        return bool(self._try("add", name, value, seconds))

    def count(self, name: str, seconds: float) -> int:
        """How often it was counted within so many seconds, this time too; 0 if nobody can tell."""
        return self._try("count", name, seconds) or 0

    def delete(self, name: str) -> None:
        self._try("delete", name)

    def _try(self, operation: str, name: str, *more: Any) -> Any:
        try:
            return getattr(self.cache, operation)(f"{self.scope}:{name}", *more)
        except Exception as error:  # noqa: BLE001 - every backend has errors of its own, and all mean: no memory today
            self._note(error)
            return None

    def _note(self, error: Exception) -> None:
        logger.warning("cache failed", extra={"kind": type(error).__name__})


@dataclass(frozen=True, slots=True)
class Copy:
    """A kept answer: its body, and when it came (seconds of the epoch, for all processes)."""

    at: float
    body: bytes

    def payload(self) -> dict[str, Any]:
        return decode(200, {"Content-Type": "application/json"}, self.body)


@dataclass(slots=True)
class FirstKeys(Calls):
    """Answers nothing, and notes what each call asks first."""

    keys: list[str] = field(default_factory=list)

    def ask(self, question: Question, read: Callable[[dict[str, Any]], Read]) -> Read:
        del read
        self.keys.append(question.key)
        raise NoCopy


@dataclass(slots=True)
class Copies(Calls):
    """Answers every call from what is kept, or raises NoCopy. Stigg is never asked.

    Only copies of the last `seconds` will do, and none from before `since`, seconds of the epoch.
    `known` is what was just read of the memory. `used` tells when the answers came that were given.
    What was read of one is given again.
    """

    memory: Memory
    seconds: float
    since: float = 0.0
    known: Mapping[str, Any] = field(default_factory=dict)
    used: list[float] = field(default_factory=list)

    def ask(self, question: Question, read: Callable[[dict[str, Any]], Read]) -> Read:
        key = question.key
        copy: Copy | None = self.known[key] if key in self.known else self.memory.get(key)
        if not copy or copy.at < self.since or age(copy.at) > self.seconds:
            raise NoCopy
        self.used.append(copy.at)
        of = (self.memory.scope, question.key, copy.at, read)
        return cast(Read, _read.get_or_make(of, lambda: read(copy.payload())))
