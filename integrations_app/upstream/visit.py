"""What one page asks of Stigg: all by one deadline, sharing answers with the other pages.

What is fresh is answered from copies, the rest by Stigg, and what Stigg fails to answer by an older
copy. Each call is handed who answers it: `Copies`, or `Asking`.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any

from integrations_app.stigg import Calls, Question, Read, StiggError, TimedOut
from integrations_app.upstream.copies import FRESH_SECONDS, Copies, Memory, NoCopy
from integrations_app.upstream.limits import Busy
from integrations_app.upstream.upstream import ANSWERED_BY_A_COPY, Upstream

# Sockets end by the deadline; this is for what no socket timeout bounds, such as a name look-up
GRACE_SECONDS = 0.3

Call = Callable[[Calls], Any]


@dataclass(slots=True)
class Asking(Calls):
    """Answers from a copy that is fresh, else has Stigg asked, once for all who want the same."""

    upstream: Upstream
    ends: float  # of `time.monotonic()`
    fresh: Copies

    def ask(self, question: Question, read: Callable[[dict[str, Any]], Read]) -> Read:
        try:
            return self.fresh.ask(question, read)
        except NoCopy:
            pass
        patience = question.patience
        ends = self.ends if patience is None else min(self.ends, time.monotonic() + patience)
        ask = partial(self.upstream.ask, question, read, ends)
        copy, value = self.upstream.flights.share(question.key, ask, ends)
        self.fresh.used.append(copy.at)
        return value


class Visit:
    """What one page asks.

    `trouble` is why answers from before are shown; None while all is well.
    """

    def __init__(self, upstream: Upstream, *, refresh: bool = False) -> None:
        self._upstream = upstream
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

    def gather(self, **calls: Call | Sequence[Call]) -> dict[str, Any]:
        """Make the calls side by side; each name gets its result, or the StiggError that stands for
        it.

        Several calls under one name say the same: Stigg is asked the first, copies may answer any.
        """
        ways = {name: (call,) if callable(call) else call for name, call in calls.items()}
        found: dict[str, Any] = {}
        for name, same in ways.items():
            found |= self._from_copies(name, same, self._fresh)
        missing = {name: same[0] for name, same in ways.items() if name not in found}
        for name, answer in self._side_by_side(missing).items():
            found[name] = answer
            if isinstance(answer, ANSWERED_BY_A_COPY):
                older = self._from_copies(name, ways[name], self._older)
                self.trouble = answer if older else self.trouble
                found |= older
        return found

    def _fresh(self) -> Copies:
        return Copies(self.memory, FRESH_SECONDS, self._since)

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

    def _side_by_side(self, calls: Mapping[str, Call]) -> dict[str, Any]:
        if not calls:
            return {}
        try:
            with self._upstream.slots.taken():
                running = {
                    name: self._upstream.pool.submit(self._ask, call)
                    for name, call in calls.items()
                }
                return {name: self._outcome(future) for name, future in running.items()}
        except Busy as error:
            return dict.fromkeys(calls, error)

    def _ask(self, call: Call) -> Any:
        asking = Asking(self._upstream, self._ends, self._fresh())
        answer = call(asking)
        self._used += asking.fresh.used
        return answer

    def _outcome(self, future: "Future[Any]") -> Any:
        try:
            return future.result(max(self._ends + GRACE_SECONDS - time.monotonic(), 0))
        except StiggError as refused:
            return refused
        except TimeoutError:
            future.cancel()
            error = TimedOut("gave no answer by the deadline")
            self._upstream.rest.failed(error)
            return error
