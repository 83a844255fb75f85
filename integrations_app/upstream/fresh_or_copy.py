"""What one page asks of Stigg: all by one deadline, sharing answers with the other pages.

What is fresh is answered from copies, the rest by Stigg, and what Stigg fails to answer by an older
copy. Each call is handed who answers it: `Copies`, or `Asking`.
"""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any, cast

from integrations_app import metrics, traces
from integrations_app.stigg import Calls, Question, Read, StiggError

from .copies import FRESH_SECONDS, Copies, FirstKeys, Memory, NoCopy
from .limits import Busy, Late, Place, Wish
from .upstream import ANSWERED_BY_A_COPY, GRACE_SECONDS, Upstream

EXTRA_SECONDS = 0.1  # an extra may take longer than all else
Call = Callable[[Calls], Any]


@dataclass(frozen=True, slots=True)
class Looked:
    """What a page has just read of the memory, by one round trip for all its calls."""

    known: Mapping[str, Any] = field(default_factory=dict)
    at: float = field(default_factory=time.monotonic)


@dataclass(slots=True)
class Asking(Calls):
    """Answers from a copy that is fresh, else has Stigg asked, once for all who want the same."""

    upstream: Upstream
    ends: float  # of `time.monotonic()`
    fresh: Copies
    place: Place
    looked: Looked
    question: Question | None = None  # the one that is waited for

    def ask(self, question: Question, read: Callable[[dict[str, Any]], Read]) -> Read:
        looked = self.looked
        if question.key not in looked.known:
            looked = Looked()
            with suppress(NoCopy):
                return self.fresh.ask(question, read)
        self.question = question
        # Also for a call that is under way: it must not fail for others because of this account
        self.upstream.allowance.use(traces.current().account)
        patience = question.patience
        ends = self.ends if patience is None else min(self.ends, time.monotonic() + patience)
        ask = partial(self.upstream.ask, question, read, ends, looked.known)
        flights = self.upstream.flights
        copy, value = flights.share(question.key, ask, ends, self.place, looked.at)
        self.fresh.used.append(copy.at)
        return cast(Read, value)


class Visit:
    """What one page asks. `trouble` is why answers from before are shown; None if all is well."""

    def __init__(
        self, upstream: Upstream, *, refresh: bool = False, searches: bool = False
    ) -> None:
        self._upstream = upstream
        self._room = upstream.searches if searches else upstream.pages
        self._since = time.time() if refresh else 0.0
        self._ends = time.monotonic() + upstream.deadline_seconds
        self._used: list[float] = []
        self.trouble: StiggError | None = None

    @property
    def memory(self) -> Memory:
        return self._upstream.memory

    @property
    def read_at(self) -> float | None:
        """When the oldest answer came, in seconds of the epoch; None before there is one."""
        return min(self._used, default=None)

    @property
    def came_at(self) -> tuple[float, ...]:
        """When each answer came, in seconds of the epoch: of an equal visit they are the same."""
        return tuple(sorted(self._used))

    def gather(
        self, extras: Collection[str] = (), /, **calls: Call | Sequence[Call]
    ) -> dict[str, Any]:
        """Make the calls side by side; each name gets its result, or the StiggError in its place.

        Several calls under one name say the same: Stigg is asked the first, copies may answer any.
        `extras` are waited for no longer than the others need, and EXTRA_SECONDS: then they are
        Late, and go on without the page.
        """
        ways = {name: (call,) if callable(call) else call for name, call in calls.items()}
        found: dict[str, Any] = {}
        looked = self._look(chain.from_iterable(ways.values()))
        for name, same in ways.items():
            kept = self._from_copies(name, same, partial(self._fresh, looked.known))
            self._note_copies("fresh", kept)
            found |= kept
        missing = {name: same[0] for name, same in ways.items() if name not in found}
        for name, answer in self._side_by_side(missing, extras, looked).items():
            found[name] = answer
            if isinstance(answer, ANSWERED_BY_A_COPY):
                older = self._from_copies(name, ways[name], self._older)
                if older and not isinstance(answer, Late):
                    self.trouble = answer
                self._note_copies("older", older)
                found |= older
        return found

    def _look(self, calls: Iterable[Call]) -> Looked:
        at, first = time.monotonic(), FirstKeys()
        for call in calls:
            with suppress(NoCopy, StiggError):
                call(first)
        upstream = self._upstream
        names = [*first.keys, upstream.rest.key, upstream.graphql.key]
        return Looked(self.memory.get_many(names), at)

    def _note_copies(self, kind: str, answers: Mapping[str, Any]) -> None:
        if answers:
            metrics.COPIES.labels(self._upstream.name, kind).inc()
            traces.current().copies = kind

    def _fresh(self, known: Mapping[str, Any] | None = None) -> Copies:
        return Copies(self.memory, FRESH_SECONDS, self._since, known or {})

    def _older(self) -> Copies:
        return Copies(self.memory, self._upstream.stale_seconds)

    def _from_copies(
        self, name: str, same: Iterable[Call], copies: Callable[[], Copies]
    ) -> dict[str, Any]:
        """The answer by its name, from the first call that copies answer; empty without one."""
        for call in same:
            kept = copies()
            try:
                answer = call(kept)
            except (NoCopy, StiggError):
                continue
            self._used += kept.used
            return {name: answer}
        return {}

    def _side_by_side(
        self, calls: Mapping[str, Call], extras: Collection[str], looked: Looked
    ) -> dict[str, Any]:
        place = Place(self._room, Wish(self._upstream.name, traces.current().account))
        try:
            running = {name: self._start(call, place, looked) for name, call in calls.items()}
            found = {name: self._outcome(*running[name]) for name in running if name not in extras}
            ends = time.monotonic() + EXTRA_SECONDS
            return found | {
                name: self._extra(*running[name], ends) for name in running if name in extras
            }
        except Busy as error:
            return dict.fromkeys(calls, error)
        finally:
            place.give_back()

    def _start(self, call: Call, place: Place, looked: Looked) -> "tuple[Asking, Future[Any]]":
        asking = Asking(self._upstream, self._ends, self._fresh(), place, looked)
        return asking, self._upstream.start(partial(call, asking))

    def _extra(self, asking: Asking, running: "Future[Any]", ends: float) -> Any:
        if not wait([running], max(ends - time.monotonic(), 0)).done:
            self._upstream.late.append((self._ends + GRACE_SECONDS, running, asking))
            return Late("takes longer than what it belongs to")
        return self._outcome(asking, running)

    def _outcome(self, asking: Asking, running: "Future[Any]") -> Any:
        try:
            answer = running.result(max(self._ends + GRACE_SECONDS - time.monotonic(), 0))
        except StiggError as refused:
            return refused
        except TimeoutError:
            return self._upstream.give_up(running, asking.question)
        self._used += asking.fresh.used
        return answer
