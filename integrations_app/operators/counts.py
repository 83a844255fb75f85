"""What all processes count of Stigg, kept for two days, so that a restart does not lose it.

Every 15 s a process that serves adds to the database what its Prometheus counters grew by; while
that is away, it waits for it. Calls of commands, such as `index_customers`, are not in it.
"""

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from threading import Lock
from typing import Any, NamedTuple

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import Error, models, transaction
from django.db.models import F, QuerySet
from django.dispatch import receiver
from django.utils import timezone
from prometheus_client.samples import Sample

from dashboard.metrics import keeping
from integrations_app import metrics

MINUTES_KEPT = 2 * 24 * 60
LONGEST_MS = 60_000  # no deadline is longer
BOUNDS_MS = [*(round(seconds * 1000) for seconds in metrics.SECONDS), LONGEST_MS]
NOT_TIMED = 0
# What is counted beside calls: each counter, and the label that tells the outcome
COUNTERS = {
    "copies": (metrics.COPIES, "age"),
    "cool-down": (metrics.COOL_DOWNS, "kind"),
    "not-asked": (metrics.NOT_ASKED, "kind"),
    "not-recorded": (metrics.NOT_RECORDED, "action"),
}


class StiggCount(models.Model):
    """`kind` is the API that was called, or one of COUNTERS. Of calls, `at_most_ms` is the smallest
    of BOUNDS_MS that they kept.
    """

    minute = models.PositiveIntegerField()  # of the epoch
    environment = models.CharField(max_length=31)
    kind = models.CharField(max_length=16)
    outcome = models.CharField(max_length=32)
    at_most_ms = models.PositiveIntegerField()
    count = models.PositiveIntegerField()

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(
                fields=["minute", "environment", "kind", "outcome", "at_most_ms"],
                name="one_count_per_minute",
            ),
        )

    def __str__(self) -> str:
        return f"{self.count} {self.kind} {self.outcome} in {self.environment}"


class What(NamedTuple):
    environment: str
    kind: str
    outcome: str
    at_most_ms: int


_known: Counter[What] = Counter()
_waiting: Counter[tuple[int, What]] = Counter()
_lock = Lock()


def minute() -> int:
    """The running minute of the epoch."""
    return int(time.time() // 60)


@receiver(keeping)
def keep(**_: object) -> None:
    """Add to the database what was counted since the last time, or the next time if it is away."""
    with _lock:
        now, grown = minute(), _counted() - _known
        _known.update(grown)
        _waiting.update({(now, what): count for what, count in grown.items()})
        for late in [key for key in _waiting if key[0] < now - MINUTES_KEPT]:
            del _waiting[late]
        with suppress(Error):  # the pages say that the database is away
            _add()
            _waiting.clear()
            metrics.SESSIONS.set(signed_in().count())


def _counted() -> Counter[What]:
    """All that this process has counted."""
    found: Counter[What] = Counter()
    for sample in _samples(metrics.CALLS, "_bucket"):
        of = sample.labels
        call = partial(What, of["environment"], of["api"], of["outcome"])
        place = bisect_left(metrics.SECONDS, float(of["le"]))
        # Prometheus counts each call in every bound that it keeps
        found[call(BOUNDS_MS[place])] += int(sample.value)
        for longer in BOUNDS_MS[place + 1 : place + 2]:
            found[call(longer)] -= int(sample.value)
    for kind, (counter, label) in COUNTERS.items():
        for sample in _samples(counter, "_total"):
            what = What(sample.labels["environment"], kind, sample.labels[label], NOT_TIMED)
            found[what] += int(sample.value)
    return found


def _samples(metric: Any, ending: str) -> Iterator[Sample]:
    for collected in metric.collect():
        yield from (sample for sample in collected.samples if sample.name.endswith(ending))


def _add() -> None:
    """All or nothing; in one order, so that no two processes wait for each other."""
    grown = sorted(_waiting.items())
    rows = [StiggCount(minute=at, **what._asdict(), count=0) for (at, what), _ in grown]
    with transaction.atomic():
        StiggCount.objects.bulk_create(rows, ignore_conflicts=True)
        for (at, what), count in grown:
            row = StiggCount.objects.filter(minute=at, **what._asdict())
            row.update(count=F("count") + count)


def signed_in() -> QuerySet[UserSession]:
    """The sessions in which somebody is signed in, the one that was used last first."""
    now = timezone.now()
    living = Session.objects.filter(expire_date__gt=now).values("session_key")
    used = now - timedelta(minutes=settings.SESSION_IDLE_MINUTES)
    known = {"session_key__in": living, "last_seen_at__gt": used, "user__is_active": True}
    found: QuerySet[UserSession] = UserSession.objects.filter(**known)
    return found.order_by("-last_seen_at")
