"""A short name for each request: shown where something fails, sent as `X-Request-ID`, and on every
line of the log.
"""

import secrets
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

_current: ContextVar[str] = ContextVar("request_id", default="")
_request: ContextVar[HttpRequest | None] = ContextVar("request", default=None)


def current() -> str:
    return _current.get()


def current_request() -> HttpRequest | None:
    """For Django's signals that come without one; None outside of a request."""
    return _request.get()


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
        token = _request.set(request)
        try:
            response = get_response(request)
        finally:
            _request.reset(token)
        response.headers["X-Request-ID"] = current()
        return response

    return named


def context(request: HttpRequest) -> dict[str, str]:  # noqa: ARG001 - Django passes it to every context processor
    return {"request_id": current()}
