"""What a row says about its syncing, in an agent's words. Stigg's list itself tells nothing of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from integrations_app.stigg.graphql import SyncState

MAX_SHOWN_CHARACTERS = 120


@dataclass(frozen=True, slots=True)
class State:
    """`words` for everyone, `error` as Stigg wrote it, `said` for a status that the desk does not know."""

    kind: str
    words: str
    error: str = ""
    said: str = ""

    @property
    def is_long(self) -> bool:
        """Too long for a table: the rest is shown when asked for."""
        return len(self.error) > MAX_SHOWN_CHARACTERS


_KNOWN = {
    "SUCCESS": State("synced", "Synced"),
    "PENDING": State("pending", "Pending"),
    "NO_SYNC_REQUIRED": State("not-needed", "Not needed"),
}


def state_of(sync: SyncState) -> State | None:
    """The words for a sync state; None when Stigg sent no status, because nothing is guessed."""
    if sync.status == "ERROR":
        return State("failed", "Failed", sync.error)
    if known := _KNOWN.get(sync.status):
        return known
    return State("unknown", "Stigg says", said=sync.status) if sync.status else None


def by_integration(syncs: Iterable[SyncState]) -> Mapping[str, State]:
    """The state of each integration, by either of the ids that Stigg has for it. A failure outweighs what else is said.

    The published contract does not say which of the two a row of REST carries; both are unique.
    """
    failures_last = sorted(syncs, key=lambda sync: sync.status == "ERROR")
    found = [(sync, state) for sync in failures_last if (state := state_of(sync))]
    return {key: state for sync, state in found for key in (sync.integration_uuid, sync.integration_id) if key}
