"""After a miss: the same text in the desk's other environments, all at once and not for long."""

from collections.abc import Collection
from concurrent.futures import wait
from dataclasses import dataclass, field

from integrations_app.lookup.find import MAX_CALLS, find_each
from integrations_app.lookup.finding import Finding
from integrations_app.upstream.environments import Environment, beside, configured

SCOUT_SECONDS = 2.0  # how long other environments are waited for


@dataclass(slots=True)
class Elsewhere:
    """Where else a text was looked up: who `found` it, who `missed` it too, who gave no answer in
    time.
    """

    found: list[Finding] = field(default_factory=list)
    missed: list[Environment] = field(default_factory=list)
    late: list[Environment] = field(default_factory=list)


def elsewhere(
    missed: Finding, own_hosts: Collection[str] = (), seconds: float = SCOUT_SECONDS
) -> Elsewhere:
    """Ask all other environments, for no longer than `seconds`. Late answers are dropped."""
    others = [other for other in configured().values() if other.name != missed.environment.name]
    running = [
        beside().submit(find_each, other, [missed.text], own_hosts, MAX_CALLS) for other in others
    ]
    wait(running, timeout=seconds)
    came = Elsewhere()
    for other, future in zip(others, running, strict=True):
        if not future.done():
            future.cancel()
            came.late.append(other)
        elif (finding := future.result()[0]).hits:
            came.found.append(finding)
        else:
            (came.late if finding.problem else came.missed).append(other)
    return came
