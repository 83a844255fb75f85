"""Sign-in by the company, against a real OpenID Provider on loopback."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
import time_machine
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from flask import Response
from pydantic import SecretStr

from integrations_app.models import AuditEvent
from tests.access import provider
from tests.access.people import LOGIN, is_signed_in
from tests.access.people import try_to_sign_in as attempt
from tests.access.provider import Provider, answer, path_of, query_of
from tests.accounts import PASSWORD, account
from tests.pages import problem

START = "/accounts/oidc/login/"
SECRET = "the-clients-own-secret"
ROLE_MAP = {"support": ["viewer"], "leads": ["viewer", "exporter"]}

pytestmark = pytest.mark.usefixtures("stigg", "db")


@pytest.fixture(scope="module")
def _running() -> Iterator[Provider]:
    with provider.running() as running:
        yield running


@pytest.fixture
def company(_running: Provider, settings: Any) -> Provider:
    """The provider, with one person, as the desk's settings name it."""
    cache.clear()
    _running.token_changes, _running.broken, _running.without = {}, {}, set()
    _running.asked.clear()
    _running.person()
    settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID = _running.issuer, "desk"
    settings.OIDC_CLIENT_SECRET = SecretStr(SECRET)
    settings.OIDC_ALLOWED_DOMAINS, settings.OIDC_ROLE_MAP = ["acme.example"], ROLE_MAP
    return _running


def begun(browser: Client, address: str = START) -> str:
    """Where the desk sends the browser."""
    response = browser.get(address)
    assert response.status_code == 302
    return str(response["Location"])


def signed_in(subject: str = "u-1", address: str = START) -> tuple[Client, Any]:
    """A browser that went to the provider and came back, and the answer it got."""
    browser = Client()
    return browser, browser.get(path_of(answer(begun(browser, address), subject)))


def roles(user: User) -> set[str]:
    return {group.name for group in user.groups.all()}


def test_it_signs_in_and_comes_back_to_the_same_place(company: Provider) -> None:
    browser, response = signed_in(address=f"{START}?next=/lookup%3Fq%3Dacme")
    assert (response.status_code, response["Location"]) == (302, "/lookup?q=acme")
    assert is_signed_in(browser)
    user = User.objects.get()
    assert (user.username, user.email, user.first_name) == ("mara@acme.example",) * 2 + ("Mara",)
    assert not user.has_usable_password()
    assert not user.is_staff
    assert (SocialAccount.objects.get().provider, SocialAccount.objects.get().uid) == (
        company.issuer,
        "u-1",
    )


def test_the_request_carries_state_nonce_and_a_challenge(company: Provider) -> None:
    browser = Client()
    query = query_of(begun(browser))
    assert query["code_challenge_method"] == "S256"
    assert all(len(query[name]) >= 32 for name in ("state", "nonce", "code_challenge"))
    assert query["redirect_uri"] == "http://testserver/accounts/oidc/callback/"
    signed_in()
    (asked,) = company.asked
    assert len(asked["code_verifier"]) >= 43
    assert asked["client_secret"] == SECRET


@pytest.mark.parametrize("address", [START, "/accounts/login/passkey/"])
def test_strangers_leave_no_sessions_behind_without_end(
    company: Provider, settings: Any, address: str
) -> None:
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"login": "2/m/ip"}
    script = {"X-Requested-With": "XMLHttpRequest"}  # it asks for a passkey's challenge
    answers = [Client().get(address, headers=script) for _ in range(5)]
    assert [answer.status_code for answer in answers[2:]] == [429] * 3
    assert Session.objects.count() == 2
    assert Client(REMOTE_ADDR="203.0.113.9").get(address, headers=script).status_code < 400


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_signs_nobody_in(company: Provider, site: str) -> None:
    response = Client().get(f"{START}?next=/help/", headers={"Sec-Fetch-Site": site})
    assert (response.status_code, response["Location"]) == (302, f"{LOGIN}?next=/help/")


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_a_click_here_and_an_address_that_is_typed_do(company: Provider, site: str) -> None:
    response = Client().get(START, headers={"Sec-Fetch-Site": site})
    assert response["Location"].startswith(company.issuer)


def test_a_link_changes_nothing_of_the_request(company: Provider) -> None:
    hostile = "auth_params=state%3Dx%26redirect_uri%3Dhttps%3A%2F%2Fevil.example&scope=admin"
    query = query_of(begun(Client(), f"{START}?process=connect&next=//evil.example&{hostile}"))
    assert query["redirect_uri"].startswith("http://testserver/")
    assert "admin" not in query["scope"]
    assert query["state"] != "x"
    _, response = signed_in(address=f"{START}?process=connect&next=//evil.example")
    assert response["Location"] == "/"


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "another-client"},
        {"iss": "https://evil.example"},
        {"exp": 1_700_000_000},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": "u-2"},
    ],
    ids=str,
)
def test_an_id_token_that_is_not_for_this_sign_in_opens_nothing(
    company: Provider, changed: dict[str, Any]
) -> None:
    company.token_changes = changed
    browser, response = signed_in()
    assert (response.status_code, problem(response)) == (401, "sign-in")
    assert not is_signed_in(browser)
    assert not User.objects.exists()


def test_an_answer_without_an_id_token_opens_nothing(company: Provider) -> None:
    company.without = {"id_token"}
    browser, response = signed_in()
    assert response.status_code == 401
    assert not is_signed_in(browser)


def test_an_id_token_opens_once(company: Provider) -> None:
    company.token_changes = {"jti": "one-and-the-same"}
    assert signed_in()[1].status_code == 302
    assert signed_in()[1].status_code == 401


def test_the_state_of_another_browser_opens_nothing(company: Provider) -> None:
    theirs = answer(begun(Client()))
    victim = Client()
    begun(victim)
    response = victim.get(path_of(theirs))
    assert (response.status_code, problem(response)) == (401, "sign-in")
    assert not is_signed_in(victim)
    assert company.asked == []


def test_a_code_opens_once(company: Provider) -> None:
    browser = Client()
    back = path_of(answer(begun(browser)))
    assert browser.get(back).status_code == 302
    replayed = Client()
    replayed.cookies = browser.cookies
    assert replayed.get(back).status_code == 401
    other = Client()
    state = query_of(begun(other))["state"]
    code = query_of(back)["code"]
    response = other.get(f"/accounts/oidc/callback/?code={code}&state={state}")
    assert response.status_code == 401
    assert not is_signed_in(other)


def test_a_sign_in_that_took_more_than_ten_minutes_opens_nothing(company: Provider) -> None:
    browser = Client()
    back = path_of(answer(begun(browser)))
    with time_machine.travel(timedelta(minutes=11)):
        response = browser.get(back)
        assert (response.status_code, problem(response)) == (401, "sign-in")
        assert not is_signed_in(browser)


def test_a_code_that_has_expired_opens_nothing(company: Provider) -> None:
    """The provider's answer to an expired code, a used one and one that it never gave."""
    browser = Client()
    state = query_of(begun(browser))["state"]
    response = browser.get(f"/accounts/oidc/callback/?code=expired&state={state}")
    assert (response.status_code, problem(response)) == (401, "sign-in")
    assert company.asked[0]["code"] == "expired"
    assert not is_signed_in(browser)


@pytest.mark.parametrize("claims", [{"email_verified": False}, {"email_verified": "no"}], ids=str)
def test_an_address_that_is_not_verified_opens_nothing(
    company: Provider, claims: dict[str, Any]
) -> None:
    company.person(**claims)
    browser, response = signed_in()
    assert response.status_code == 401
    assert b"Your e-mail address is not verified" in response.content
    assert not is_signed_in(browser)


@pytest.mark.parametrize(
    "odd",
    [["mara@acme.example"], "a@evil.example@acme.example", "\0@acme.example", "@acme.example"],
    ids=repr,
)
@pytest.mark.parametrize("domains", [[], ["acme.example"]])
def test_what_is_no_e_mail_address_opens_nothing(
    company: Provider, settings: Any, odd: object, domains: list[str]
) -> None:
    settings.OIDC_ALLOWED_DOMAINS = domains
    company.person(email=odd)
    _, response = signed_in()
    assert response.status_code == 401
    assert not User.objects.exists()


@pytest.mark.parametrize("domain", ["evil.example", "acme.example.evil.example", "notacme.example"])
def test_a_domain_that_is_not_allowed_opens_nothing(company: Provider, domain: str) -> None:
    company.person(email=f"mara@{domain}")
    browser, response = signed_in()
    assert response.status_code == 401
    assert b"not of this company" in response.content
    assert not is_signed_in(browser)


def test_roles_are_those_of_todays_groups(company: Provider) -> None:
    Group.objects.create(name="a group of the operator's own")
    signed_in()
    user = User.objects.get()
    user.groups.add(Group.objects.get(name="a group of the operator's own"))
    company.person(groups=["leads", "something else", {"odd": 1}])
    signed_in()
    assert roles(user) == {"viewer", "exporter", "a group of the operator's own"}
    company.person(groups="support")
    signed_in()
    assert roles(user) == {"viewer", "a group of the operator's own"}


def test_a_group_gone_since_yesterday_takes_the_role_away(company: Provider) -> None:
    browser, _ = signed_in()
    assert is_signed_in(browser)
    company.person(groups=[])
    browser, response = signed_in()
    assert (response.status_code, problem(response)) == (403, "no-role")
    assert not is_signed_in(browser)
    assert roles(User.objects.get()) == set()


def test_a_new_account_without_a_role_is_told_whom_to_ask(company: Provider, settings: Any) -> None:
    settings.SUPPORT_CONTACT = "it@acme.example"
    company.person(groups=["strangers"])
    browser, response = signed_in()
    assert (response.status_code, problem(response)) == (403, "no-role")
    assert "Ask it@acme.example" in response.content.decode()
    assert not is_signed_in(browser)
    assert User.objects.count() == 1
    assert not [*browser.session.keys()]


def test_without_a_map_roles_are_given_by_hand_and_stay(company: Provider, settings: Any) -> None:
    settings.OIDC_ROLE_MAP = {}
    assert problem(signed_in()[1]) == "no-role"
    User.objects.get().groups.add(Group.objects.get(name="viewer"))
    assert is_signed_in(signed_in()[0])
    assert is_signed_in(signed_in()[0])


def test_an_address_that_a_local_account_has_does_not_open_that(company: Provider) -> None:
    local = account("mara@acme.example", email="mara@acme.example", is_superuser=True)
    browser, _ = signed_in()
    assert is_signed_in(browser)
    company_account = SocialAccount.objects.get().user
    assert company_account.pk != local.pk
    assert not company_account.is_superuser
    assert company_account.username != local.username


def test_the_same_subject_of_another_issuer_is_somebody_else(
    company: Provider, settings: Any
) -> None:
    signed_in()
    with provider.running() as other:
        other.person(email="eve@acme.example")
        settings.OIDC_ISSUER = other.issuer
        signed_in()
    assert SocialAccount.objects.count() == User.objects.count() == 2


def test_a_disabled_account_stays_out(company: Provider) -> None:
    signed_in()
    User.objects.update(is_active=False)
    browser, response = signed_in()
    assert response["Location"] == "/accounts/disabled/"
    assert not is_signed_in(browser)


def test_an_account_of_the_company_has_no_other_door(company: Provider) -> None:
    signed_in()
    user = User.objects.get()
    user.set_password(PASSWORD)
    user.save()
    browser = Client()
    response = attempt(browser, user.username)
    assert (response.status_code, problem(response)) == (403, "company")
    assert not is_signed_in(browser)


def test_refusing_at_the_provider_is_no_error(company: Provider) -> None:
    browser = Client()
    state = query_of(begun(browser))["state"]
    back = browser.get(f"/accounts/oidc/callback/?error=access_denied&state={state}", follow=True)
    assert (back.status_code, problem(back)) == (200, "cancelled")


@pytest.mark.parametrize(
    ("path", "broken"),
    [
        ("/.well-known/openid-configuration", Response("down", 500)),
        ("/.well-known/openid-configuration", Response("[]", content_type="application/json")),
        ("/.well-known/openid-configuration", Response("<html>")),
        ("/userinfo", Response("null", content_type="application/json")),
        ("/userinfo", Response(status=302, headers={"Location": "http://127.0.0.1:1/"})),
        ("/oauth2/token", Response(status=302, headers={"Location": "http://127.0.0.1:1/"})),
        ("/oauth2/token", Response("{}", content_type="application/json")),
    ],
    ids=str,
)
def test_a_provider_that_talks_nonsense_gets_a_page_like_any_other(
    company: Provider, path: str, broken: Response, caplog: pytest.LogCaptureFixture
) -> None:
    browser = Client()
    back = path_of(answer(begun(browser)))
    company.broken = {path: broken}
    response = browser.get(back)
    assert response.status_code in {401, 503}
    assert problem(response) == "sign-in"
    assert not is_signed_in(browser)
    assert not User.objects.exists()
    assert SECRET not in caplog.text + response.content.decode()


def test_the_clients_secret_follows_no_redirect(company: Provider) -> None:
    browser = Client()
    back = path_of(answer(begun(browser)))
    with provider.running() as other:
        elsewhere = {"Location": f"{other.issuer}/oauth2/token"}
        company.broken = {"/oauth2/token": Response(status=307, headers=elsewhere)}
        assert problem(browser.get(back)) == "sign-in"
        assert other.asked == []
    assert [asked["client_secret"] for asked in company.asked] == [SECRET]


def test_a_discovery_that_names_another_issuer_opens_nothing(company: Provider) -> None:
    browser = Client()
    back = path_of(answer(begun(browser)))
    found = requests.get(f"{company.issuer}/.well-known/openid-configuration", timeout=5).json()
    found["issuer"] = company.token_changes["iss"] = "https://evil.example"
    discovery = Response(json.dumps(found), content_type="application/json")
    company.broken = {"/.well-known/openid-configuration": discovery}
    assert browser.get(back).status_code == 401
    assert not is_signed_in(browser)


def test_a_provider_that_is_down_is_said_to_be(company: Provider, settings: Any) -> None:
    settings.OIDC_ISSUER = "http://127.0.0.1:1"
    response = Client().get(START)
    assert (response.status_code, problem(response)) == (503, "sign-in")
    assert b"does not answer" in response.content


def test_failures_are_logged_without_what_the_provider_said(
    company: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    company.person(email="somebody@evil.example")
    with caplog.at_level(logging.INFO):
        signed_in()
    (record,) = [r for r in caplog.records if r.name.startswith("integrations_app.access")]
    assert (record.getMessage(), record.detail) == ("sign-in failed", "domain")  # type: ignore[attr-defined]
    assert "evil.example" not in caplog.text


def test_what_the_provider_says_of_a_refusal_is_not_logged(
    company: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    browser = Client()
    back = path_of(answer(begun(browser)))
    words = Response('{"error": "of mara@acme.example"}', 400, content_type="application/json")
    company.broken = {"/oauth2/token": words}
    assert problem(browser.get(back)) == "sign-in"
    logged = [vars(line) for line in caplog.records if line.name != "oidc_provider_mock"]
    assert [each["detail"] for each in logged if "detail" in each] == ["OAuth2Error"]
    assert [each["name"] for each in logged if "mara@" in str(each)] == []


def test_without_a_company_there_is_no_such_door(client: Client) -> None:
    assert client.get(START).status_code == 404
    assert client.get("/accounts/oidc/callback/?code=x&state=y").status_code == 404
    assert b"Sign in with the company" not in client.get(LOGIN).content


def test_both_ways_are_shown_and_the_company_first(company: Provider, client: Client) -> None:
    page = client.get(f"{LOGIN}?next=/lookup%3Fq%3Dacme").content.decode()
    assert page.index(f"{START}?next=/lookup%3Fq%3Dacme") < page.index('name="password"')


class TestOnlyTheCompany:
    pytestmark = pytest.mark.usefixtures("company")

    @pytest.fixture(autouse=True)
    def _only(self, company: Provider, settings: Any) -> None:  # noqa: ARG002 - it comes first
        settings.OIDC_ONLY = True

    def test_no_password_is_asked_for(self, client: Client) -> None:
        page = client.get(LOGIN).content.decode()
        assert "Sign in with the company" in page
        assert "password" not in page
        assert "passkey" not in page

    def test_a_password_opens_nothing(self) -> None:
        account(is_superuser=True)
        browser = Client()
        response = attempt(browser)
        assert (response.status_code, problem(response)) == (403, "company")
        assert not is_signed_in(browser)

    def test_the_company_opens(self) -> None:
        assert is_signed_in(signed_in()[0])

    def test_behind_the_glass_is_one_account_with_a_password(
        self, client: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        password = broken_glass("rescue")
        assert 'name="password"' in client.get(f"{LOGIN}?local").content.decode()
        browser = Client()
        attempt(browser, "rescue", password)
        assert browser.get("/admin/").status_code == 200
        assert password not in caplog.text

    def test_breaking_it_again_closes_it_to_everybody_before(self) -> None:
        first = broken_glass("rescue")
        before = Client()
        attempt(before, "rescue", first)
        second = broken_glass("another")
        assert not is_signed_in(before)
        for name, password, opens in [("rescue", first, False), ("another", second, True)]:
            browser = Client()
            attempt(browser, name, password)
            assert is_signed_in(browser) is opens


def broken_glass(name: str) -> str:
    out = io.StringIO()
    call_command("break_glass", name, stdout=out)
    return out.getvalue().split()[-1]


def test_an_account_of_the_company_ends_its_other_sessions(company: Provider) -> None:
    here, elsewhere = signed_in()[0], signed_in()[0]
    assert here.post("/accounts/sessions/").status_code == 302
    assert [is_signed_in(browser) for browser in (here, elsewhere)] == [True, False]


def test_breaking_the_glass_is_on_record(caplog: pytest.LogCaptureFixture) -> None:
    password = broken_glass("rescue")
    event = AuditEvent.objects.get(action="break-glass")
    assert (event.user, event.action, event.outcome) == ("rescue", "break-glass", "made")
    assert ("glass broken", "WARNING") in [(r.message, r.levelname) for r in caplog.records]
    assert password not in caplog.text


def test_the_glass_is_not_broken_over_somebodys_account() -> None:
    account()
    with pytest.raises(CommandError, match="mara is an account already"):
        call_command("break_glass", "mara")
    assert User.objects.get().check_password(PASSWORD)
