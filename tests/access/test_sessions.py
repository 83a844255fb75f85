"""When a session ends, what the page then says, and who can end it."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from integrations_app.own.models import Preferences
from tests.access.people import LOGIN, is_signed_in, said, signed_in
from tests.accounts import PASSWORD, account
from tests.pages import HTMX, element

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
IN_PAGE = HTMX | {"HX-Current-URL": "http://testserver/lookup?q=acme"}

pytestmark = pytest.mark.usefixtures("stigg", "db")


def after_sign_in(minutes: float, *, used_every: int = 0) -> Client:
    """A browser whose sign-in was so long ago, and that was used in between."""
    with time_machine.travel(NOON, tick=False) as clock:
        account()
        browser = signed_in()
        passed = 0
        while used_every and passed + used_every <= minutes:
            clock.shift(used_every * 60)
            passed += used_every
            assert is_signed_in(browser)
    return browser


def at(minutes: float) -> Any:
    return time_machine.travel(NOON + timedelta(minutes=minutes), tick=False)


@pytest.mark.parametrize(("minutes", "lasts"), [(119, True), (121, False)])
def test_an_unused_session_ends_after_two_hours(minutes: int, lasts: bool) -> None:
    browser = after_sign_in(0)
    with at(minutes):
        assert is_signed_in(browser) is lasts


def test_the_operator_says_how_long(settings: Any) -> None:
    settings.SESSION_IDLE_MINUTES = 30
    browser = after_sign_in(0)
    with at(31):
        assert not is_signed_in(browser)


@pytest.mark.parametrize(("minutes", "lasts"), [(8 * 60 - 1, True), (8 * 60 + 1, False)])
def test_use_does_not_prolong_a_working_day(minutes: int, lasts: bool) -> None:
    browser = after_sign_in(7 * 60 + 40, used_every=20)
    with at(minutes):
        assert is_signed_in(browser) is lasts


@pytest.mark.parametrize(
    ("minutes", "used_every", "because", "words"),
    [(121, 0, "idle", "not used for a while"), (8 * 60 + 1, 60, "limit", "a working day")],
)
def test_it_says_why_and_comes_back_to_the_same_place(
    minutes: int, used_every: int, because: str, words: str
) -> None:
    browser = after_sign_in(8 * 60 if used_every else 0, used_every=used_every)
    with at(minutes):
        response = browser.get("/lookup?q=acme")
        assert response["Location"] == f"{LOGIN}?because={because}&next=/lookup%3Fq%3Dacme"
        shown = browser.get(response["Location"])
        assert words in said(shown)
        form = {"login": "mara", "password": PASSWORD, "next": "/lookup?q=acme"}
        assert browser.post(response["Location"], form)["Location"] == "/lookup?q=acme"


def test_a_fragment_leads_to_the_sign_in_of_its_page() -> None:
    browser = after_sign_in(0)
    with at(121):
        response = browser.get("/lookup/suggestions/?q=acme", headers=IN_PAGE)
    assert response.status_code == 401
    assert response["HX-Redirect"] == f"{LOGIN}?because=idle&next=/lookup%3Fq%3Dacme"


def test_an_ended_session_is_gone_from_the_database() -> None:
    browser = after_sign_in(0)
    with at(121):
        browser.get("/")
    assert not Session.objects.exists()


def test_a_new_password_ends_all_other_sessions() -> None:
    account()
    here, elsewhere = signed_in(), signed_in()
    before = here.session.session_key
    new = {"password1": "another long enough one", "password2": "another long enough one"}
    response = here.post("/accounts/password/", {"oldpassword": PASSWORD, **new})
    assert response.status_code == 302
    assert here.session.session_key != before
    assert is_signed_in(here)
    response = elsewhere.get("/")
    assert response["Location"] == f"{LOGIN}?because=ended&next=/"
    assert "Your session has ended" in said(elsewhere.get(response["Location"]))


def test_a_new_password_takes_the_old_one_and_holds_to_the_rules() -> None:
    account()
    browser = signed_in()
    for old, new in [("wrong", "another long enough one"), (PASSWORD, "short"), (PASSWORD, "mara")]:
        form = {"oldpassword": old, "password1": new, "password2": new}
        assert browser.post("/accounts/password/", form).status_code == 200
    assert User.objects.get().check_password(PASSWORD)


@pytest.mark.parametrize("password", [PASSWORD, "a wrong one"])
def test_confirming_who_one_is_gives_the_session_a_new_key(password: str) -> None:
    account()
    browser = signed_in()
    before = browser.session.session_key
    browser.post("/accounts/confirm/", {"password": password})
    kept = browser.session.session_key == before
    assert kept is (password != PASSWORD)
    assert Session.objects.filter(session_key=before).exists() is kept
    assert "This browser" in browser.get("/accounts/sessions/").content.decode()


@pytest.mark.parametrize(
    ("password", "may"),
    [
        ("IntegrationsDesk2026", False),
        ("stigg-support-123", False),
        ("password.password", False),
        ("my desk faces the harbour", True),
        ("é" * 64, True),
    ],
)
def test_words_of_the_desk_make_no_password_longer(password: str, may: bool) -> None:
    account()
    form = {"oldpassword": PASSWORD, "password1": password, "password2": password}
    signed_in().post("/accounts/password/", form)
    assert User.objects.get().check_password(password) is may


@pytest.mark.parametrize("by", ["save", "update"])
def test_disabling_an_account_ends_its_sessions_for_good(by: str) -> None:
    mara = account()
    browser = signed_in()
    if by == "save":
        mara.is_active = False
        mara.save()
    else:
        User.objects.update(is_active=False)
    assert browser.get("/").status_code == 302
    User.objects.update(is_active=True)
    assert not is_signed_in(browser)


def test_enabling_an_account_does_not_bring_back_a_session_that_was_not_used() -> None:
    mara = account()
    browser = signed_in()
    mara.is_active = False
    mara.save()
    User.objects.update(is_active=True)
    assert not is_signed_in(browser)


def test_one_sees_ones_own_sessions_and_ends_the_others() -> None:
    account()
    account("ines")
    here, elsewhere, of_ines = signed_in(), signed_in(REMOTE_ADDR="203.0.113.5"), signed_in("ines")
    page = here.get("/accounts/sessions/").content.decode()
    assert page.count("Another browser") == page.count("This browser") == 1
    assert "203.0.113.5" in page
    asked = here.post("/accounts/sessions/")["Location"]
    assert asked.startswith("/accounts/confirm/")
    assert is_signed_in(elsewhere)
    here.post(asked, {"password": PASSWORD, "next": "/accounts/sessions/"})
    assert [is_signed_in(browser) for browser in (here, elsewhere, of_ines)] == [True, False, True]
    assert "Another browser" not in here.get("/accounts/sessions/").content.decode()


def test_sessions_are_told_in_ones_own_time_zone() -> None:
    Preferences.objects.create(user=account(), time_zone="Asia/Kolkata")
    with time_machine.travel(NOON, tick=False):
        sessions = element(signed_in().get("/accounts/sessions/"), ".sessions").get_text()
    assert "Since 2 Nov 2026 17:30 IST" in sessions
    assert "(2 Nov 17:30 IST)" in sessions


def test_the_operator_signs_somebody_out_everywhere() -> None:
    account()
    account("ines")
    browsers = [signed_in(), signed_in(), signed_in("ines")]
    out = io.StringIO()
    call_command("sign_out", "mara", stdout=out)
    assert out.getvalue() == "mara: 2 sessions ended.\n"
    assert [is_signed_in(browser) for browser in browsers] == [False, False, True]
    with pytest.raises(CommandError, match="no account named nobody"):
        call_command("sign_out", "nobody")


def test_a_page_costs_four_reads_and_a_note_of_use_once_a_minute() -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        account()
        browser = signed_in()
        costs = []
        for seconds in (10, 10, 60, 10):
            clock.shift(seconds)
            with CaptureQueriesContext(connection) as queries:
                browser.get("/lookup")
            costs.append([query["sql"].split()[0] for query in queries])
        assert UserSession.objects.get().last_seen_at == NOON + timedelta(seconds=80)
    plain = ["SELECT"] * 4  # session, account, preferences, rights
    assert costs[0] == costs[1] == costs[3] == plain
    assert costs[2][:4] == ["SELECT", "SELECT", "UPDATE", "SELECT"]
    assert costs[2].count("UPDATE") == 2
