"""What one request leaves for the log: its name, and how it was answered."""

from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Trace:
    """`seconds` are those of all `calls` to Stigg together, which go side by side. `copies` tells
    whether answers were kept ones: "fresh", or "older" ones because Stigg failed.
    """

    request_id: str = ""
    account: int | None = None
    calls: int = 0
    seconds: float = 0.0
    copies: str = ""


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def begin(request_id: str) -> None:
    """It stays until the thread's next request: Django logs an answer after all middleware."""
    _current.set(Trace(request_id))


def current() -> Trace:
    return _current.get() or Trace()


class Threads(ThreadPoolExecutor):
    """Its threads work for the request that gave them something to do."""

    def submit(self, call: Any, /, *args: Any, **options: Any) -> "Future[Any]":
        return super().submit(copy_context().run, call, *args, **options)
