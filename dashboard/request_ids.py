"""A short name for each request: where something fails, in `X-Request-ID`, on each log line."""

import re
import secrets
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

from dashboard.client_address import comes_from_proxy
from integrations_app import traces

WELL_FORMED = re.compile(r"[A-Za-z0-9_.-]{8,64}")
_request: ContextVar[HttpRequest | None] = ContextVar("request", default=None)


def current() -> str:
    return traces.current().request_id


def current_request() -> HttpRequest | None:
    """For Django's signals that come without one; None outside of a request."""
    return _request.get()


def middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Name the request. A name that comes with it counts only from one of TRUSTED_PROXIES."""

    def named(request: HttpRequest) -> HttpResponse:
        traces.begin(_given(request) or secrets.token_hex(5))
        token = _request.set(request)
        try:
            response = get_response(request)
        finally:
            _request.reset(token)
        response.headers["X-Request-ID"] = current()
        return response

    return named


def _given(request: HttpRequest) -> str:
    name = request.headers.get("X-Request-ID", "")
    return name if WELL_FORMED.fullmatch(name) and comes_from_proxy(request) else ""


def context(request: HttpRequest) -> dict[str, str]:  # noqa: ARG001 - Django passes it to every context processor
    return {"request_id": current()}
