"""What the browser is told to guard: on every answer, whatever its status and whoever asks."""

from typing import Any

import pytest
from django.test import Client

from dashboard import guards
from tests.pages import HTMX
from tests.site.test_start import COMPANY, started

PAGES = [
    ("/", 200),
    ("/production/customers/acme-corp/integrations/", 200),
    ("/production/customers/a%2Fb/integrations/", 400),
    ("/nowhere/", 404),
    ("/accounts/", 200),
    ("/accounts/logout/", 405),
    ("/accounts/password/", 200),
    ("/admin/login/", 403),
]


def guarded(response: Any) -> None:
    headers = response.headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in headers["Cache-Control"]


@pytest.mark.parametrize(("address", "status"), PAGES)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "fragment"])
def test_every_answer_is_guarded(
    agent: Client, address: str, status: int, headers: dict[str, str]
) -> None:
    response = agent.get(address, headers=headers)
    assert response.status_code == status
    guarded(response)


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("address", ["/", "/help/", "/accounts/", "/admin/", "/static/desk.js"])
def test_no_page_takes_another_method(admin_client: Client, address: str, method: str) -> None:
    assert admin_client.generic(method, address).status_code in (404, 405)


def test_refusals_and_faults_are_guarded(
    agent: Client, monkeypatch: pytest.MonkeyPatch, db: None
) -> None:
    guarded(Client().get("/"))
    guarded(Client().get("/", headers=HTMX))
    guarded(Client().get("/accounts/login/"))
    guarded(Client(enforce_csrf_checks=True).post("/accounts/login/"))
    guarded(Client().get("/", HTTP_HOST="evil.example"))
    monkeypatch.setattr("integrations_app.lookup.views.recents", None)
    agent.raise_request_exception = False
    broken = agent.get("/")
    assert broken.status_code == 500
    guarded(broken)


def test_what_passes_no_middleware_demands_https_too(settings: Any) -> None:
    settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = 31_536_000, True
    demanded = "max-age=31536000; includeSubDomains"
    assert guards.without_middleware()["Strict-Transport-Security"] == demanded
    settings.SECURE_HSTS_SECONDS = 0
    assert "Strict-Transport-Security" not in guards.without_middleware()


def test_cookies_say_nothing_to_scripts_and_other_sites(db: None) -> None:
    browser = Client()
    browser.get("/accounts/login/")
    browser.post("/accounts/login/", {"login": "nobody", "password": "x"})
    assert set(browser.cookies) == {"csrftoken"}
    for cookie in browser.cookies.values():
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")


def test_over_https_cookies_are_bound_to_this_host(agent: Client, db: None) -> None:
    """The names that HTTPS=true gives; a browser keeps them only with Secure, Path=/, no Domain."""
    read = """
import dashboard.settings as s
print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE)
"""
    said = started(["-c", read], **COMPANY, HTTPS="true").stdout
    assert said == "__Host-sessionid __Host-csrftoken True True\n"
