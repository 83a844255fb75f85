"""What every answer carries, and what a browser without a sign-in gets."""

from collections.abc import Callable
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import DataError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.deprecation import MiddlewareMixin

from dashboard.client_address import client_address
from dashboard.errors import bad_request
from dashboard.guards import GUARDS
from dashboard.sessions import note_use
from integrations_app import traces
from integrations_app.htmx import page_of, whole_page

# DataError: PostgreSQL's; OverflowError: Python's and SQLite's
ADMIN_METHODS = ("GET", "HEAD", "POST")
ODD_FILTERS = (ValueError, OverflowError, DataError)
Handler = Callable[[HttpRequest], HttpResponse]


def headers(get_response: Handler) -> Handler:
    """Put the security headers on every answer, errors and static files too.

    Answers that do not say how long they may be kept hold customer data, so nobody may keep them.
    Goes away with Django 6, whose own middleware reads the same SECURE_CSP.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        for name, value in GUARDS.items():
            response.headers.setdefault(name, value)
        if "Cache-Control" not in response.headers:
            add_never_cache_headers(response)
        return response

    return middleware


class Admin(MiddlewareMixin):
    """Admin takes any method for a GET: others than its own are refused here. It reads filters from
    its address and lets some of them fail in Python or in the database: a year of twenty digits, a
    number that is none. That is a bad request, no fault of the desk.
    """

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        match = request.resolver_match
        is_odd = match and match.app_name == "admin" and request.method not in ADMIN_METHODS
        return HttpResponseNotAllowed(ADMIN_METHODS) if is_odd else None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        match = request.resolver_match
        is_changelist = match and match.app_name == "admin" and request.method == "GET"
        if is_changelist and request.GET and isinstance(exception, ODD_FILTERS):
            return bad_request(request, exception)
        return None


class Sessions(SessionMiddleware):
    """Django's own, but looks up no name that Django never gave: PostgreSQL fails at some."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        if not (request.session.session_key or "").isalnum():
            request.session = self.SessionStore()


class SignInRequired(LoginRequiredMiddleware):
    """Django's own guard, safe for htmx: no sign-in page is ever put into a table."""

    def process_view(
        self, request: HttpRequest, view_func: Any, *args: Any
    ) -> HttpResponseBase | None:
        """Django asks who it is even where anybody may go, and with that the database."""
        if not getattr(view_func, "login_required", True):
            return None
        refused = super().process_view(request, view_func, *args)
        traces.current().account = request.user.pk
        if not refused and note_use(request.session):
            UserSession.objects.filter(session_key=request.session.session_key).update(
                last_seen_at=timezone.now(), ip=client_address(request)
            )
        return refused

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> Any:  # noqa: ARG002 - Django's signature
        """htmx gets a 401 where Django only knows redirects."""
        is_htmx = bool(getattr(request, "htmx", None))
        back = page_of(request) if is_htmx else request.get_full_path()
        to = redirect_to_login(back, f"{resolve_url(settings.LOGIN_URL)}{_because(request)}")
        return whole_page(to.url, 401) if is_htmx else to


def _because(request: HttpRequest) -> str:
    """Why a browser that had a session has none."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return ""
    why = getattr(request.session, "ended", "")
    if SESSION_KEY in request.session:  # a disabled account's: it stays ended when that comes back
        request.session.flush()
    return f"?because={why or 'ended'}"
