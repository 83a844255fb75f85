"""Django's PostgreSQL, but no thread waits for long for a server that hangs.

libpq waits for ever for an answer, and `statement_timeout` is the server's own. One that did not
answer is not asked for a new connection for REST_SECONDS: whoever comes is told so at once.
https://docs.djangoproject.com/en/5.2/ref/databases/#subclassing-the-built-in-database-backends
"""

import time
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus

ANSWER_SECONDS = 6.0  # a little more than the server's own statement_timeout
CHECK_SECONDS = 1.0
REST_SECONDS = 2.0


class DatabaseWrapper(base.DatabaseWrapper):
    patience: float | None = ANSWER_SECONDS  # None: no bound, for migrations
    resting_until = 0.0  # of `time.monotonic()`, the same for all threads

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        if time.monotonic() < DatabaseWrapper.resting_until:
            raise psycopg.OperationalError("the database did not answer a moment ago")
        try:
            connection = super().get_new_connection(conn_params)
        except psycopg.errors.ConnectionTimeout:
            self.rest()
            raise
        self.wait_in_time(connection)
        return connection

    def wait_in_time(self, connection: Any) -> None:
        """psycopg waits for every answer through this one method."""
        wait = connection.wait

        def bounded(generator: Any, *args: Any, **options: Any) -> Any:
            try:
                return wait(generator, *args, **{"timeout": self.patience} | options)
            except psycopg.OperationalError:
                if connection.pgconn.transaction_status == TransactionStatus.ACTIVE:
                    connection.pgconn.finish()  # a late answer would be taken for the next one's
                    self.rest()
                raise

        connection.wait = bounded

    def is_usable(self) -> bool:
        patience, self.patience = self.patience, CHECK_SECONDS
        try:
            return bool(super().is_usable())
        finally:
            self.patience = patience

    def rest(self) -> None:
        DatabaseWrapper.resting_until = time.monotonic() + REST_SECONDS
