"""TOTP by a real authenticator's algorithm, recovery codes, and a second factor as a duty."""

from collections.abc import Iterator
from typing import Any

import pyotp
import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from integrations_app.models import AuditEvent
from tests.access.people import LOGIN, is_signed_in, said, signed_in
from tests.access.people import try_to_sign_in as attempt
from tests.accounts import PASSWORD, account, browser_of
from tests.pages import HTMX, element, soup

CODE = "/accounts/login/code/"
SET_UP = "/accounts/?required"

pytestmark = pytest.mark.usefixtures("stigg", "db")


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """No code is of the half minute before by the time that it arrives."""
    cache.clear()
    with time_machine.travel("2026-11-02 12:00Z", tick=False):
        yield
    cache.clear()


def confirm(browser: Client) -> None:
    assert browser.post("/accounts/confirm/", {"password": PASSWORD}).status_code == 302


def shown_to_the_app(browser: Client) -> pyotp.TOTP:
    shown = element(browser.get("/accounts/authenticator/add/"), "main code")
    return pyotp.TOTP(shown.get_text())


def set_up(browser: Client) -> pyotp.TOTP:
    """What the page shows, put into an authenticator; the code that this shows, put back."""
    asked = browser.get("/accounts/authenticator/add/")
    assert asked["Location"].startswith("/accounts/confirm/?next=")
    confirm(browser)
    shown_to_the_app(browser)
    assert browser.post("/accounts/authenticator/add/", {"code": "000000"}).status_code == 200
    app = shown_to_the_app(browser)
    done = browser.post("/accounts/authenticator/add/", {"code": app.now()})
    assert done["Location"] == "/accounts/recovery-codes/"
    return app


def recovery_codes(browser: Client) -> list[str]:
    page = soup(browser.get("/accounts/recovery-codes/"))
    return [code.get_text() for code in page.select("main code")]


def test_a_code_of_the_app_is_asked_for_once_it_is_set_up() -> None:
    account()
    app = set_up(signed_in())
    browser = Client()
    response = attempt(browser, address=f"{LOGIN}?next=/lookup%3Fq%3Dacme")
    assert response["Location"] == CODE
    assert not is_signed_in(browser)
    assert "does not fit" in said(browser.post(CODE, {"code": "000000"}))
    assert browser.post(CODE, {"code": app.now()})["Location"] == "/lookup?q=acme"
    assert is_signed_in(browser)


def test_second_factors_are_on_record_and_a_sign_in_says_by_what(
    django_capture_on_commit_callbacks: Any,
) -> None:
    account()
    browser = signed_in()
    with django_capture_on_commit_callbacks(execute=True):
        app = set_up(browser)
    other = Client()
    attempt(other)
    other.post(CODE, {"code": app.now()})
    browser.post("/accounts/authenticator/remove/")
    rows = AuditEvent.objects.filter(user="mara").order_by("id")
    assert [*rows.values_list("action", "outcome", "detail")] == [
        ("sign-in", "signed-in", "password"),
        ("account", "second-factor-added", "totp"),
        ("account", "second-factor-added", "recovery_codes"),
        ("sign-in", "signed-in", "password totp"),
        ("account", "second-factor-removed", "totp"),
        ("account", "second-factor-removed", "recovery_codes"),
    ]


def opens(app: pyotp.TOTP) -> bool:
    browser = Client()
    attempt(browser)
    browser.post(CODE, {"code": app.now()})
    return is_signed_in(browser)


def test_the_database_does_not_tell_the_key_of_an_app() -> None:
    account()
    app = set_up(signed_in())
    kept = Authenticator.objects.get(type=Authenticator.Type.TOTP).data
    assert app.secret not in str(kept)


def test_a_key_that_was_kept_before_keys_were_encrypted_still_opens() -> None:
    account()
    app = set_up(signed_in())
    Authenticator.objects.filter(type=Authenticator.Type.TOTP).update(data={"secret": app.secret})
    assert opens(app)


@pytest.mark.parametrize("fallbacks", [True, False])
def test_another_secret_key_needs_the_former_one_beside_it(
    settings: Any, *, fallbacks: bool
) -> None:
    account()
    app = set_up(signed_in())
    former, settings.SECRET_KEY = settings.SECRET_KEY, "another one" * 5
    settings.SECRET_KEY_FALLBACKS = [former] if fallbacks else []
    assert opens(app) is fallbacks


def test_a_code_opens_once() -> None:
    account()
    app = set_up(signed_in())
    code = app.now()
    browsers = [Client(), Client()]
    for browser in browsers:
        attempt(browser)
        browser.post(CODE, {"code": code})
    assert [is_signed_in(browser) for browser in browsers] == [True, False]


def test_guessing_codes_ends_after_five() -> None:
    account()
    app = set_up(signed_in())
    browser = Client()
    attempt(browser)
    for _ in range(5):
        browser.post(CODE, {"code": "000000"})
    assert "Too many tries" in said(browser.post(CODE, {"code": app.now()}))
    assert not is_signed_in(browser)


def test_recovery_codes_are_shown_once_and_open_once() -> None:
    account()
    first = signed_in()
    set_up(first)
    codes = recovery_codes(first)
    assert len(codes) == 10
    assert recovery_codes(first) == []
    browsers = [Client(), Client()]
    for browser in browsers:
        attempt(browser)
        browser.post(CODE, {"code": codes[0]})
    assert [is_signed_in(browser) for browser in browsers] == [True, False]
    assert b"9 of 10 are left" in first.get("/accounts/recovery-codes/").content
    assert b"9 that are left" in first.get("/accounts/recovery-codes/new/").content
    first.post("/accounts/recovery-codes/new/")
    assert set(recovery_codes(first)).isdisjoint(codes)


def test_the_app_can_be_removed_again() -> None:
    account()
    browser = signed_in()
    set_up(browser)
    asked = browser.get("/accounts/authenticator/remove/")
    assert b"Remove the authenticator app?" in asked.content
    assert browser.post("/accounts/authenticator/remove/")["Location"] == "/accounts/"
    assert attempt(Client())["Location"] == "/"


def test_the_operator_forgets_a_lost_device() -> None:
    account()
    browser = signed_in()
    set_up(browser)
    call_command("sign_out", "mara", "--forget-second-factor")
    assert not is_signed_in(browser)
    assert attempt(Client())["Location"] == "/"


def test_giving_up_at_the_code_forgets_the_password() -> None:
    account()
    set_up(signed_in())
    browser = Client()
    attempt(browser)
    assert browser.get(LOGIN)["Location"] == CODE
    browser.post("/accounts/logout/")
    assert browser.get(LOGIN).status_code == 200


def test_as_a_duty_it_comes_before_anything_else(settings: Any) -> None:
    settings.REQUIRE_MFA = True
    account()
    browser = signed_in()
    for address in ("/", "/production/customers/acme-corp/integrations/", "/admin/"):
        assert browser.get(address)["Location"] == SET_UP
    fragment = browser.get("/lookup/suggestions/?q=acme", headers=HTMX)
    assert (fragment.status_code, fragment["HX-Redirect"]) == (401, SET_UP)
    assert "asks for a second factor" in said(browser.get(SET_UP))
    set_up(browser)
    assert browser.get("/").status_code == 200


def test_as_a_duty_it_is_asked_for_again_when_it_is_removed(settings: Any) -> None:
    settings.REQUIRE_MFA = True
    account()
    browser = signed_in()
    set_up(browser)
    assert browser.get("/").status_code == 200
    browser.post("/accounts/authenticator/remove/")
    assert browser.get("/")["Location"] == SET_UP


def test_recovery_codes_alone_are_no_second_factor(settings: Any) -> None:
    settings.REQUIRE_MFA = True
    codes = Authenticator.Type.RECOVERY_CODES
    user = account()
    Authenticator.objects.create(user=user, type=codes, data={"seed": "x", "used_mask": 0})
    assert browser_of(user).get("/")["Location"] == SET_UP


def test_whether_there_is_one_is_asked_once_a_session(settings: Any) -> None:
    settings.REQUIRE_MFA = True
    account()
    browser = signed_in()
    set_up(browser)
    browser.get("/")
    with CaptureQueriesContext(connection) as queries:
        assert browser.get("/").status_code == 200
    assert not [each for each in queries if "mfa_authenticator" in each["sql"]]


def test_it_is_no_duty_by_default() -> None:
    account()
    assert signed_in().get("/").status_code == 200


def test_an_account_without_a_password_changes_nothing_of_it_here(settings: Any) -> None:
    settings.REQUIRE_MFA = True
    company = account("company")
    company.set_unusable_password()
    company.save()
    browser = browser_of(company)
    assert browser.get("/").status_code == 200
    assert "changed there" in browser.get("/accounts/").content.decode()
    for part in ("password/", "authenticator/add/", "passkeys/add/", "recovery-codes/"):
        assert browser.get(f"/accounts/{part}").status_code == 404


def test_guessing_the_password_of_an_open_session_is_limited() -> None:
    account()
    browser = signed_in()
    told = [browser.post("/accounts/confirm/", {"password": "wrong"}) for _ in range(6)]
    assert "That is not your password." in said(told[0])
    assert "Too many tries" in said(told[5])
