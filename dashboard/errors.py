"""What stands where there is no page: a bad request, a refusal, an old form, a fault of ours."""

import sys

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

# https://htmx.org/reference/#response_headers
INSTEAD_OF_THE_PAGE = {"HX-Retarget": "main", "HX-Reselect": "main", "HX-Reswap": "outerHTML"}
ONLY_RECORDED = "The desk shows a customer only when it can record that. "


def _error(request: HttpRequest, status: int, kind: str, title: str, meaning: str) -> HttpResponse:
    """For htmx in place of a customer's rows or, where it waits for less, of the page's content."""
    context = {"kind": kind, "title": title, "meaning": meaning}
    for_rows = getattr(getattr(request, "htmx", None), "target", "") == "results"
    template = "error_results.html" if for_rows else "error.html"
    response = render(request, template, context, status=status)
    for name, value in () if for_rows else INSTEAD_OF_THE_PAGE.items():
        response.headers[name] = value
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's signature
    meaning = "Part of the address is not allowed."
    return _error(request, 400, "bad-input", "The desk cannot read this request", meaning)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's signature
    meaning = f"Ask {settings.SUPPORT_CONTACT} for the right."
    return _error(request, 403, "no-permission", "You may not do this", meaning)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Most often a form that was open in another tab while somebody signed in or out."""
    meaning = "Nothing was sent. Go back, reload the page, and try again."
    return _error(request, 403, "old-form", "This form is out of date", meaning)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A view says in words what there is not; Django's resolver says it in a table of addresses."""
    said = next((str(arg) for arg in exception.args if isinstance(arg, str)), "")
    meaning = said or "Check the address, or look up a customer."
    return _error(request, 404, "no-page", "There is no page at this address", meaning)


def too_many(request: HttpRequest) -> HttpResponse:
    """allauth's limits; the sign-in says its own where it can."""
    response = _error(request, 429, "too-many", "Too many tries", "Wait a minute, then try again.")
    response.headers["Retry-After"] = "60"
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """Also for when the database is the reason, so it asks nobody who is there."""
    request.user = AnonymousUser()
    # Django calls this while it handles the error.
    if _lacks_database(sys.exc_info()[1]):
        return _no_database(request)
    meaning = "The error has been logged. Try again, or tell the operator."
    return _error(request, 500, "desk-fault", "Something went wrong in the desk", meaning)


def _lacks_database(error: BaseException | None) -> bool:
    """Also where one thing led to another: a lost connection, then a transaction that is over."""
    if error is None or isinstance(error, OperationalError | InterfaceError):
        return error is not None
    return _lacks_database(error.__cause__ or error.__context__)


def _no_database(request: HttpRequest) -> HttpResponse:
    """Locked, full, read-only or away: nothing of ours is broken, and nothing was shown."""
    why = ONLY_RECORDED if settings.RECORD_STRICT else ""
    meaning = f"{why}Try again in a few seconds; if it lasts, tell the operator."
    response = _error(request, 503, "database", "The desk's database is not available", meaning)
    response.headers["Retry-After"] = "5"
    return response
