"""Who may sign in and how often one may try: the desk's answers to django-allauth's questions.

https://docs.allauth.org/en/latest/account/adapter.html
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from ipaddress import ip_network
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import ratelimit
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from dashboard.client_address import client_address
from dashboard.request_ids import current_request
from integrations_app.access import rules
from integrations_app.access.company_roles import give_roles
from integrations_app.audit.events import Action, note

logger = logging.getLogger(__name__)

BREAK_GLASS = "break-glass"  # the group of the one account that passwords open under OIDC_ONLY
# Hashing a password takes a core for a third of a second, and anybody may ask for it.
hashing = BoundedSemaphore(max(1, settings.THREADS // 8))


class Busy(Exception):
    """All places are taken, and a second's wait for one was in vain."""


@contextmanager
def place(among: BoundedSemaphore) -> Iterator[None]:
    """One of few places for costly work."""
    if not among.acquire(timeout=1):
        raise Busy
    try:
        yield
    finally:
        among.release()


def limited(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For what leaves a session behind: strangers of one address must not make them without end."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        refused: HttpResponse | None = ratelimit.consume_or_429(
            request, action="login", limit_get=True
        )
        return refused or view(request, *args, **kwargs)

    return guarded


class Accounts(DefaultAccountAdapter):  # type: ignore[misc] # allauth carries no types
    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": ("Wrong user name or password. Capital letters matter."),
        "incorrect_password": "That is not your password.",
        "enter_current_password": "That is not your password.",
        "too_many_login_attempts": "Too many tries. Wait five minutes, then try again.",
        "rate_limited": "Too many tries. Wait five minutes, then try again.",
        "busy": "Many people are signing in. Try again in a few seconds.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - allauth's signature
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def is_safe_url(self, url: str) -> bool:
        """Only this host, and never back to the sign-in, which would lead to itself."""
        host, secure = self.request.get_host(), self.request.is_secure()
        safe = url_has_allowed_host_and_scheme(url, {host}, require_https=secure)
        return safe and urlsplit(url).path != reverse("account_login")

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Nobody can use up a colleague's tries. An IPv6 household is a /64."""
        address = client_address(request)
        near = ip_network(f"{address}/{64 if ':' in address else 32}", strict=False)
        return f"{_name(credentials)} {near}"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Before anything is hashed. Failures from anywhere slow an account, and never lock it."""
        pair = self._get_login_attempts_cache_key(request, **credentials)
        name = _name(credentials)
        attacked = not ratelimit.consume(request, action="account", key=name, dry_run=True)
        try:
            if attacked and not ratelimit.consume(request, action="slow", key=pair):
                raise self.validation_error("too_many_login_attempts")
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            if ratelimit.consume(request, action="locked", key=pair):
                note(request, Action.LOCK_OUT, "locked", account=_account(credentials))
            raise

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        try:
            with place(hashing):
                found: User | None = super().authenticate(request, **credentials)
        except Busy:
            raise self.validation_error("busy") from None
        return found

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """An unknown name may be a password in the wrong box, so it is not written down."""
        name = _name(credentials)
        ratelimit.consume(request, action="account", key=name)
        account = _account(credentials)
        extra = {"account": account and account.pk, "address": client_address(request)}
        logger.warning("sign-in failed", extra=extra)
        note(request, Action.SIGN_IN_FAILED, "password", account=account)

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        """A page instead of a session for the disabled, for another door, and without a role."""
        refused: HttpResponse | None = super().pre_login(request, user, **kwargs)
        if refused:
            return refused
        by_company = (kwargs["signal_kwargs"] or {}).get("sociallogin")
        if by_company:
            give_roles(user, by_company.account.extra_data)
            why = "" if rules.rights(user).may else "no-role"
        else:
            why = "" if _has_a_door_here(user) else "company"
        if not why:
            return None
        logger.warning("sign-in refused: %s", why, extra={"account": user.pk})
        note(request, Action.SIGN_IN_FAILED, why, account=user)
        request.session.flush()
        return render(request, "account/refused.html", {"why": why}, status=403)


class Sessions(DefaultUserSessionsAdapter):  # type: ignore[misc] # allauth carries no types
    def end_sessions(self, sessions: list[UserSession]) -> None:
        if sessions:
            note(current_request(), Action.SESSIONS_ENDED, "others")
        super().end_sessions(sessions)


def _name(credentials: dict[str, Any]) -> str:
    return str(credentials.get("username", "")).lower()


def _account(credentials: dict[str, Any]) -> User | None:
    return User.objects.filter(username__iexact=_name(credentials)).first()


def _has_a_door_here(user: User) -> bool:
    """Without the company: an account of the company's never, others unless OIDC_ONLY says so."""
    if SocialAccount.objects.filter(user=user).exists():
        return False
    return not settings.OIDC_ONLY or user.groups.filter(name=BREAK_GLASS).exists()
