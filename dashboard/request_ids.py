"""A short name for each request: shown where something fails, sent as `X-Request-ID`, and on every
line of the log.
"""

import logging
import secrets
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

_current: ContextVar[str] = ContextVar("request_id", default="")


def current() -> str:
    return _current.get()


def middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Name the request. A name that comes with it is not used: it could be anything, and another
    one's.

    The name stays until the thread's next request: Django writes its own line about an answer after
    all middleware.
    """

    def named(request: HttpRequest) -> HttpResponse:
        _current.set(secrets.token_hex(5))
        response = get_response(request)
        response.headers["X-Request-ID"] = current()
        return response

    return named


def context(request: HttpRequest) -> dict[str, str]:  # noqa: ARG001 - Django passes it to every context processor
    return {"request_id": current()}


class Filter(logging.Filter):
    """Puts the request's name on a log record, and takes Django's request off it.

    Written out, that one is an address with its query, and in a look-up's query is what an agent
    pasted.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current()
        vars(record).pop("request", None)
        return True
