"""Second factors: how their keys are kept, and the duty to have one, which is REQUIRE_MFA's."""

import base64
import logging
import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.models import UserSession
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.deprecation import MiddlewareMixin

from integrations_app.htmx import whole_page

METHODS = "account_authentication_methods"  # allauth's: by what somebody signed in or confirmed
HAS_ONE = "has-second-factor"
FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]  # recovery codes alone are none
ENCRYPTED = "encrypted:"  # what has no such mark was written before keys were encrypted
View = Callable[..., HttpResponse]
logger = logging.getLogger(__name__)


class Factors(DefaultMFAAdapter):  # type: ignore[misc] # allauth carries no types
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "That code does not fit, or was used already. Wait for the next one.",
    }

    def generate_authenticator_name(self, *_: Any) -> str:
        return "Passkey"

    def encrypt(self, text: str) -> str:
        return ENCRYPTED + _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Of a key that another SECRET_KEY protects nothing is known, so no code fits it."""
        if not encrypted_text.startswith(ENCRYPTED):
            return encrypted_text
        try:
            return _cipher().decrypt(encrypted_text.removeprefix(ENCRYPTED)).decode()
        except InvalidToken:
            logger.error("a second factor's key was encrypted with another SECRET_KEY")  # noqa: TRY400 - its traceback says no more
            return base64.b32encode(secrets.token_bytes(20)).decode()


def _cipher() -> MultiFernet:
    """Of SECRET_KEY; it also opens what was encrypted with SECRET_KEY_FALLBACKS."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    derived = [salted_hmac("second factors", "", key, algorithm="sha256").digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in derived])


class Required(MiddlewareMixin):
    """Comes after the guard that asks for a sign-in."""

    def process_view(self, request: HttpRequest, view: View, *_: Any) -> HttpResponse | None:
        account = reverse("mfa_index")
        if not getattr(view, "login_required", True) or request.path.startswith(account):
            return None
        if not settings.REQUIRE_MFA or not _is_missing(request):
            return None
        to = f"{account}?required"
        return whole_page(to, 401) if getattr(request, "htmx", None) else redirect(to)


def _is_missing(request: HttpRequest) -> bool:
    """Asks the database once a session; a company's account has its second factor there."""
    if request.session.get(HAS_ONE) or not _has_password(request):
        return False
    has_one = is_mfa_enabled(request.user, FACTORS)
    if has_one:
        request.session[HAS_ONE] = True
    return not has_one


def _has_password(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.has_usable_password()


def confirmed(view: View) -> View:
    """Who has confirmed that it is them gets another session key, and the former opens nothing."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        before, key = request.session.get(METHODS), request.session.session_key
        response = view(request, *args, **kwargs)
        if request.session.get(METHODS) != before:
            request.session.cycle_key()
            known = UserSession.objects.filter(session_key=key)
            known.update(session_key=request.session.session_key)
        return response

    return guarded


def local(view: View) -> View:
    """The company's sign-in has its own factors, and a passkey here would outlive a job there."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not _has_password(request):
            raise Http404("Your account signs in with the company's sign-in. Change it there.")
        return view(request, *args, **kwargs)

    return guarded
