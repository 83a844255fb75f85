"""`manage.py forget_index`: empty the index of vendors' records."""

from typing import Any

from django.core.management import BaseCommand

from integrations_app.index.models import IndexEntry


class Command(BaseCommand):
    help = "Empty the index of vendors' records. Pages fill it again, as does index_customers."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        count, _ = IndexEntry.objects.all().delete()
        self.stdout.write(f"{count:,} entries forgotten.")
