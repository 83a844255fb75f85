"""A line in the log for each request, and its count. Neither holds an address or what was asked."""

import logging
import time
from collections.abc import Callable
from http import HTTPMethod

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from integrations_app import metrics, traces

logger = logging.getLogger(__name__)


def middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    def told(request: HttpRequest) -> HttpResponse:
        began = time.monotonic()
        response = get_response(request)
        _tell(request, response.status_code, time.monotonic() - began)
        return response

    return told


def _tell(request: HttpRequest, status: int, seconds: float) -> None:
    view, trace = view_name(request), traces.current()
    metrics.REQUESTS.labels(view, status).observe(seconds)
    known = {
        "method": request.method if request.method in HTTPMethod.__members__ else metrics.OTHER,
        "view": view,
        "status": status,
        "ms": round(seconds * 1000),
        "user": getattr(getattr(request, "_cached_user", None), "pk", None),  # asks no database
        "stigg_calls": trace.calls,
        "stigg_ms": round(trace.seconds * 1000),
        "copies": trace.copies,
    }
    logger.info("request", extra=known)


def view_name(request: HttpRequest) -> str:
    match = request.resolver_match
    if match and match.view_name:
        return match.view_name
    return "static" if request.path.startswith(settings.STATIC_URL) else metrics.OTHER
