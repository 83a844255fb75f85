"""Django's SQLite, but the writers of one process queue up.

Only one can write. SQLite has the others sleep, for longer and longer, and gives the file to
whoever happens to wake when it is free: of many threads some wait until they give up.
https://www.sqlite.org/c3ref/busy_timeout.html
"""

import threading
import time
from functools import cached_property
from typing import Any

from django.db import OperationalError
from django.db.backends.sqlite3 import base

writing = threading.Lock()


class DatabaseWrapper(base.DatabaseWrapper):
    """A transaction waits for `patience` seconds in all: for writers of this process, then for
    those of others.
    """

    is_writing = False

    @cached_property
    def patience(self) -> float:
        return float(self.settings_dict["OPTIONS"]["timeout"])

    def _start_transaction_under_autocommit(self) -> None:
        until = time.monotonic() + self.patience
        if not writing.acquire(timeout=self.patience):
            raise OperationalError("database is locked by writers of this process")
        self.is_writing = True
        try:
            self._wait_for_others(until - time.monotonic())
            super()._start_transaction_under_autocommit()  # type: ignore[misc] # Django's types leave it out
            self._wait_for_others(self.patience)
        except BaseException:
            self._written()
            raise

    def _wait_for_others(self, seconds: float) -> None:
        with self.wrap_database_errors:
            self.connection.execute(f"PRAGMA busy_timeout={max(seconds, 0) * 1000:.0f}")

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
