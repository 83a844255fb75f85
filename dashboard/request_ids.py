"""A short name for each request: shown where something fails, sent as `X-Request-ID`, and on every
line of the log.
"""

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
