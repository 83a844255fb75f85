"""`manage.py prune_record --older-than 400d`: the only way by which rows leave the record.

It adds a row before the first one goes, without which the database's triggers let none go, and
another with their number at the end. When it is interrupted, start it again.
"""

import re
from argparse import ArgumentParser, ArgumentTypeError
from datetime import datetime, timedelta
from typing import Any

from django.core.management import BaseCommand
from django.db.models import QuerySet
from django.utils import timezone

from integrations_app.audit.events import Action, AuditEvent, note

BATCH = 1000


def days(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,4}d", text, re.ASCII):
        raise ArgumentTypeError("a number of days, such as 400d")
    return int(text[:-1])


class Command(BaseCommand):
    help = "Take rows out of the record that are older than a number of days. It says so there."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--older-than", type=days, required=True, help="such as 400d")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        limit = timezone.now() - timedelta(days=options["older_than"])
        said = f"older than {limit:%Y-%m-%d %H:%M:%S %Z}"
        note(None, Action.PRUNE, "begun", detail=said, pruned_before=limit)
        gone = 0
        while batch := _batch(limit):
            gone += batch
        note(None, Action.PRUNE, f"{gone} gone", detail=said)
        self.stdout.write(f"{gone:,} rows {said} are gone.")


def _batch(limit: datetime) -> int:
    old: QuerySet[AuditEvent] = QuerySet(AuditEvent).filter(at__lt=limit)
    ids = list(old.order_by("id").values_list("id", flat=True)[:BATCH])
    count, _ = old.filter(id__lte=ids[-1]).delete() if ids else (0, {})
    return count
