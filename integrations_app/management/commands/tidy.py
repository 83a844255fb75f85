"""`manage.py tidy`: remove what nobody needs any more, but for the record. Once a day will do."""

from datetime import timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.management import BaseCommand, call_command
from django.utils import timezone

from integrations_app.models import IndexEntry, WrongLink
from integrations_app.upstream.environments import configured

REPORTS_KEPT = timedelta(days=365)


class Command(BaseCommand):
    help = "Remove ended sessions, index entries of environments that are gone, and old reports."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        before = Session.objects.count()
        call_command("clearsessions")
        self._say("sessions", before - Session.objects.count())
        living = Session.objects.values("session_key")
        old = {
            "places of sessions": UserSession.objects.exclude(session_key__in=living),
            "index entries": IndexEntry.objects.exclude(environment__in=configured()),
            "reports": WrongLink.objects.filter(at__lt=timezone.now() - REPORTS_KEPT),
        }
        for name, rows in old.items():
            count, _ = rows.delete()
            self._say(name, count)

    def _say(self, name: str, count: int) -> None:
        self.stdout.write(f"{name}: {count:,} removed")
