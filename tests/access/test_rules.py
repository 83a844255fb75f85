"""Who may do what: every address of the desk, tried as everybody, with and without htmx."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import ResolverMatch, URLResolver, get_resolver, path

from dashboard import urls
from integrations_app.access import rules
from integrations_app.links.models import LinkTemplate
from tests.accounts import account, browser_of, give, roleless
from tests.pages import HTMX, Response, problem, soup

pytestmark = pytest.mark.usefixtures("stigg", "db")

EVERYBODY = ("nobody", "roleless", "viewer", "exporter", "operator", "auditor", "superuser")
LOOKS_UP = {"viewer", "exporter", "operator", "superuser"}
OPERATES = {"operator", "superuser"}
CUSTOMER = "<str:environment>/customers/<any:customer_id>/integrations/"
PARTS_OF_A_CUSTOMER = ("results", "ahead", "opened", "pin")
INTEGRATION = "<str:environment>/customers/<any:customer_id>/integration/<any:integration_id>/"
OF_A_MODEL = ("", "add/", "ID/change/", "ID/delete/", "ID/history/")

# Whoever may open each address. A new one fails until it stands here, and in `rules`.
OPEN_TO: dict[str, set[str]] = {
    route: who
    for who, routes in [
        ({*LOOKS_UP, "auditor"}, [""]),
        (LOOKS_UP, ["help/", "lookup", "lookup/suggestions/"]),
        (LOOKS_UP, [CUSTOMER, *(f"{CUSTOMER}{part}/" for part in PARTS_OF_A_CUSTOMER)]),
        (LOOKS_UP, [INTEGRATION]),
        ({"exporter", "superuser"}, [f"{CUSTOMER}{form}/" for form in ("csv", "json", "text")]),
        ({"auditor", "superuser"}, ["record/", "record/csv/"]),
        (OPERATES, ["operations/"]),
        (
            {*EVERYBODY},
            [
                "accounts/login/",
                "accounts/login/code/",
                "accounts/login/passkey/",
                "accounts/logout/",
                "accounts/disabled/",
                "accounts/oidc/login/",
                "accounts/oidc/callback/",
                "accounts/oidc/cancelled/",
            ],
        ),
        (
            {*EVERYBODY} - {"nobody"},
            [
                "accounts/",
                "accounts/confirm/",
                "accounts/confirm/code/",
                "accounts/confirm/passkey/",
                "accounts/password/",
                "accounts/authenticator/add/",
                "accounts/authenticator/remove/",
                "accounts/passkeys/",
                "accounts/passkeys/add/",
                "accounts/passkeys/<int:pk>/remove/",
                "accounts/recovery-codes/",
                "accounts/recovery-codes/new/",
                "accounts/sessions/",
                "accounts/preferences/",
            ],
        ),
        (
            OPERATES,
            [
                "admin/",
                "admin/login/",
                "admin/logout/",
                "admin/password_change/",
                "admin/password_change/done/",
                "admin/jsi18n/",
                "admin/(?P<url>.*)$",
                "admin/r/<path:content_type_id>/<path:object_id>/",
                "admin/^(?P<app_label>auth|integrations_app)/$",
                "admin/auth/user/ID/",
                "admin/auth/group/ID/",
                "admin/integrations_app/linktemplate/preset/",
            ],
        ),
        *(
            (OPERATES, [f"admin/integrations_app/{model}/{page}" for page in (*OF_A_MODEL, "ID/")])
            for model in ("linktemplate", "trustedhost", "wronglink")
        ),
        ({"superuser"}, [f"admin/auth/user/{page}" for page in (*OF_A_MODEL, "<id>/password/")]),
        ({"superuser"}, [f"admin/auth/group/{page}" for page in OF_A_MODEL]),
        # Admin's own no: reports are never made nor deleted, and nothing completes itself.
        (set(), ["admin/autocomplete/"]),
        (set(), [f"admin/integrations_app/wronglink/{page}" for page in ("add/", "ID/delete/")]),
    ]
    for route in (each.replace("ID", "<path:object_id>") for each in routes)
}
PARTS = {
    "<str:environment>": "production",
    "<any:customer_id>": "acme-corp",
    "<any:integration_id>": "integration-1",
    "<int:pk>": "1",
    "<id>": "1",
    "<path:object_id>": "1",
    "<path:content_type_id>": "1",
    "^(?P<app_label>auth|integrations_app)/$": "integrations_app/",
    "(?P<url>.*)$": "no-such-page/",
}


def walk(patterns: Any, before: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, route)
        else:
            yield route


ROUTES = sorted(set(walk(get_resolver().url_patterns)))


def address(route: str) -> str:
    for part, filled in PARTS.items():
        route = route.replace(part, filled)
    return f"/{route}"


def browser(who: str) -> Client:
    if who == "nobody":
        return Client()
    kind = {"is_superuser": True} if who == "superuser" else {}
    user = roleless("vera", **kind)
    if who in ("viewer", "exporter", "operator", "auditor"):
        give(user, who)
    return browser_of(user)


def refusal(response: Response) -> str:
    """Why it was not opened: asked to sign in, or a kind of refusal; "" when it was opened."""
    if response.headers.get("Location", "").startswith("/accounts/login/?next="):
        return "sign-in"
    return problem(response) if response.status_code == 403 else ""


def test_every_address_is_written_down() -> None:
    assert set(ROUTES) == OPEN_TO.keys()


@pytest.mark.slow
@pytest.mark.parametrize("who", EVERYBODY)
def test_everybody_opens_what_they_may_and_nothing_else(who: str) -> None:
    desk = browser(who)
    expected = {"nobody": "sign-in", "roleless": "no-role"}.get(who, "no-permission")
    for route in ROUTES:
        if route in ("accounts/logout/", "admin/logout/"):  # these take a POST alone
            continue
        told = refusal(desk.get(address(route)))
        assert told == ("" if who in OPEN_TO[route] else expected), route


@pytest.mark.parametrize("who", EVERYBODY)
def test_htmx_is_given_nothing_to_put_into_a_page(who: str) -> None:
    desk, status = browser(who), 401 if who == "nobody" else 403
    shown = {**HTMX, "HX-Current-URL": "http://testserver/lookup?q=x"}
    for route in ROUTES:
        if who in OPEN_TO[route] or "superuser" in who or ("admin/" in route and who in OPERATES):
            continue
        response = desk.get(address(route), headers=shown)
        assert (response.status_code, response.content) == (status, b""), route
        to = response["HX-Redirect"]
        assert to == ("/accounts/login/?next=/lookup%3Fq%3Dx" if who == "nobody" else "/lookup?q=x")


@pytest.mark.parametrize("who", ["nobody", "roleless", "auditor"])
def test_a_form_of_theirs_is_refused_too(who: str) -> None:
    response = browser(who).post(address(INTEGRATION), {"word": "opens another customer"})
    assert refusal(response) in {"sign-in", "no-role", "no-permission"}


def test_a_view_that_nobody_has_named_is_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgotten(request: HttpRequest) -> HttpResponse:
        return HttpResponse("secret")

    patterns = [path("forgotten/", forgotten, name="forgotten"), *urls.urlpatterns]
    monkeypatch.setattr(urls, "urlpatterns", patterns)
    resolver = get_resolver()
    monkeypatch.setattr(resolver, "url_patterns", patterns)
    resolver._populate()
    response = browser("superuser").get("/forgotten/")
    assert (response.status_code, problem(response)) == (403, "no-permission")


def test_a_name_alone_opens_nothing_under_another_address() -> None:
    def admins(route: str, name: str, *namespaces: str) -> ResolverMatch:
        return ResolverMatch(lambda: None, (), {}, name, namespaces=[*namespaces], route=route)

    assert rules.needed(admins("admin/x/", "account_login", "admin")) == rules.OPERATE
    assert rules.needed(admins("x/", "account_login", "x")) is None


def test_an_account_without_a_role_is_told_whom_to_ask_and_can_sign_out(settings: Any) -> None:
    settings.SUPPORT_CONTACT = "it@acme.example"
    page = soup(browser("roleless").get("/"))
    assert "Your account has no role yet" in page.get_text()
    assert "Ask it@acme.example for a role" in page.get_text()
    assert page.select_one("main form[action='/accounts/logout/'] button")


def test_another_role_is_told_what_it_may_not(settings: Any) -> None:
    settings.SUPPORT_CONTACT = "it@acme.example"
    words = soup(browser("auditor").get("/lookup")).get_text()
    assert "Your account may not look customers up" in words
    assert "Ask it@acme.example" in words
    assert "Your account may not change what the desk" in (
        soup(browser_of(account("vic")).get("/admin/")).get_text()
    )


def test_an_auditor_is_led_from_the_sign_in_to_the_record() -> None:
    assert browser("auditor").get("/")["Location"] == "/record/"


def test_rights_taken_away_are_gone_with_the_next_request() -> None:
    user = account()
    desk = browser_of(user)
    assert desk.get("/").status_code == 200
    user.groups.clear()
    assert refusal(desk.get("/")) == "no-role"


def test_the_rights_are_read_once_a_request() -> None:
    desk = browser("viewer")
    with CaptureQueriesContext(connection) as queries:
        desk.get("/")
    assert sum("auth_permission permission" in each["sql"] for each in queries) == 1


@pytest.mark.parametrize(
    ("name", "of"), [(rules.LOOK_UP, User), ("add_linktemplate", LinkTemplate)]
)
def test_a_permission_that_is_none_of_the_desks_own_is_no_role(name: str, of: type[Model]) -> None:
    kind = ContentType.objects.get_for_model(of)
    given, _ = Permission.objects.get_or_create(codename=name, content_type=kind)
    user = roleless()
    user.user_permissions.add(given)
    assert refusal(browser_of(user).get("/")) == "no-role"


def test_a_disabled_superuser_may_nothing() -> None:
    gone = User(is_superuser=True, is_active=False)
    assert not rules.rights(gone).may


@pytest.mark.parametrize("who", ["viewer", "operator", "superuser"])
def test_admin_is_in_the_header_of_those_who_may_go_there(who: str) -> None:
    desk = browser(who)
    links = [link["href"] for link in soup(desk.get("/")).select("header a[href]")]
    assert ("/admin/" in links) == (desk.get("/admin/").status_code == 200) == (who in OPERATES)
    assert "/help/" in links
