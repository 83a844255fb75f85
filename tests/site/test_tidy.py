"""`manage.py tidy`: what has ended goes, what is in use and the record stay."""

from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from integrations_app.models import AuditEvent, IndexEntry, WrongLink

OPEN = "/production/customers/acme-corp/integrations/"


def tidied() -> str:
    said = StringIO()
    call_command("tidy", stdout=said)
    return said.getvalue()


def test_an_ended_session_goes_and_a_living_one_stays(agent: Client) -> None:
    agent.get("/")
    living = agent.session.session_key
    user = agent.session["_auth_user_id"]
    UserSession.objects.get_or_create(session_key=living, user_id=user, defaults={"ip": "::1"})
    UserSession.objects.create(session_key="ended", user_id=user, ip="::1")
    yesterday = timezone.now() - timedelta(days=1)
    Session.objects.create(session_key="ended", session_data="", expire_date=yesterday)
    said = tidied()
    assert "sessions: 1 removed" in said
    assert [*Session.objects.values_list("session_key", flat=True)] == [living]
    assert [*UserSession.objects.values_list("session_key", flat=True)] == [living]


@pytest.mark.django_db
def test_the_index_keeps_to_environments_that_there_are(stigg: object) -> None:
    for environment in ("production", "closed-last-year"):
        IndexEntry.objects.create(environment=environment, digest=b"1" * 16, customer_id="acme")
    assert "index entries: 1 removed" in tidied()
    assert IndexEntry.objects.get().environment == "production"


@pytest.mark.django_db
def test_reports_are_kept_for_a_year(stigg: object) -> None:
    for days in (1, 364, 366):
        WrongLink.objects.create(at=timezone.now() - timedelta(days=days), user="mara")
    assert "reports: 1 removed" in tidied()
    assert WrongLink.objects.count() == 2


def test_the_record_stays(agent: Client) -> None:
    agent.get(OPEN)
    before = AuditEvent.objects.count()
    with time_machine.travel(timezone.now() + timedelta(days=10_000)):
        tidied()
    assert AuditEvent.objects.count() == before > 0
