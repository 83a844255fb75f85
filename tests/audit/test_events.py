"""What goes on record, by whom, and what happens when it cannot."""

import io
import logging
import re
from collections.abc import Sequence

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission, User
from django.core.cache import cache
from django.core.management import call_command
from django.db import DataError, transaction
from django.db.models import QuerySet
from django.test import Client, override_settings

from integrations_app.audit.events import AuditEvent, NotRecorded
from integrations_app.models import TrustedHost
from integrations_app.simulator import Simulator
from tests.access.people import is_signed_in, signed_in, try_to_sign_in
from tests.accounts import PASSWORD, roleless
from tests.pages import HTMX, element, page, problem

OPENED = page("acme-corp", part="opened/")
ROWS = {**HTMX, "HX-Target": "results"}


def kept(*fields: str) -> Sequence[tuple[object, ...]]:
    return list(AuditEvent.objects.order_by("id").values_list(*fields))


def test_an_event_says_who_from_where_and_in_which_request(agent: Client) -> None:
    response = agent.get(page("acme-corp"), REMOTE_ADDR="192.0.2.7")
    event = AuditEvent.objects.get()
    assert (event.user, event.user_id) == ("mara", User.objects.get().pk)
    assert (event.address, event.request_id) == ("192.0.2.7", response["X-Request-ID"])


def test_a_page_of_the_list_says_which(agent: Client) -> None:
    agent.get(page("acme-corp", "?vendor=STRIPE&limit=50", part="results/"), headers=HTMX)
    assert kept("action", "outcome", "detail") == [("page", "shown", "?vendor=STRIPE&limit=50")]


def test_suggestions_are_a_look_at_customers(agent: Client) -> None:
    agent.get("/lookup/suggestions/?q=meridian", headers=HTMX)
    agent.get("/lookup/suggestions/?q=nobody-at-all", headers=HTMX)
    (found, none) = kept("action", "query", "outcome")
    assert found[:2] == ("suggest", "meridian")
    assert int(str(found[2])) > 0
    assert none == ("suggest", "nobody-at-all", "0")


# --- links ----------------------------------------------------------------------------------------


def test_a_link_that_was_opened_is_told_by_the_page(agent: Client) -> None:
    response = agent.post(OPENED, {"integration": "integration-1"})
    assert (response.status_code, response.content) == (204, b"")
    fields = ("action", "environment", "customer_id", "detail", "outcome")
    assert kept(*fields) == [("link", "production", "acme-corp", "integration-1", "opened")]


@pytest.mark.parametrize(
    ("address", "integration", "status"),
    [
        (OPENED, "x" * 256, 400),
        (page("a/b", part="opened/"), "integration-1", 400),
        (page("acme-corp", environment="nowhere", part="opened/"), "integration-1", 404),
    ],
)
def test_what_no_page_sends_is_not_kept(
    agent: Client, address: str, integration: str, status: int
) -> None:
    assert agent.post(address, {"integration": integration}).status_code == status
    assert kept() == []


def test_another_site_cannot_say_that_a_link_was_opened(agent: Client) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.cookies = agent.cookies
    assert browser.post(OPENED, {"integration": "integration-1"}).status_code == 403
    assert agent.get(OPENED).status_code == 405
    assert kept() == []


def test_a_report_is_on_record(agent: Client) -> None:
    details = element(agent.get(page("acme-corp")), "tr:has(a.open) a.details")
    agent.post(str(details["href"]))
    *_, (action, customer_id, detail) = kept("action", "customer_id", "detail")
    assert (action, customer_id) == ("report", "acme-corp")
    assert re.fullmatch("STRIPE integration-[0-9a-f]+ dashboard.stripe.com", str(detail))


def test_what_operators_change_in_admin_is_on_record(admin_client: Client) -> None:
    host = {"vendor_identifier": "ZUORA", "environment": "staging", "domain": "z.example.com"}
    add = "/admin/integrations_app/trustedhost/"
    QuerySet(AuditEvent).delete()  # the sign-in
    admin_client.post(f"{add}add/", host)
    key = TrustedHost.objects.get().pk
    admin_client.post(f"{add}{key}/change/", host | {"domain": "y.example.com"})
    admin_client.post(add, {"action": "delete_selected", "_selected_action": key, "post": "yes"})
    assert kept("user", "action", "environment", "outcome", "detail") == [
        ("admin", "link-settings", "staging", "added", "ZUORA: z.example.com"),
        ("admin", "link-settings", "staging", "changed", "ZUORA: y.example.com"),
        ("admin", "link-settings", "staging", "deleted", "ZUORA: y.example.com"),
    ]


# --- accounts -------------------------------------------------------------------------------------


@pytest.fixture
def _fresh(db: None) -> None:
    cache.clear()


@pytest.mark.usefixtures("_fresh")
def test_signing_in_failing_and_being_locked_out_are_on_record() -> None:
    roleless()
    browser = Client()
    for _ in range(8):
        try_to_sign_in(browser, password="wrong")
    cache.clear()
    signed_in()
    assert kept("user", "action", "outcome") == [
        *[("mara", "sign-in-failed", "password")] * 5,
        ("mara", "lock-out", "locked"),  # once, however often somebody goes on
        ("mara", "sign-in", "signed-in"),
    ]


@pytest.mark.usefixtures("_fresh")
def test_a_password_in_the_wrong_box_is_not_kept() -> None:
    try_to_sign_in(Client(), "hunter2 hunter2", "mara")
    assert kept("user", "user_id", "detail") == [("", None, "")]


@pytest.mark.usefixtures("_fresh")
@override_settings(OIDC_ISSUER="https://id.example.com", OIDC_CLIENT_ID="desk")
@pytest.mark.sqlite
def test_anybody_can_fail_at_the_companys_sign_in_but_not_fill_the_record() -> None:
    with time_machine.travel("2026-11-02 12:00Z", tick=False) as clock:
        for _ in range(20):
            Client().get("/accounts/oidc/callback/?error=access_denied&state=none")
        clock.shift(3)
        Client().get("/accounts/oidc/callback/?error=access_denied&state=none")
    assert kept("user", "action", "outcome") == [("", "sign-in-failed", "company")] * 2


@pytest.mark.usefixtures("_fresh")
def test_roles_given_and_taken_are_on_record_with_who_did_it(admin_client: Client) -> None:
    QuerySet(AuditEvent).delete()  # the sign-in
    mara, group = roleless(), Group.objects.create(name="keeper")
    form = {
        "username": "mara",
        "is_active": "on",
        "groups": str(group.pk),
        "date_joined_0": "2026-11-25",
        "date_joined_1": "12:00:00",
        "environment_limits-TOTAL_FORMS": "1",
        "environment_limits-INITIAL_FORMS": "0",
        "environment_limits-0-environment": "staging",
        "environment_limits-0-user": str(mara.pk),
    }
    assert admin_client.post(f"/admin/auth/user/{mara.pk}/change/", form).status_code == 302
    group.user_set.remove(mara)
    mara.groups.add(group)
    mara.groups.clear()
    mara.environment_limits.all().delete()
    assert kept("user", "action", "outcome", "detail") == [
        ("admin", "role", "given", "mara: keeper"),
        ("admin", "role", "limited", "mara: staging"),
        ("", "role", "taken", "mara: keeper"),
        ("", "role", "given", "mara: keeper"),
        ("", "role", "all-taken", "mara: keeper"),
        ("", "role", "limit-taken", "mara: staging"),
    ]


@pytest.mark.usefixtures("_fresh")
def test_who_becomes_a_superuser_is_on_record() -> None:
    mara = roleless()
    for is_superuser in (True, True, False):
        mara.is_superuser = is_superuser
        mara.save()
    mara.save(update_fields=["last_login"])
    User.objects.create_superuser("olga")
    assert kept("action", "outcome", "detail") == [
        ("role", "superuser", "mara"),
        ("role", "superuser-no-more", "mara"),
        ("role", "superuser", "olga"),
    ]


@pytest.mark.usefixtures("_fresh")
def test_sessions_that_somebody_ends_are_on_record() -> None:
    account = roleless()
    signed_in()
    browser = signed_in()
    EmailAddress.objects.all().delete()
    confirm = browser.post("/accounts/sessions/")["Location"]
    browser.post(confirm, {"password": PASSWORD, "next": "/accounts/sessions/"})
    call_command("sign_out", "mara")
    signed_in()
    account.is_active = False
    account.save()
    rows = kept("action", "user", "outcome", "detail")
    assert [row for row in rows if row[0] == "sessions-ended"] == [
        ("sessions-ended", "mara", "others", ""),
        ("sessions-ended", "", "command", "mara"),
        ("sessions-ended", "", "disabled", "mara"),
    ]


@pytest.mark.usefixtures("_fresh")
def test_what_is_done_to_an_account_is_on_record_with_who_did_it(admin_client: Client) -> None:
    mara = roleless()
    new = "another long enough one"
    form = {"password1": new, "password2": new, "usable_password": "true"}
    admin_client.post(f"/admin/auth/user/{mara.pk}/password/", form)
    mara.refresh_from_db()
    for mara.is_active in (False, False, True):
        mara.save()
    call_command("sign_out", "mara", "--forget-second-factor", stdout=io.StringIO())
    admin_client.post(f"/admin/auth/user/{mara.pk}/delete/", {"post": "yes"})
    rows = kept("action", "user", "outcome", "detail")
    assert [row[1:] for row in rows if row[0] == "account"] == [
        ("admin", "password", "mara"),
        ("", "disabled", "mara"),
        ("", "enabled", "mara"),
        ("", "second-factor-forgotten", "mara"),
        ("admin", "deleted", "mara"),
    ]


# --- when it cannot be written --------------------------------------------------------------------


@pytest.fixture
def _unwritable(agent: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(event: AuditEvent) -> None:
        raise DataError(f"Failing row contains ({event.query}, {event.customer_id})")

    monkeypatch.setattr(AuditEvent, "save", fail)


@pytest.mark.usefixtures("_unwritable")
@pytest.mark.parametrize(
    "address",
    [page("acme-corp"), "/lookup?q=ops@acme.example", "/lookup?q=shared@twins.example"],
)
def test_nothing_is_shown_that_is_not_on_record(
    agent: Client, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    agent.raise_request_exception = False
    response = agent.get(address)
    assert (response.status_code, problem(response)) == (503, "database")
    assert "only when it can record that" in response.content.decode()
    assert "Acme Inc." not in response.content.decode()
    assert "acme" not in caplog.text


@pytest.mark.usefixtures("_unwritable")
def test_the_rows_of_an_open_page_give_way_to_the_reason(agent: Client) -> None:
    agent.raise_request_exception = False
    response = agent.get(page("acme-corp", part="results/"), headers=ROWS)
    assert response.status_code == 503
    place = element(response, "section#results [data-problem=database]")
    assert "only when it can record that" in place.get_text()
    assert b"<html" not in response.content


@pytest.mark.usefixtures("_unwritable")
def test_no_suggestion_is_shown_that_is_not_on_record(agent: Client) -> None:
    agent.raise_request_exception = False
    response = agent.get("/lookup/suggestions/?q=meridian", headers=HTMX)
    assert response.status_code == 503
    assert b"eridian" not in response.content


@pytest.mark.usefixtures("_unwritable")
@override_settings(RECORD_STRICT=False)
def test_without_strictness_the_page_comes_and_the_log_says_what_is_missing(
    agent: Client, stigg: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    response = agent.get(page("acme-corp"))
    assert response.status_code == 200
    assert "Acme Inc." in response.content.decode()
    (line,) = [record for record in caplog.records if record.message == "not recorded"]
    said = {name: getattr(line, name) for name in ("action", "account", "environment", "outcome")}
    assert said == {
        "action": "view",
        "account": User.objects.get().pk,
        "environment": "production",
        "outcome": "shown",
    }
    assert line.levelno == logging.ERROR
    assert "acme" not in caplog.text.lower()


@pytest.mark.usefixtures("_unwritable")
def test_a_right_that_cannot_be_recorded_is_not_given() -> None:
    mara, group = User.objects.get(), Group.objects.create(name="keeper")
    with pytest.raises(NotRecorded), transaction.atomic():
        mara.groups.add(group)
    assert group not in mara.groups.all()


@pytest.mark.usefixtures("_fresh")
def test_a_sign_in_that_cannot_be_recorded_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(event: AuditEvent) -> None:
        raise DataError(event.user)

    roleless()
    browser = Client(raise_request_exception=False)
    with monkeypatch.context() as broken:
        broken.setattr(AuditEvent, "save", fail)
        assert try_to_sign_in(browser).status_code == 503
    assert not is_signed_in(browser)


@pytest.mark.usefixtures("_fresh")
def test_what_a_role_may_is_on_record_when_it_changes() -> None:
    role, export = Group.objects.get(name="viewer"), Permission.objects.get(codename="export")
    role.permissions.add(export)
    roleless().user_permissions.add(export)
    role.permissions.clear()
    role.delete()
    assert kept("action", "outcome", "detail") == [
        ("role", "given", "viewer: export"),
        ("role", "given", "mara: export"),
        ("role", "all-taken", "viewer: look_up, export"),
        ("role", "deleted", "viewer"),
    ]


@pytest.mark.usefixtures("_fresh")
def test_ones_own_new_password_is_on_record_and_a_better_hash_of_the_old_one_is_not() -> None:
    mara = roleless()
    mara.password = make_password(PASSWORD, "a")  # a salt as short as none is now
    User.objects.update(password=mara.password)
    browser = signed_in()
    assert User.objects.get().password != mara.password
    new = "another long enough one"
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    browser.post("/accounts/password/", form)
    rows = kept("action", "user", "outcome", "detail")
    assert [row[1:] for row in rows if row[0] == "account"] == [("mara", "password", "mara")]
