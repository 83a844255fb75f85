"""What desks share through Redis or Valkey, and what each process keeps while that fails."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial, partialmethod
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisSerializer
from redis import RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from . import own_cache

logger = logging.getLogger(__name__)

REST_SECONDS = 5.0
TRIED_SECONDS = 60
MOST_TOTALS = 1000  # of counts, which are for a minute
MOST_WAITING = 250  # answers; more come only while Redis hangs where no timeout reaches
# One retry, because kept connections die with their server: so a failure costs twice as long.
WAIT_SECONDS = 0.09
OPTIONS = {"socket_connect_timeout": WAIT_SECONDS, "socket_timeout": WAIT_SECONDS}


class Shared(RedisCache):
    """Django's own, but the threads of a process share its connections."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = OPTIONS | {"retry": Retry(NoBackoff(), 1)} | params.get("OPTIONS", {})
        super().__init__(server, {**params, "OPTIONS": options})
        self._server = server

    @cached_property
    def _cache(self) -> Any:
        return _clients.setdefault(self._server, super()._cache)

    def write(
        self, kept: Mapping[str, tuple[Any, float]], counts: Mapping[str, tuple[int, float]]
    ) -> dict[str, int]:
        """All at once, by one round trip; what the counts are now."""
        pipe = self._cache.get_client(write=True).pipeline(transaction=False)
        for key, (number, _) in counts.items():
            pipe.incrby(self.make_and_validate_key(key), number)
        for key, (_, timeout) in counts.items():
            pipe.expire(self.make_and_validate_key(key), int(timeout))
        for key, (value, timeout) in kept.items():
            pipe.set(self.make_and_validate_key(key), _written.dumps(value), ex=int(timeout))
        return dict(zip(counts, pipe.execute(), strict=False))


class Cache(Shared):
    """Redis. After a failure it is left alone for REST_SECONDS, then tried by one caller.

    Meanwhile each process has a cache of its own: answers are asked for again, and limits and
    cool-downs hold for this process only.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._rest = _rest

    @property
    def fails(self) -> bool:
        return self._rest.until > 0

    def _call(self, name: str, *args: Any, **options: Any) -> Any:
        if self._rest.lets_try():
            try:
                found = self._asked(name, *args, **options)
            except (RedisError, OSError) as error:
                self._rest.begin(type(error).__name__)
            else:
                self._rest.end()
                return found
        return getattr(self._rest.own, name)(*args, **options)

    def _asked(self, name: str, *args: Any, **options: Any) -> Any:
        """After a rest it must take a value: one that is full, or is another's copy, answers what
        it has, and with nothing but that the limits would begin anew each time.
        """
        if self.fails:
            super().set("tried", 1, TRIED_SECONDS)
        return getattr(super(), name)(*args, **options)

    get = partialmethod(_call, "get")
    set = partialmethod(_call, "set")
    write = partialmethod(_call, "write")
    add = partialmethod(_call, "add")
    touch = partialmethod(_call, "touch")
    incr = partialmethod(_call, "incr")
    has_key = partialmethod(_call, "has_key")
    get_many = partialmethod(_call, "get_many")
    set_many = partialmethod(_call, "set_many")
    delete_many = partialmethod(_call, "delete_many")
    clear = partialmethod(_call, "clear")

    def delete(self, key: str, version: int | None = None) -> bool:
        delete = partial(self._call, "delete", key, version)
        _soon.forget(key, delete)
        return bool(delete())

    def set_soon(self, key: str, value: Any, timeout: float) -> None:
        """Nobody waits for it."""
        _soon.set(self, key, value, timeout)

    def count(self, key: str, timeout: float) -> int:
        """How often it was counted, this time too, as far as this process knows: what others have
        counted in the last milliseconds comes later. The key names its minute, or what it is for:
        no count becomes less, not even where Redis fails.
        """
        return _soon.count(self, key, timeout)


class Soon:
    """What nobody waits for. One thread of the process sends all that has come meanwhile at once,
    so a page is not kept by a dozen round trips.
    """

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Any, float]] = {}
        self._sending: dict[str, tuple[Any, float]] = {}
        self._counts: dict[str, tuple[int, float]] = {}
        self._totals: dict[str, int] = {}
        self._lock = threading.Lock()
        self._is_due = False
        self.thread = ThreadPoolExecutor(1, "cache")

    def set(self, cache: Cache, key: str, value: Any, timeout: float) -> None:
        with self._lock:
            self._kept[key] = value, timeout
            if len(self._kept) > MOST_WAITING:
                del self._kept[next(iter(self._kept))]
            self._have_sent(cache)

    def forget(self, key: str, delete: Callable[[], object]) -> None:
        """What is deleted must not come back; `delete` it again after what is on its way."""
        with self._lock:
            self._kept.pop(key, None)
            if key in self._sending:
                self.thread.submit(delete)

    def count(self, cache: Cache, key: str, timeout: float) -> int:
        with self._lock:
            number, _ = self._counts.get(key, (0, timeout))
            self._counts[key] = number + 1, timeout
            self._totals[key] = total = self._totals.get(key, 0) + 1
            self._have_sent(cache)
        return total

    def _have_sent(self, cache: Cache) -> None:
        """Once for all that comes until then, however long the thread is kept."""
        if not self._is_due:
            self._is_due = True
            self.thread.submit(self._send, cache)

    def _send(self, cache: Cache) -> None:
        with self._lock:
            self._is_due = False
            kept = self._sending = self._kept
            counts, self._kept, self._counts = self._counts, {}, {}
        if kept or counts:
            self._learn(cache.write(kept, counts))
        self._sending = {}

    def _learn(self, totals: Mapping[str, int]) -> None:
        with self._lock:
            if len(self._totals) > MOST_TOTALS:
                self._totals.clear()
            for key, total in totals.items():
                waiting, _ = self._counts.get(key, (0, 0))
                self._totals[key] = max(total + waiting, self._totals.get(key, 0))


class Rest:
    """While Redis fails. One for the process: Django makes a `Cache` for each thread."""

    def __init__(self) -> None:
        self.until = 0.0  # of `time.monotonic()`; 0 while all is well
        self.own = own_cache.Cache("while-redis-fails", {"max_entries": 1000})
        self._lock = threading.Lock()

    def lets_try(self) -> bool:
        """Whether Redis is to be asked. After a rest one caller is told so, and the others wait."""
        if not self.until:
            return True
        with self._lock:
            if time.monotonic() < self.until:
                return False
            self.until = time.monotonic() + REST_SECONDS
            return True

    def begin(self, kind: str) -> None:
        with self._lock:
            first, self.until = not self.until, time.monotonic() + REST_SECONDS
        if first:
            self.own.clear()  # from the last time
            logger.error("cache failed, each process has its own until it is back: %s", kind)

    def end(self) -> None:
        if self.until:
            self.until = 0.0
            logger.warning("cache is back")


_rest = Rest()
_soon = Soon()
_clients: dict[str, Any] = {}
_written = RedisSerializer()
