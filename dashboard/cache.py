"""What desks share through Redis or Valkey, and what each process keeps while that fails."""

import logging
import threading
import time
from functools import partialmethod
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis import RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

REST_SECONDS = 5.0
# One retry, because kept connections die with their server: so a failure costs twice as long.
WAIT_SECONDS = 0.09
OPTIONS = {"socket_connect_timeout": WAIT_SECONDS, "socket_timeout": WAIT_SECONDS}


class Cache(RedisCache):
    """Django's own. After a failure it is left alone for REST_SECONDS, then tried by one caller.

    Meanwhile each process has a cache of its own: answers are asked for again, and limits and
    cool-downs hold for this process only.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = OPTIONS | {"retry": Retry(NoBackoff(), 1)} | params.get("OPTIONS", {})
        super().__init__(server, {**params, "OPTIONS": options})
        self._rest = _rest

    @property
    def fails(self) -> bool:
        return self._rest.until > 0

    def _call(self, name: str, *args: Any, **options: Any) -> Any:
        if self._rest.lets_try():
            try:
                found = getattr(super(), name)(*args, **options)
            except (RedisError, OSError) as error:
                self._rest.begin(type(error).__name__)
            else:
                self._rest.end()
                return found
        return getattr(self._rest.own, name)(*args, **options)

    get = partialmethod(_call, "get")
    set = partialmethod(_call, "set")
    add = partialmethod(_call, "add")
    touch = partialmethod(_call, "touch")
    delete = partialmethod(_call, "delete")
    incr = partialmethod(_call, "incr")
    has_key = partialmethod(_call, "has_key")
    get_many = partialmethod(_call, "get_many")
    set_many = partialmethod(_call, "set_many")
    delete_many = partialmethod(_call, "delete_many")
    clear = partialmethod(_call, "clear")


class Rest:
    """While Redis fails. One for the process: Django makes a `Cache` for each thread."""

    def __init__(self) -> None:
        self.until = 0.0  # of `time.monotonic()`; 0 while all is well
        self.own = LocMemCache("while-redis-fails", {"max_entries": 1000})
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
