"""Write the index and ask it. What it answers is a hint, to be checked against Stigg.

Stigg's search knows one billing id per customer; the desk remembers every id that it has shown: as
an HMAC under the desk's secret, so that the index tells nobody which records exist. With another
SECRET_KEY the old entries are never found again: empty it, then fill it anew.
"""

import logging
import time
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from threading import BoundedSemaphore

from django.core.cache import cache
from django.db import close_old_connections, connection
from django.utils.crypto import salted_hmac

from .models import IndexEntry

logger = logging.getLogger(__name__)

MAX_CUSTOMERS = 5  # of one record; more are a shared account, which leads to nobody
REMEMBERED_SECONDS = 24 * 3600  # how long the same rows of a customer are not written again
AGAIN_SECONDS = 60  # how long, where they could not be written
_SALT = "integrations_app.index"
_DIGEST_BYTES = 16  # two million entries collide with a chance of one in 10^26
_ADD = (
    "INSERT INTO integrations_app_indexentry (environment, digest, customer_id) "
    "VALUES {} ON CONFLICT DO NOTHING"
)
_ADDED_AT_ONCE = 300  # entries, for which no database has too few parameters
MOST_WAITING = 100  # customers
MOST_KNOWN = 10_000  # customers' rows

writer = ThreadPoolExecutor(1, "index")
# Until when this process need not even ask the shared cache about the rows with this hash
written: dict[int, float] = {}
_waiting = BoundedSemaphore(MOST_WAITING)


def digest(record_id: str) -> bytes:
    """What is kept of a vendor's record id."""
    return salted_hmac(_SALT, record_id, algorithm="sha256").digest()[:_DIGEST_BYTES]


def add(environment: str, customers: Iterable[tuple[str, Collection[str]]]) -> None:
    """Write customers' ids with vendors' record ids; known ones stay. Raises DatabaseError.

    A customer has hundreds of them, for which Django's `bulk_create` takes longer than a page.
    All in one order: PostgreSQL ends one of two that wait for each other's.
    """
    entries = sorted(
        (environment, digest(record_id), customer_id)
        for customer_id, record_ids in customers
        for record_id in record_ids
    )
    with connection.cursor() as cursor:
        for start in range(0, len(entries), _ADDED_AT_ONCE):
            rows = entries[start : start + _ADDED_AT_ONCE]
            values = ", ".join(["(%s, %s, %s)"] * len(rows))
            cursor.execute(_ADD.format(values), [value for row in rows for value in row])


def remember(environment: str, customer_id: str, record_ids: Collection[str]) -> None:
    """Have the rows written that a page shows, once a day. No page waits for it; where too many
    wait to be written, the page teaches nothing.
    """
    rows = hash((environment, customer_id, frozenset(record_ids)))
    if written.get(rows, 0.0) > time.monotonic() or not record_ids:
        return
    if _waiting.acquire(blocking=False):
        _note_written(rows, AGAIN_SECONDS)
        writer.submit(_remember, rows, environment, customer_id, record_ids)


def _note_written(rows: int, seconds: float) -> None:
    if len(written) >= MOST_KNOWN:
        written.clear()
    written[rows] = time.monotonic() + seconds


def _remember(rows: int, environment: str, customer_id: str, record_ids: Collection[str]) -> None:
    seen = sha256(" ".join([environment, customer_id, *sorted(record_ids)]).encode()).hexdigest()
    key = f"indexed:{seen}"
    try:
        close_old_connections()
        if cache.add(key, value=True, timeout=AGAIN_SECONDS):
            add(environment, [(customer_id, record_ids)])
            cache.touch(key, REMEMBERED_SECONDS)
            _note_written(rows, REMEMBERED_SECONDS)
    except Exception as error:  # noqa: BLE001 - a cache or a database that fails costs an entry only
        logger.warning("index not written", extra={"kind": type(error).__name__})
    finally:
        _waiting.release()


def customers_with(environment: str, record_ids: Iterable[str]) -> tuple[str, ...]:
    """The ids of customers that had one of these records when last seen; () above MAX_CUSTOMERS."""
    digests = [digest(record_id) for record_id in record_ids]
    entries = IndexEntry.objects.filter(environment=environment, digest__in=digests)
    found = entries.order_by("customer_id").values_list("customer_id", flat=True).distinct()
    ids = tuple(found[: MAX_CUSTOMERS + 1])
    return ids if len(ids) <= MAX_CUSTOMERS else ()
