"""Write the index and ask it. What it answers is a hint, to be checked against Stigg.

Stigg's search knows one billing id per customer; the desk remembers every id that it has shown: as
an HMAC under the desk's secret, so that the index tells nobody which records exist. With another
SECRET_KEY the old entries are never found again: empty it, then fill it anew.
"""

import logging
from collections.abc import Collection, Iterable
from hashlib import sha256

from django.core.cache import cache
from django.utils.crypto import salted_hmac

from .models import IndexEntry

logger = logging.getLogger(__name__)

MAX_CUSTOMERS = 5  # of one record; more are a shared account, which leads to nobody
REMEMBERED_SECONDS = 24 * 3600  # how long the same rows of a customer are not written again
_SALT = "integrations_app.index"
_DIGEST_BYTES = 16  # two million entries collide with a chance of one in 10^26


def digest(record_id: str) -> bytes:
    """What is kept of a vendor's record id."""
    return salted_hmac(_SALT, record_id, algorithm="sha256").digest()[:_DIGEST_BYTES]


def add(environment: str, customers: Iterable[tuple[str, Collection[str]]]) -> None:
    """Write customers' ids with vendors' record ids; known ones stay. Raises DatabaseError."""
    entries = [
        IndexEntry(environment=environment, digest=digest(record_id), customer_id=customer_id)
        for customer_id, record_ids in customers
        for record_id in record_ids
    ]
    IndexEntry.objects.bulk_create(entries, ignore_conflicts=True)


def remember(environment: str, customer_id: str, record_ids: Collection[str]) -> None:
    """Write the rows that a page shows, once a day, and never at the price of the page."""
    seen = sha256(" ".join([environment, customer_id, *sorted(record_ids)]).encode()).hexdigest()
    try:
        if record_ids and cache.add(f"indexed:{seen}", value=True, timeout=REMEMBERED_SECONDS):
            add(environment, [(customer_id, record_ids)])
    except Exception as error:  # noqa: BLE001 - a cache or a database that fails costs an entry only
        logger.warning("index not written", extra={"kind": type(error).__name__})


def customers_with(environment: str, record_ids: Iterable[str]) -> tuple[str, ...]:
    """The ids of customers that had one of these records when last seen; () above MAX_CUSTOMERS."""
    digests = [digest(record_id) for record_id in record_ids]
    entries = IndexEntry.objects.filter(environment=environment, digest__in=digests)
    found = entries.order_by("customer_id").values_list("customer_id", flat=True).distinct()
    ids = tuple(found[: MAX_CUSTOMERS + 1])
    return ids if len(ids) <= MAX_CUSTOMERS else ()
