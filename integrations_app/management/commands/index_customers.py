"""`manage.py index_customers`: fill the index of vendors' records from Stigg. Optional."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from integrations_app.index.walk import Progress, walk
from integrations_app.stigg import StiggError
from integrations_app.stigg.graphql import count_customers
from integrations_app.upstream.environments import Environment, configured


class Command(BaseCommand):
    help = "Walk all customers at Stigg, so that each is found by every vendor's id that it has."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--environment", help="One environment; without it all of them.")
        parser.add_argument("--after", help="Go on where an earlier run stopped; it said where.")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        known = configured()
        only, after = options["environment"], options["after"]
        if only and only not in known:
            raise CommandError(f"There is no environment {only}. There is: {', '.join(known)}.")
        if after and not only:
            raise CommandError("--after belongs to one environment: name it with --environment.")
        for environment in [known[only]] if only else known.values():
            self._index(environment, after)

    def _index(self, environment: Environment, after: str | None) -> None:
        total = _count(environment)
        cursor = after
        try:
            for progress in walk(environment, after):
                cursor = progress.cursor
                self.stdout.write(f"{environment.name}: {_words(progress, total)}")
                self.stdout.flush()
        except (StiggError, KeyboardInterrupt) as stopped:
            why = stopped.kind if isinstance(stopped, StiggError) else "interrupted"
            again = f"index_customers --environment {environment.name}"
            again += f" --after {cursor}" if cursor else ""
            raise CommandError(f"Stopped: {why}. Go on with: manage.py {again}") from None


def _count(environment: Environment) -> int | None:
    """How many customers there are, where the key may use GraphQL; it is only for the time left."""
    try:
        return count_customers(environment.upstream.client)
    except StiggError:
        return None


def _words(progress: Progress, total: int | None) -> str:
    said = f"{progress.customers:,} customers, {progress.records:,} records"
    if progress.cursor is None:
        return f"{said} in {progress.seconds:.0f} s. Done."
    said += f", {progress.per_second:.0f} a second"
    if total is not None:
        left = max(total - progress.customers, 0) / progress.per_second
        said += f", about {left / 60:.0f} min left"
    return f"{said}, at {progress.cursor}"
