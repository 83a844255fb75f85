"""Django's SQLite, but the writers of one process queue up.

Only one can write. SQLite has the others sleep, for longer and longer, and gives the file to
whoever happens to wake when it is free: of many threads some wait until they give up.
https://www.sqlite.org/c3ref/busy_timeout.html

A statement outside of a transaction is one of its own. It holds the file for as long as SQLite
works, while a transaction holds it for as long as Python does, which may wait for other threads at
each step: so whatever one statement can write needs no transaction.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from django.db.backends.sqlite3 import base, features

writing = threading.Lock()
WRITES = ("INSERT", "UPDATE", "DELETE")


class Features(features.DatabaseFeatures):
    """With RETURNING, a statement is over only when its answer has been read."""

    can_return_columns_from_insert = False


class Cursor(base.SQLiteCursorWrapper):
    patience = 0.0

    def execute(self, query: str, params: Any = None) -> Any:
        if self.connection.in_transaction or not query.startswith(WRITES):
            return super().execute(query, params)
        with queued(self.patience):
            return super().execute(query, params)


@contextmanager
def queued(patience: float) -> Iterator[None]:
    _queue_up(patience)
    try:
        yield
    finally:
        writing.release()


def _queue_up(patience: float) -> None:
    if not writing.acquire(timeout=patience):
        raise sqlite3.OperationalError("database is locked by writers of this process")


class DatabaseWrapper(base.DatabaseWrapper):
    """A writer waits for `patience` seconds for those of this process, then for those of others."""

    features_class = Features
    is_writing = False

    @cached_property
    def patience(self) -> float:
        return float(self.settings_dict["OPTIONS"]["timeout"])

    def create_cursor(self, name: Any = None) -> Any:  # noqa: ARG002 - Django's signature
        cursor = self.connection.cursor(factory=Cursor)
        cursor.patience = self.patience
        return cursor

    def _start_transaction_under_autocommit(self) -> None:
        with self.wrap_database_errors:
            _queue_up(self.patience)
        self.is_writing = True
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc] # Django's types leave it out
        except BaseException:
            self._written()
            raise

    def _set_autocommit(self, autocommit: bool) -> None:  # noqa: FBT001 - Django's signature
        """Django sets it again when a transaction is over, however it ended."""
        super()._set_autocommit(autocommit)  # type: ignore[misc] # Django's types leave it out
        if autocommit:
            self._written()

    def _close(self) -> Any:
        try:
            return super()._close()  # type: ignore[misc] # Django's types leave it out
        finally:
            self._written()

    def _written(self) -> None:
        if self.is_writing:
            self.is_writing = False
            writing.release()
