"""Signing in with a name and a password: what it says, what it slows, what it writes down."""

import json
import logging
from collections.abc import Iterator
from threading import BoundedSemaphore
from typing import Any, ClassVar

import pytest
from allauth.account import urls as account_urls
from allauth.mfa import urls as mfa_urls
from allauth.socialaccount import urls as social_urls
from allauth.socialaccount.providers.openid_connect import urls as oidc_urls
from allauth.usersessions import urls as session_urls
from bs4 import BeautifulSoup
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.access.people import LOGIN, is_signed_in, said, signed_in
from tests.access.people import try_to_sign_in as attempt
from tests.accounts import PASSWORD, account
from tests.pages import element, problem, soup

WRONG = "Wrong user name or password."
TOO_MANY = "Too many tries."


@pytest.fixture(autouse=True)
def _fresh(db: None) -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def from_address(address: str) -> dict[str, str]:
    return {"REMOTE_ADDR": address}


def test_no_browser_cuts_a_long_password() -> None:
    page = Client().get(LOGIN)
    assert not element(page, "input[type=password]").has_attr("maxlength")
    assert element(page, "input[name=login]")["maxlength"] == "255"


def test_a_right_password_leads_back_to_where_one_was_going() -> None:
    account()
    response = attempt(Client(), address=f"{LOGIN}?next=/lookup%3Fq%3Dacme")
    assert (response.status_code, response["Location"]) == (302, "/lookup?q=acme")


@pytest.mark.parametrize(
    "hostile",
    [
        "//evil.example",
        "/\\evil.example",
        "https:evil.example",
        "https://evil.example/",
        "http://localhost/",
        "javascript:alert(1)",
        LOGIN,
        f"{LOGIN}?next={LOGIN}",
    ],
)
def test_it_leads_nowhere_else(hostile: str) -> None:
    account()
    browser = Client()
    response = browser.post(LOGIN, {"login": "mara", "password": PASSWORD, "next": hostile})
    assert (response.status_code, response["Location"]) == (302, "/")
    again = browser.get(LOGIN, {"next": hostile})
    assert (again.status_code, again["Location"]) == (302, "/")


def test_it_says_the_same_whether_the_account_exists() -> None:
    account()
    account("gone", is_active=False)
    without_a_password = User.objects.create_user("company")
    assert not without_a_password.has_usable_password()
    answers = [attempt(Client(), name, "wrong") for name in ("mara", "nobody", "gone", "company")]
    assert {answer.status_code for answer in answers} == {200}
    assert {said(answer) for answer in answers} == {f"{WRONG} Capital letters matter."}


class CountedHasher(MD5PasswordHasher):
    hashed: ClassVar[list[str]] = []

    def encode(self, password: str, *args: Any, **kwargs: Any) -> Any:
        self.hashed.append(password)
        return super().encode(password, *args, **kwargs)


def test_an_unknown_name_costs_as_many_hashes_as_a_known_one(settings: Any) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountedHasher"]
    account()
    costs = []
    for name in ("mara", "nobody"):
        CountedHasher.hashed.clear()
        attempt(Client(), name, "wrong")
        costs.append(len(CountedHasher.hashed))
    assert costs[0] == costs[1] >= 1


def test_five_failures_stop_an_account_at_one_address_and_nowhere_else() -> None:
    account()
    account("ines")
    for _ in range(5):
        assert WRONG in said(attempt(Client(), password="wrong", **from_address("203.0.113.5")))
    assert TOO_MANY in said(attempt(Client(), **from_address("203.0.113.5")))
    assert attempt(Client(), "ines", **from_address("203.0.113.5")).status_code == 302
    assert attempt(Client(), **from_address("198.51.100.7")).status_code == 302


def test_the_addresses_of_a_household_count_as_one() -> None:
    account()
    for number in range(5):
        attempt(Client(), password="wrong", **from_address(f"2001:db8::{number}"))
    assert TOO_MANY in said(attempt(Client(), **from_address("2001:db8::9")))
    assert attempt(Client(), **from_address("2001:db8:0:1::9")).status_code == 302


def test_tries_without_end_get_a_page_that_says_when_to_come_back(settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login": "1/m/ip"}
    attempt(Client())
    response = attempt(Client())
    assert (response.status_code, problem(response)) == (429, "too-many")
    assert response["Retry-After"] == "60"


HANDLE = '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {"userHandle": "%s"}}'


@pytest.mark.parametrize(
    "credential",
    ["", "{", "1", "[]", "null", '"x"', "{}", '{"response": 1}', HANDLE % "MQ", HANDLE % "\\u0000"],
)
def test_a_made_up_passkey_opens_nothing(credential: str) -> None:
    account()
    browser = Client()
    browser.get("/accounts/login/passkey/", headers={"Accept": "application/json"})
    response = browser.post("/accounts/login/passkey/", {"credential": credential})
    assert (response.status_code, response["Location"]) == (302, LOGIN)
    assert not is_signed_in(browser)


def test_right_passwords_are_not_counted() -> None:
    account()
    for _ in range(8):
        signed_in()


def test_a_sprayed_password_stops_an_address() -> None:
    account("ines")
    for number in range(30):
        attempt(Client(), f"somebody-{number}", "wrong", **from_address("203.0.113.5"))
    assert TOO_MANY in said(attempt(Client(), "ines", **from_address("203.0.113.5")))
    assert attempt(Client(), "ines", **from_address("203.0.113.6")).status_code == 302


def test_a_crowd_of_addresses_slows_an_account_and_never_locks_it() -> None:
    account()
    for number in range(25):
        attempt(Client(), password="wrong", **from_address(f"203.0.113.{number}"))
    one_more = from_address("203.0.113.200")
    told = [said(attempt(Client(), password="wrong", **one_more)) for _ in range(3)]
    assert [WRONG in text for text in told] == [True, True, False]
    assert TOO_MANY in told[2]
    assert attempt(Client(), **from_address("198.51.100.7")).status_code == 302


def test_an_address_of_a_made_up_header_is_not_believed() -> None:
    account()
    for number in range(6):
        last = attempt(Client(), password="wrong", HTTP_X_FORWARDED_FOR=f"198.51.100.{number}")
    assert TOO_MANY in said(last)


@pytest.mark.slow
def test_passwords_are_hashed_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    account()
    few = BoundedSemaphore(1)
    monkeypatch.setattr("integrations_app.access.accounts.hashing", few)
    with few:
        response = attempt(Client())
    assert "Try again in a few seconds." in said(response)
    assert attempt(Client()).status_code == 302


def test_success_and_failure_are_logged_without_what_was_typed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    mara = account()
    with caplog.at_level(logging.INFO):
        attempt(Client(), password="my-secret-typo")
        attempt(Client(), name="my-password-in-the-wrong-box", password="x")
        attempt(Client())
    lines = [
        (record.getMessage(), record.account, record.address)  # type: ignore[attr-defined]
        for record in caplog.records
        if record.name.startswith("integrations_app.access")
    ]
    assert lines == [
        ("sign-in failed", mara.pk, "127.0.0.1"),
        ("sign-in failed", None, "127.0.0.1"),
        ("signed in", mara.pk, "127.0.0.1"),
    ]
    written = json.dumps([vars(record) for record in caplog.records], default=str)
    for typed in ("my-secret-typo", "my-password-in-the-wrong-box", PASSWORD):
        assert typed not in written


def test_a_disabled_account_is_told_so_only_with_its_password() -> None:
    account(is_active=False)
    response = attempt(Client())
    assert response["Location"] == "/accounts/disabled/"
    assert b"disabled" in Client().get("/accounts/disabled/").content


def test_sign_in_gives_the_session_a_new_key() -> None:
    account()
    browser = Client()
    browser.get(LOGIN)
    browser.session["planted"] = True
    before = browser.session.session_key
    attempt(browser)
    assert browser.session.session_key != before


def test_signing_out_takes_a_post() -> None:
    account()
    browser = signed_in()
    assert browser.get("/accounts/logout/").status_code == 405
    assert is_signed_in(browser)
    assert browser.post("/accounts/logout/")["Location"] == LOGIN
    assert not is_signed_in(browser)


def test_admin_has_no_door_of_its_own() -> None:
    account(is_staff=True, is_superuser=True)
    response = Client().get("/admin/auth/")
    assert (response.status_code, response["Location"]) == (302, f"{LOGIN}?next=/admin/auth/")
    assert Client().get("/admin/login/")["Location"] == f"{LOGIN}?next=/admin/login/"
    form = {"username": "mara", "password": PASSWORD}
    assert Client().post("/admin/login/", form).status_code == 302
    browser = Client()
    assert browser.post("/admin/login/", form)["Location"].startswith(LOGIN)
    assert browser.get("/admin/").status_code == 302
    account("ines")
    assert signed_in("ines").get("/admin/", follow=True).status_code == 403
    assert signed_in("mara").get("/admin/password_change/")["Location"] == "/accounts/password/"


def test_admin_shows_nothing_of_allauth() -> None:
    account(is_staff=True, is_superuser=True)
    shown = soup(signed_in().get("/admin/"))
    apps = {str(name) for table in shown.select("[class^=app-]") for name in table["class"]}
    assert apps - {"module"} == {"app-auth", "app-integrations_app"}


def _addresses(patterns: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _addresses(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield str(pattern.name), route


ALLAUTHS = sorted(
    name
    for urls in (account_urls, mfa_urls, social_urls, oidc_urls, session_urls)
    for name, _ in _addresses(urls.urlpatterns)
)
HEADER = "header.top .brand"


@pytest.mark.parametrize("name", ALLAUTHS)
def test_no_page_of_allauths_own_look_is_reachable(name: str) -> None:
    """Each of allauth's views: not routed here, or in the desk's own look, or leading to such."""
    routes = dict(_addresses(get_resolver().url_patterns))
    if name not in routes:
        return
    address = "/" + routes[name].replace("<int:pk>", "1")
    account()
    for browser in (Client(), signed_in()):
        response = browser.get(address, follow=True)
        if response.status_code == 405 or response["Content-Type"] != "text/html; charset=utf-8":
            continue
        soup = BeautifulSoup(response.content, "html.parser")
        assert soup.select_one(HEADER), address
        assert not soup.select("[class*=allauth], a[href*=signup]")


def test_only_what_is_needed_is_routed() -> None:
    routes = dict(_addresses(get_resolver().url_patterns))
    left_out = {name for name in ALLAUTHS if name not in routes}
    assert left_out == {
        "account_confirm_email",
        "account_confirm_login_code",
        "account_email",
        "account_email_verification_sent",
        "account_reset_password",
        "account_reset_password_done",
        "account_reset_password_from_key",
        "account_reset_password_from_key_done",
        "account_set_password",
        "account_signup",
        "mfa_download_recovery_codes",
        "mfa_edit_webauthn",
        "socialaccount_connections",
        "socialaccount_login_error",
        "socialaccount_signup",
    }
