"""`manage.py migrate`: Django's own, one at a time, and for as long as it takes.

Whoever comes second waits, and finds nothing to do. A table that is in use is still waited for no
longer than `lock_timeout`, because pages queue behind who waits.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management import CommandError
from django.core.management.commands import migrate
from django.db import OperationalError, connections
from django.db.transaction import atomic

LOCK = 7_744_001  # any number, but the same for every desk
BUSY_SECONDS = 60.0  # how long a migration waits for a page that writes to SQLite


class Command(migrate.Command):
    def execute(self, *args: Any, **options: Any) -> str | None:
        """A full disk, a lock, a server that is away: a sentence, no traceback."""
        try:
            with alone(connections[options["database"]]):
                return super().execute(*args, **options)
        except (OperationalError, OSError) as error:
            why = " ".join(str(error).split())
            raise CommandError(
                f"The database was not brought up to date: {why}. Try again when that is mended."
            ) from error


def alone(connection: Any) -> Any:
    """A context in which nobody else migrates this database, and nothing hurries us."""
    is_postgres = connection.vendor == "postgresql"
    return _on_postgres(connection) if is_postgres else _on_sqlite(connection)


@contextmanager
def _on_postgres(connection: Any) -> Iterator[None]:
    """The lock goes with the connection, so a process that dies holds nobody up."""
    connection.close()
    connection.patience = None
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
            cursor.execute("SET lock_timeout = 0")
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            cursor.execute("RESET lock_timeout")
        yield
    finally:
        connection.close()
        del connection.patience


@contextmanager
def _on_sqlite(connection: Any) -> Iterator[None]:
    """SQLite's own lock is for one migration. The last connection that closes takes the `-wal` file
    away, so ours closes before another's opens.
    """
    with Path(f"{connection.settings_dict['NAME']}-migrating").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        connection.patience = BUSY_SECONDS
        try:
            with atomic(connection.alias):  # Django's checks misread a disk that is full
                pass
            yield
        finally:
            connection.close()
            del connection.patience
