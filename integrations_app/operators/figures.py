"""What the operators' page shows: Stigg as it was counted, and what the record tells of agents."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from django.db.models import F, Max, Min, Sum
from django.utils import timezone

from integrations_app.audit.events import Action, AuditEvent
from integrations_app.links.models import WrongLink
from integrations_app.operators.counts import BOUNDS_MS, StiggCount, minute

APIS = ("rest", "graphql")
IN_TIME = ("answered", "not-found")  # what Stigg said of a question that it understood
PATIENCE = timedelta(minutes=30)  # a link that is opened later belongs to no look-up


class Counted(NamedTuple):
    """How often something happened in one step of a window; `back` is 0 for the last step."""

    environment: str
    kind: str
    outcome: str
    at_most_ms: int
    back: int
    times: int
    first: int  # minutes of the epoch
    last: int


@dataclass(slots=True)
class Figures:
    """One environment in one window."""

    counted: list[Counted] = field(default_factory=list)
    lookups: Counter[str] = field(default_factory=Counter)
    to_link: list[float] = field(default_factory=list)  # seconds
    wrong_links: Counter[str] = field(default_factory=Counter)

    def of(self, *kinds: str) -> Counter[str]:
        """How often each outcome was, of these kinds."""
        found: Counter[str] = Counter()
        for each in self.counted:
            if each.kind in kinds:
                found[each.outcome] += each.times
        return found

    @property
    def calls(self) -> int:
        return self.of(*APIS).total()

    @property
    def errors(self) -> Counter[str]:
        """Calls that failed, by kind."""
        return Counter({k: n for k, n in self.of(*APIS).items() if k not in IN_TIME})

    def stigg_ms(self, share: float) -> float | None:
        """How long this share of the answered calls took at most. As in Prometheus, calls are taken
        to lie evenly between two bounds.
        """
        kept = Counter[int]()
        for each in self.counted:
            if each.kind in APIS and each.outcome in IN_TIME:
                kept[each.at_most_ms] += each.times
        rank, below = share * kept.total(), 0.0
        for lower, upper in pairwise([0, *BOUNDS_MS]):
            if kept[upper] and below + kept[upper] >= rank:
                return lower + (upper - lower) * (rank - below) / kept[upper]
            below += kept[upper]
        return None


@dataclass(frozen=True, slots=True)
class Window:
    """The last `minutes`, in steps of so many; the running minute is the last of them."""

    name: str
    minutes: int
    step: int
    steps_are: str

    def read(self, names: Collection[str]) -> Mapping[str, Figures]:
        """The figures of each of these environments."""
        found = {name: Figures() for name in names}
        since = timezone.now() - timedelta(minutes=self.minutes)
        for counted in self._counted(names):
            found[counted.environment].counted.append(counted)
        _read_record(found, since)
        links = WrongLink.objects.filter(at__gte=since, environment__in=names)
        for link in links.order_by("vendor_identifier"):
            found[link.environment].wrong_links[link.vendor_name] += 1
        return found

    def _counted(self, names: Collection[str]) -> Iterable[Counted]:
        now = minute()
        rows = StiggCount.objects.filter(minute__gt=now - self.minutes, environment__in=names)
        by = rows.annotate(back=(now - F("minute")) / self.step).values_list(
            "environment", "kind", "outcome", "at_most_ms", "back"
        )
        return map(Counted._make, by.annotate(Sum("count"), Min("minute"), Max("minute")))

    def steps(self, figures: Figures) -> list[Mapping[str, object]]:
        """The columns of a chart, the oldest first; times are None where nothing was answered."""
        return [self._step(back, figures) for back in reversed(range(self.minutes // self.step))]

    def _step(self, back: int, whole: Figures) -> Mapping[str, object]:
        its = Figures([each for each in whole.counted if each.back == back])
        begins = (minute() - (back + 1) * self.step + 1) * 60
        return {
            "begins": datetime.fromtimestamp(begins, UTC),
            "calls": its.calls,
            "failed": its.errors.total(),
            "p50": its.stigg_ms(0.5),
            "p95": its.stigg_ms(0.95),
        }


HOUR = Window("Last hour", 60, 5, "5 minutes")
DAY = Window("Last 24 hours", 24 * 60, 60, "an hour")


def _read_record(found: Mapping[str, Figures], since: datetime) -> None:
    """Look-ups, and the first link after each. By time: SQLite would read all of an action."""
    rows = AuditEvent.objects.filter(at__gte=since, environment__in=found).order_by("at", "id")
    events = rows.values_list("environment", "user", "action", "outcome", "at")
    began: dict[tuple[str, str], datetime] = {}
    for name, user, action, outcome, at in events.iterator():
        if action == Action.LOOK_UP:
            found[name].lookups[outcome] += 1
            began[user, name] = at
        elif action == Action.LINK:
            start = began.pop((user, name), None)
            if start and at - start <= PATIENCE:
                found[name].to_link.append((at - start).total_seconds())
