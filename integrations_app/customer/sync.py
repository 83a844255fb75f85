"""The sync states beside a customer's list: an extra that never costs the list anything.

Not every key may use GraphQL. Where the list came and the states were refused, the desk remembers
for some minutes that this environment has none, so that not every page pays for a question whose
answer is known. It is learned only beside a list that came: a key that is refused everywhere says
nothing about GraphQL.
"""

from collections.abc import Container, Mapping

from integrations_app.customer.states import State, by_integration
from integrations_app.stigg import StiggError
from integrations_app.stigg.graphql import SyncState, graphql_is_closed, sync_states
from integrations_app.upstream.copies import Memory
from integrations_app.upstream.environments import Environment
from integrations_app.upstream.visit import Call

PATIENCE_SECONDS = 3.0  # less than the list may take: a page is not kept waiting for its extra
REMEMBERED_SECONDS = 300.0
NO_STATES = "The sync status is not available right now. The list itself is not affected."

_NONE_HERE = "no-sync-states"


def calls(memory: Memory, customer_id: str) -> dict[str, Call]:
    """What to gather beside the list: `states`, or nothing while this environment is known to have
    none.
    """
    if memory.get(_NONE_HERE):
        return {}
    return {"states": lambda stigg: sync_states(stigg, customer_id, patience=PATIENCE_SECONDS)}


def answered(
    environment: Environment,
    answer: tuple[SyncState, ...] | StiggError | None,
    shown: Container[str],
) -> tuple[Mapping[str, State], tuple[str, ...]]:
    """The states of what is `shown`, and what the agent should know when they are missing: nothing,
    if always.
    """
    if not isinstance(answer, StiggError):
        return by_integration(answer or (), shown), ()
    never = graphql_is_closed(answer)
    if never:
        environment.upstream.memory.set(_NONE_HERE, value=True, seconds=REMEMBERED_SECONDS)
    environment.log("sync states", answer)
    return {}, () if never else (NO_STATES,)
