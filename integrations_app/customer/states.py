"""What a row says about its syncing, in an agent's words; Stigg's list tells nothing of it."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

from integrations_app.stigg.graphql import SyncState
from integrations_app.stigg.quotations import quotation

MAX_SHOWN_CHARACTERS = 120
MAX_QUOTED_CHARACTERS = 1_000


@dataclass(frozen=True, slots=True)
class State:
    """`words` for all, `error` as Stigg wrote it, `said` for a status not known to the desk."""

    kind: str
    words: str
    error: str = ""
    said: str = ""

    @property
    def is_long(self) -> bool:
        """Too long for a table: the rest is shown when asked for."""
        return len(self.error) > MAX_SHOWN_CHARACTERS

    @property
    def short(self) -> str:
        return f"{self.error[: MAX_SHOWN_CHARACTERS - 1]}…" if self.is_long else self.error


_KNOWN = {
    "SUCCESS": State("synced", "Synced"),
    "PENDING": State("pending", "Pending"),
    "NO_SYNC_REQUIRED": State("not-needed", "Not needed"),
}


def state_of(sync: SyncState) -> State | None:
    """The words for a sync state; None when Stigg sent no status, because nothing is guessed."""
    if sync.status == "ERROR":
        return State("failed", "Failed", quotation(sync.error, MAX_QUOTED_CHARACTERS))
    if known := _KNOWN.get(sync.status):
        return known
    if not sync.status:
        return None
    return State("unknown", "Stigg says", said=quotation(sync.status, MAX_SHOWN_CHARACTERS))


def by_integration(syncs: Iterable[SyncState], shown: Container[str]) -> Mapping[str, State]:
    """A failure outweighs the rest. Which of its ids a row carries is not documented."""
    found = [(key, sync) for sync in syncs for key in sync.integration_ids if key in shown]
    failures_last = sorted(found, key=lambda pair: pair[1].status == "ERROR")
    return {key: state for key, sync in failures_last if (state := state_of(sync))}
