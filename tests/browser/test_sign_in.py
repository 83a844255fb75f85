"""Signing in as people do, in a real browser: a password, an app's code, a passkey, the company."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyotp
import pytest
import time_machine
from django.core.cache import cache
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pydantic import SecretStr
from pytest_django.live_server_helper import LiveServer

from tests.access import provider
from tests.accounts import PASSWORD, account
from tests.browser.chromium import NEEDED, violations_in_both

pytestmark = [*NEEDED, pytest.mark.usefixtures("transactional_db", "stigg")]


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """The clock begins with an app's code, which then lasts for half a minute."""
    cache.clear()
    with time_machine.travel(time.time() // 30 * 30):
        yield


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="mara").click()
    page.get_by_role("button", name="Sign out").click()


@contextmanager
def device(chrome: Browser, desk: LiveServer) -> Iterator[BrowserContext]:
    """A browser that nobody is signed in to; what its pages write as an error fails the test.

    Browsers know passkeys for names, not for addresses, so the desk is `localhost` here.
    """
    context, errors = chrome.new_context(base_url=desk.url), list[str]()
    context.set_default_timeout(10_000)
    context.on("weberror", lambda error: errors.append(str(error.error)))
    context.on(
        "console",
        lambda said: errors.append(said.text) if "Content Security" in said.text else None,
    )
    yield context
    context.close()
    assert errors == []


@pytest.fixture
def page(chrome: Browser, live_server: LiveServer) -> Iterator[Page]:
    assert "://localhost:" in live_server.url
    with device(chrome, live_server) as context:
        yield context.new_page()


def sign_in(page: Page, to: str = "/accounts/login/") -> None:
    page.goto(to)
    page.get_by_label("User name").fill("mara")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def confirm(page: Page) -> None:
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()


def add_authenticator(page: Page) -> None:
    """Chromium's own virtual device, which holds passkeys and always knows its owner."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def set_up_an_app(page: Page) -> pyotp.TOTP:
    page.goto("/accounts/")
    page.get_by_role("link", name="Set up an authenticator app").click()
    confirm(page)
    app = pyotp.TOTP(page.locator("main code").inner_text())
    page.get_by_label("Code").fill(app.now())
    page.get_by_role("button", name="Set it up").click()
    return app


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def test_a_password_and_the_code_of_an_app(
    page: Page, chrome: Browser, live_server: LiveServer
) -> None:
    account()
    sign_in(page)
    app = set_up_an_app(page)
    heading(page, "Recovery codes")
    expect(page.locator("main code")).to_have_count(10)
    with device(chrome, live_server) as another:
        other = another.new_page()
        sign_in(other, "/accounts/login/?next=/lookup%3Fq%3Dacme-corp")
        heading(other, "One more step")
        expect(other.get_by_role("button", name="Use a passkey")).to_have_count(0)
        other.get_by_label("Code").fill(app.now())
        other.get_by_role("button", name="Sign in").click()
        heading(other, "Acme Inc.")


def test_a_passkey_alone(page: Page) -> None:
    account()
    add_authenticator(page)
    sign_in(page)
    page.goto("/accounts/passkeys/add/")
    confirm(page)
    page.get_by_label("Name of the device").fill("My laptop")
    page.get_by_role("button", name="Add it").click()
    heading(page, "Recovery codes")
    page.goto("/accounts/")
    expect(page.get_by_text("My laptop")).to_be_visible()
    sign_out(page)

    page.goto("/accounts/login/?next=/lookup%3Fq%3Dacme-corp")
    page.get_by_role("button", name="Sign in with a passkey").click()
    heading(page, "Acme Inc.")
    sign_out(page)

    sign_in(page)
    heading(page, "One more step")
    page.get_by_role("button", name="Use a passkey").click()
    heading(page, "Find a customer")

    page.goto("/accounts/")
    page.get_by_role("link", name="Remove it").click()
    page.get_by_role("link", name="Use a passkey").click()
    page.get_by_role("button", name="Use a passkey").click()
    heading(page, "Remove My laptop?")
    page.get_by_role("button", name="Remove it").click()
    heading(page, "mara")
    expect(page.get_by_text("My laptop")).to_have_count(0)


def test_without_a_passkey_the_page_says_what_is_wrong(page: Page) -> None:
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    page.goto("/accounts/login/")
    page.evaluate(
        "() => { navigator.credentials.get = () => Promise.reject(new Error('cancelled')); }"
    )
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_have_text(
        "That did not work, or was cancelled. Try again."
    )
    page.goto(page.url.replace("localhost", "127.0.0.1"))
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("They need https, or the name localhost.")


def test_the_company(page: Page, settings: Any) -> None:
    with provider.running() as company:
        company.person()
        settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID = company.issuer, "desk"
        settings.OIDC_CLIENT_SECRET = SecretStr("the-clients-own-secret")
        settings.OIDC_ROLE_MAP, settings.OIDC_ONLY = {"support": ["viewer"]}, True
        page.goto("/lookup?q=acme-corp")
        page.get_by_role("link", name="Sign in with the company").click()
        page.locator("input[name=sub]").fill("u-1")
        page.get_by_role("button", name="Authorize").click()
        heading(page, "Acme Inc.")
        page.get_by_role("button", name="mara@acme.example").click()
        page.get_by_role("link", name="Your account").click()
        expect(page.get_by_text("Password and second factor are changed there.")).to_be_visible()


def test_a_session_ended_elsewhere_says_so_and_comes_back(
    page: Page, chrome: Browser, live_server: LiveServer
) -> None:
    account()
    sign_in(page, "/accounts/login/?next=/production/customers/meridian-group/integrations/")
    heading(page, "Meridian Group")
    with device(chrome, live_server) as another:
        other = another.new_page()
        sign_in(other)
        other.goto("/accounts/sessions/")
        expect(other.get_by_text("Another browser")).to_have_count(1)
        other.get_by_role("button", name="End all but this one").click()
        confirm(other)
        expect(other.get_by_text("Another browser")).to_have_count(0)
    page.locator("a[data-vendor]").first.click()
    heading(page, "Sign in")
    expect(page.get_by_text("Your session has ended")).to_be_visible()
    sign_in_here = page.url
    sign_in(page, sign_in_here)
    heading(page, "Meridian Group")


OPEN = ["/accounts/login/", "/accounts/login/?because=idle", "/accounts/disabled/"]
OWN = [
    "/accounts/",
    "/accounts/password/",
    "/accounts/confirm/",
    "/accounts/confirm/code/",
    "/accounts/recovery-codes/",
    "/accounts/recovery-codes/new/",
    "/accounts/authenticator/remove/",
    "/accounts/passkeys/add/",
    "/accounts/sessions/",
]


def test_everybody_can_use_these_pages(page: Page) -> None:
    account()
    found = {address: _violations(page, address) for address in OPEN}
    page.get_by_role("link", name="Back to the sign-in").click()
    page.get_by_label("User name").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in", exact=True).click()
    found["a wrong password"] = violations_in_both(page)
    sign_in(page)
    page.goto("/accounts/authenticator/add/")
    confirm(page)
    found["an app's key"] = violations_in_both(page)
    set_up = pyotp.TOTP(page.locator("main code").inner_text())
    page.get_by_label("Code").fill(set_up.now())
    page.get_by_role("button", name="Set it up").click()
    found["new codes"] = violations_in_both(page)
    found |= {address: _violations(page, address) for address in OWN}
    sign_out(page)
    sign_in(page)
    found["one more step"] = violations_in_both(page)
    assert {address: broken for address, broken in found.items() if broken} == {}


def _violations(page: Page, address: str) -> Any:
    page.goto(address)
    assert page.url.endswith(address)
    return violations_in_both(page)
