"""What is wrong in an environment, and what to do about it, in sentences."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.urls import reverse
from django.utils import timezone

from integrations_app.operators.figures import APIS, IN_TIME, Counted, Figures
from integrations_app.upstream.environments import Environment
from integrations_app.upstream.problems import PROBLEMS

DO = {
    "key-rejected": "Make a new one in Stigg, set it as {prefix}API_KEY, and restart the desk.",
    "forbidden": "Give the key the scope to read customers; see what your Stigg plan includes.",
    "no-graphql": "Give the key that scope in Stigg: without it nobody can search or see states.",
    "rate-limited": "It ends by itself. If it comes back, see what else uses the same limit.",
    "unavailable": "Look at status.stigg.io. If it never worked: at {prefix}API_URL, STIGG_PROXY.",
    "timeout": "Look at status.stigg.io, and at how this machine looks names up.",
    "unexpected": "Look at {prefix}API_URL, and at what may answer instead of Stigg.",
    "over-allowance": "The log's 429s name it. If its work needs it: ACCOUNT_CALLS_PER_MINUTE.",
    "busy": "See why Stigg is slow. Raise THREADS only if it is quick.",
    "fault": "The log has a traceback: please report it.",
    "not-recorded": "Free the disk or the lock of the database; its own log tells more.",
}
SAID = {kind: problem.title for kind, problem in PROBLEMS.items()} | {
    "no-graphql": "The desk's key may not use GraphQL",
    "over-allowance": "One account asked for more than its share of a minute",
    "fault": "A call failed in the desk itself",
    "not-recorded": "What was done could not be put on record",
}
OWN_REFUSALS = ("busy", "over-allowance")
PASSING = ("unavailable", "timeout", "unexpected", "busy")
TOLERATED = 0.01  # of the calls: what passes, and is no more, is not called wrong


@dataclass(frozen=True, slots=True)
class Advice:
    """`is_over` when Stigg has answered such calls since; `link` is where to look on."""

    what: str
    do: str
    is_over: bool = False
    link: str = ""


def advice(environment: Environment | None, hour: Figures) -> Iterator[Advice]:
    """What went wrong in the last hour; without an environment, what belongs to none."""
    faults = defaultdict[str, list[Counted]](list)
    for each in hour.counted:
        faults[_fault(each)].append(each)
    if "key-rejected" in faults:  # then a scope for GraphQL helps nobody
        for_graphql = faults.pop("no-graphql", [])
        faults["key-rejected"] += [each for each in for_graphql if each.outcome == "key-rejected"]
    where = f"{environment.label}: " if environment else ""
    for name in DO:
        those = faults.get(name, [])
        if sum(each.times for each in those) > (TOLERATED * hour.calls if name in PASSING else 0):
            is_over = _answered_since(those, hour)
            over = " Stigg has answered since." if is_over else ""
            do = DO[name].format(prefix=environment.prefix if environment else "")
            yield Advice(f"{where}{SAID[name]}, {_when(those)}.{over}", do, is_over)
    if count := hour.wrong_links.total():
        said = f"{where}{count} wrong link{'s' * (count > 1)} reported in the last hour."
        link = reverse("admin:integrations_app_wronglink_changelist")
        yield Advice(said, "See which vendor, and which template built them.", link=link)


def _fault(each: Counted) -> str:
    if each.kind == "graphql" and each.outcome in ("key-rejected", "forbidden"):
        return "no-graphql"
    if each.kind in APIS or (each.kind == "not-asked" and each.outcome in OWN_REFUSALS):
        return each.outcome
    return each.kind


def _answered_since(those: Sequence[Counted], hour: Figures) -> bool:
    kinds, last = {each.kind for each in those}, max(each.last for each in those)
    return any(
        each.kind in kinds and each.outcome in IN_TIME and each.last > last for each in hour.counted
    )


def _when(those: Sequence[Counted]) -> str:
    """How often, and since when."""
    first, last = min(each.first for each in those), max(each.last for each in those)
    times = sum(each.times for each in those)
    if times == 1:
        return f"once, at {_clock(first)}"
    until = f", last at {_clock(last)}" if last > first else ""
    return f"{times:,} times since {_clock(first)}{until}"


def _clock(minute: int) -> str:
    return f"{timezone.localtime(datetime.fromtimestamp(minute * 60, UTC)):%H:%M}"
