"""Write the index and ask it. What it answers is a hint, to be checked against Stigg.

Stigg's search knows one billing id per customer; the desk remembers every id that it has shown. Of
a vendor's id it keeps an HMAC under the desk's secret, so that the index tells nobody which records
exist. With another SECRET_KEY the old entries are never found again: empty it, then fill it anew.
"""

import hmac
import logging
from collections.abc import Collection, Iterable
from hashlib import sha256

from django.conf import settings
from django.core.cache import cache
from django.db import connection

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


def digest(record_id: str) -> bytes:
    """What is kept of a vendor's record id: Django's `salted_hmac`, in half of its time."""
    key = sha256(f"{_SALT}{settings.SECRET_KEY}".encode()).digest()
    return hmac.digest(key, record_id.encode(), "sha256")[:_DIGEST_BYTES]


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
    """Write the rows that a page shows, once a day, and never at the price of the page."""
    seen = sha256(" ".join([environment, customer_id, *sorted(record_ids)]).encode()).hexdigest()
    key = f"indexed:{seen}"
    try:
        if record_ids and cache.add(key, value=True, timeout=AGAIN_SECONDS):
            add(environment, [(customer_id, record_ids)])
            cache.touch(key, REMEMBERED_SECONDS)
    except Exception as error:  # noqa: BLE001 - a cache or a database that fails costs an entry only
        logger.warning("index not written", extra={"kind": type(error).__name__})


def customers_with(environment: str, record_ids: Iterable[str]) -> tuple[str, ...]:
    """The ids of customers that had one of these records when last seen; () above MAX_CUSTOMERS."""
    digests = [digest(record_id) for record_id in record_ids]
    entries = IndexEntry.objects.filter(environment=environment, digest__in=digests)
    found = entries.order_by("customer_id").values_list("customer_id", flat=True).distinct()
    ids = tuple(found[: MAX_CUSTOMERS + 1])
    return ids if len(ids) <= MAX_CUSTOMERS else ()
