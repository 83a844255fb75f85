"""Walk all customers of an environment and write their records into the index."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from integrations_app.stigg import MAX_LIMIT, CustomersPage, RateLimited, Unavailable
from integrations_app.upstream.environments import Environment

from .entries import add

DEFAULT_WAIT_SECONDS = 10
MAX_FAILURES = 5  # in a row; the wait doubles after each


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a walk is. `cursor` is where it goes on after an interruption; None at the end."""

    customers: int
    records: int
    seconds: float
    cursor: str | None

    @property
    def per_second(self) -> float:
        return self.customers / max(self.seconds, 0.001)


def walk(
    environment: Environment, after: str | None = None, wait: Callable[[float], None] = time.sleep
) -> Iterator[Progress]:
    """Read all customers, 100 at once, and write what each one's integrations name.

    Raises a StiggError after MAX_FAILURES in a row, and DatabaseError. Safe to run twice.
    """
    began = time.monotonic()
    customers = records = 0
    cursor = after
    while True:
        page = _page(environment, cursor, wait)
        found = [(customer.id, customer.record_ids) for customer in page.customers]
        add(environment.name, found)
        customers += len(found)
        records += sum(len(record_ids) for _, record_ids in found)
        cursor = page.next if page.next != cursor else None
        yield Progress(customers, records, time.monotonic() - began, cursor)
        if cursor is None:
            return


def _page(
    environment: Environment, after: str | None, wait: Callable[[float], None]
) -> CustomersPage:
    """One page, with patience: the walk is nobody's hurry."""
    client = environment.upstream.client
    for failures in range(MAX_FAILURES):
        try:
            return client.page_of_customers(after=after, limit=MAX_LIMIT)
        except RateLimited as limited:
            wait(limited.retry_after or DEFAULT_WAIT_SECONDS)
        except Unavailable:
            wait(2**failures)
    return client.page_of_customers(after=after, limit=MAX_LIMIT)
