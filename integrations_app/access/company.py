"""Sign-in by the company's own OpenID Provider.

django-allauth does the exchange (discovery, state, PKCE, and of the ID token: issuer, audience,
expiry, one use). Here is what it leaves out: the nonce, that /userinfo is about the same subject,
and a verified e-mail address of an allowed domain.
https://openid.net/specs/openid-connect-core-1_0.html
"""

import hashlib
import logging
import secrets
from collections.abc import Callable, Mapping
from threading import BoundedSemaphore
from typing import Any

import requests
from allauth.account.utils import get_next_redirect_url
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from allauth.utils import build_absolute_uri
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from dashboard.client_address import client_address
from integrations_app.access.accounts import Busy, limited, place
from integrations_app.access.company_roles import claims
from integrations_app.audit.events import Action, note

logger = logging.getLogger(__name__)

# A provider that hangs holds few threads.
asking = BoundedSemaphore(max(1, settings.THREADS // 8))
OTHER_SITES = ("cross-site", "same-site")
NOTED_EVERY = 2  # seconds: of one address, the record takes no more failures
# What allauth runs into where the provider's JSON is not of the shape that it must have.
NONSENSE = (AttributeError, KeyError, TypeError, ValueError)


class NotTaken(OAuth2Error):  # type: ignore[misc] # allauth carries no types
    """The answer is not for this sign-in, or vouches for somebody whom the desk does not take."""


class Exchange(OpenIDConnectOAuth2Adapter):  # type: ignore[misc] # allauth carries no types
    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:  # noqa: ARG002 - allauth's signature
        return str(build_absolute_uri(request, reverse("openid_connect_callback")))

    def get_access_token_data(self, *args: Any, pkce_code_verifier: str = "") -> Any:
        self._nonce = nonce(pkce_code_verifier)
        return super().get_access_token_data(*args, pkce_code_verifier=pkce_code_verifier)

    def complete_login(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not kwargs["response"].get("id_token"):
            raise NotTaken("no ID token")
        login = super().complete_login(request, *args, **kwargs)
        why_not = self._why_not(login.account.extra_data)
        if why_not:
            raise NotTaken(why_not)
        return login

    def _why_not(self, told: Mapping[str, Any]) -> str:
        token, person = told["id_token"], claims(told)
        domain = str(person.get("email")).rpartition("@")[2].lower()
        tests = {
            "another nonce": token.get("nonce") == self._nonce,
            "another issuer": token["iss"].rstrip("/") == settings.OIDC_ISSUER.rstrip("/"),
            "another subject": token["sub"] == person["sub"],
            "e-mail": _is_email(person.get("email")) and person.get("email_verified") is True,
            "domain": domain in (settings.OIDC_ALLOWED_DOMAINS or [domain]),
        }
        return next((why_not for why_not, passed in tests.items() if not passed), "")


def _is_email(claimed: object) -> bool:
    try:
        validate_email(claimed if isinstance(claimed, str) else "")
    except ValidationError:
        return False
    return True


class Provider(OpenIDConnectProvider):  # type: ignore[misc] # allauth carries no types
    oauth2_adapter_class = Exchange

    def get_pkce_params(self) -> dict[str, str]:
        """What allauth sends beside the request: a nonce fits here, made of what it keeps."""
        pkce: dict[str, str] = super().get_pkce_params()
        return pkce | {"nonce": nonce(pkce["code_verifier"])}


def nonce(verifier: str) -> str:
    """Known only to who knows the verifier, which stays in the session."""
    return hashlib.sha256(f"nonce {verifier}".encode()).hexdigest()


class Company(DefaultSocialAccountAdapter):  # type: ignore[misc] # allauth carries no types
    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:  # noqa: ARG002 - allauth's signature
        """An account is made at the first sign-in; without a role it opens nothing."""
        return True

    def get_provider(self, request: HttpRequest, provider: str, client_id: Any = None) -> Provider:  # noqa: ARG002 - allauth's signature
        """The one of the settings. Accounts are kept by its issuer, so another's never fit."""
        issuer = settings.OIDC_ISSUER
        app = SocialApp(
            provider=Provider.id,
            provider_id=issuer,
            client_id=settings.OIDC_CLIENT_ID,
            secret=settings.OIDC_CLIENT_SECRET.get_secret_value(),
            settings={"server_url": issuer.rstrip("/"), "oauth_pkce_enabled": True},
        )
        return Provider(request, app=app)

    def generate_state_param(self, state: dict[str, Any]) -> str:  # noqa: ARG002 - allauth's signature
        """Of 192 bits; allauth's own has fewer than 128."""
        return secrets.token_urlsafe(24)

    def get_requests_session(self) -> requests.Session:
        """Goes where discovery says and nowhere else: a redirect would take the secret along."""
        session: requests.Session = super().get_requests_session()
        session.max_redirects = 0
        return session

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: Any) -> User:
        user: User = super().populate_user(request, sociallogin, data)
        user.username = user.email
        return user

    def on_authentication_error(self, request: HttpRequest, *_: Any, **known: Any) -> None:
        """Of others' errors only the name: their words may be the provider's."""
        error = known["exception"]
        detail = str(error) if isinstance(error, NotTaken) else type(error).__name__
        extra = {"by": "company", "detail": detail, "address": client_address(request)}
        logger.warning("sign-in failed", extra=extra)
        # Anybody may fail here, as often as they like: the log has every one.
        if cache.add(f"noted:{client_address(request)}", value=True, timeout=NOTED_EVERY):
            note(request, Action.SIGN_IN_FAILED, "company", detail=detail)


@login_not_required
@require_safe
@limited
def start(request: HttpRequest) -> HttpResponse:
    """Off to the company's sign-in. Of the request's query it takes `next` alone."""
    to = get_next_redirect_url(request)
    if request.headers.get("Sec-Fetch-Site") in OTHER_SITES:  # the agent has not asked for it
        return redirect_to_login(to or reverse(settings.LOGIN_REDIRECT_URL))
    return _ask(request, lambda it: it.redirect(request, AuthProcess.LOGIN, next_url=to))


@login_not_required
@require_safe
def callback(request: HttpRequest) -> HttpResponse:
    """Back from the company's sign-in."""
    exchange = Exchange(request, settings.OIDC_ISSUER)
    return _ask(request, lambda _: OAuth2CallbackView.adapter_view(exchange)(request))


def _ask(request: HttpRequest, question: Callable[[Provider], HttpResponse]) -> HttpResponse:
    if not settings.OIDC_ISSUER:
        raise Http404("This desk has no company sign-in.")
    try:
        with place(asking):
            return question(Company(request).get_provider(request, settings.OIDC_ISSUER))
    except (Busy, requests.RequestException, *NONSENSE):
        logger.warning("the company's sign-in failed", exc_info=True)
        page = "socialaccount/authentication_error.html"
        return render(request, page, {"down": True}, status=503)
