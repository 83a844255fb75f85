"""`manage.py tidy`: remove what nobody needs any more, but for the record. Once a day will do."""

from datetime import timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.management import BaseCommand, call_command
from django.utils import timezone

from integrations_app.models import IndexEntry, StiggCount, WrongLink
from integrations_app.operators.counts import MINUTES_KEPT, minute
from integrations_app.upstream.environments import configured

REPORTS_KEPT = timedelta(days=365)


class Command(BaseCommand):
    help = "Remove ended sessions, old counts and reports, and the index of environments gone."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        before = Session.objects.count()
        call_command("clearsessions")
        self._say("sessions", before - Session.objects.count())
        living = Session.objects.values("session_key")
        old = {
            "places of sessions": UserSession.objects.exclude(session_key__in=living),
            "index entries": IndexEntry.objects.exclude(environment__in=configured()),
            "counts": StiggCount.objects.filter(minute__lt=minute() - MINUTES_KEPT),
            "reports": WrongLink.objects.filter(at__lt=timezone.now() - REPORTS_KEPT),
        }
        for name, rows in old.items():
            count, _ = rows.delete()
            self._say(name, count)

    def _say(self, name: str, count: int) -> None:
        self.stdout.write(f"{name}: {count:,} removed")
