"""After a miss: the same texts in the desk's other environments, all at once and not for long."""

from collections.abc import Collection, Sequence
from concurrent.futures import wait
from dataclasses import dataclass, field

from integrations_app.lookup.find import MAX_CALLS, MAX_CALLS_IN_LIST, find_planned, plans_for
from integrations_app.lookup.hits import Finding
from integrations_app.upstream.environments import Environment, among, beside

SCOUT_SECONDS = 2.0  # how long other environments are waited for


@dataclass(slots=True)
class Elsewhere:
    """What was `found`, who `missed` all of it too, and who gave no answer in time."""

    found: list[Finding] = field(default_factory=list)
    missed: list[Environment] = field(default_factory=list)
    late: list[Environment] = field(default_factory=list)


def elsewhere(
    environment: Environment,
    texts: Sequence[str],
    own_hosts: Collection[str] = (),
    seconds: float = SCOUT_SECONDS,
) -> Elsewhere:
    """All others that the agent may see, for no longer than `seconds`; late answers are dropped."""
    seen = among(environment.among)
    others = [other for name, other in seen.items() if name != environment.name]
    most = MAX_CALLS if len(texts) == 1 else MAX_CALLS_IN_LIST
    running = [
        beside().submit(find_planned, other, plans_for(other, texts, own_hosts, most), most)
        for other in others
    ]
    wait(running, timeout=seconds)
    came = Elsewhere()
    for other, future in zip(others, running, strict=True):
        if not future.done():
            future.cancel()
            came.late.append(other)
        elif found := [finding for finding in future.result() if finding.hits]:
            came.found += found
        elif all(finding.is_answered for finding in future.result()):
            came.missed.append(other)
        else:
            came.late.append(other)
    return came
