"""The sync states beside a customer's list, and the failures beside one integration: extras.

The list does not wait for its states: they come later by themselves, or by a link.

Not every key may use GraphQL. Where the list came and the states were refused, the desk remembers
for some minutes that this environment has none, so that not every page pays for a question whose
answer is known. It is learned only beside a list that came: a key that is refused everywhere says
nothing about GraphQL.
"""

from collections.abc import Container, Mapping

from integrations_app.customer.states import MAX_QUOTED_CHARACTERS, State, by_integration
from integrations_app.stigg import StiggError
from integrations_app.stigg.graphql import (
    SyncFailure,
    SyncState,
    graphql_is_closed,
    sync_failures,
    sync_states,
)
from integrations_app.stigg.quotations import quotation
from integrations_app.upstream.copies import Memory
from integrations_app.upstream.environments import Environment
from integrations_app.upstream.fresh_or_copy import Call
from integrations_app.upstream.limits import Late
from integrations_app.vendors import vendor_for
from integrations_app.vendors.vendor import Vendor

PATIENCE_SECONDS = 3.0  # less than the list may take: a page is not kept waiting for its extra
FAILURES_PATIENCE_SECONDS = 1.0
REMEMBERED_SECONDS = 300.0
NO_STATES = "The sync status is not available right now. The list itself is not affected."

_NONE_HERE = "no-sync-states"
_NO_FAILURES = "no-sync-failures"


def calls(memory: Memory, customer_id: str) -> dict[str, Call]:
    """What to gather beside the list: `states`, or nothing while this environment is known to have
    none.
    """
    if memory.get(_NONE_HERE):
        return {}
    return {"states": lambda stigg: sync_states(stigg, customer_id, patience=PATIENCE_SECONDS)}


def has_failed(answer: tuple[SyncState, ...] | StiggError | None) -> bool:
    return isinstance(answer, tuple) and any(state.status == "ERROR" for state in answer)


def failure_calls(memory: Memory, customer_id: str) -> dict[str, Call]:
    """What to gather beside one integration: `failures`, or nothing where GraphQL has none."""
    if memory.get(_NONE_HERE) or memory.get(_NO_FAILURES):
        return {}
    patience = FAILURES_PATIENCE_SECONDS
    return {"failures": lambda stigg: sync_failures(stigg, customer_id, patience=patience)}


def failures_of(
    environment: Environment, answer: tuple[SyncFailure, ...] | StiggError | None, vendor: Vendor
) -> tuple[SyncFailure, ...]:
    """Those of this vendor, and those that name none; nothing when they were not given."""
    if isinstance(answer, StiggError):
        if graphql_is_closed(answer):
            memory = environment.upstream.memory
            memory.set(_NO_FAILURES, value=True, seconds=REMEMBERED_SECONDS)
        environment.log("sync failures", answer)
        return ()
    return tuple(
        failure.model_copy(update={"error": quotation(failure.error, MAX_QUOTED_CHARACTERS)})
        for failure in answer or ()
        if vendor_for(failure.vendor_identifier).identifier in ("", vendor.identifier)
    )


def answered(
    environment: Environment,
    answer: tuple[SyncState, ...] | StiggError | None,
    shown: Container[str],
) -> tuple[Mapping[str, State], tuple[str, ...]]:
    """The states of what is `shown`, and what the agent should know when they are missing: nothing,
    if always, or while they are on their way.
    """
    if not isinstance(answer, StiggError):
        return by_integration(answer or (), shown), ()
    if isinstance(answer, Late):
        return {}, ()
    never = graphql_is_closed(answer)
    if never:
        environment.upstream.memory.set(_NONE_HERE, value=True, seconds=REMEMBERED_SECONDS)
    environment.log("sync states", answer)
    return {}, () if never else (NO_STATES,)
