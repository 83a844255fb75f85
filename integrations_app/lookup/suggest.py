"""While the agent types: customers to choose from, by one call, which Enter makes as well."""

from collections.abc import Sequence
from dataclasses import replace

from integrations_app.lookup import addresses
from integrations_app.lookup.calls import part
from integrations_app.lookup.find import MAX_PART, MIN_PART, Plan, answered, finding, may_search
from integrations_app.lookup.hits import Hit
from integrations_app.lookup.terms import split, unwrapped
from integrations_app.own.models import Pin
from integrations_app.upstream.environments import Environment

MAX_SUGGESTIONS = 8
PINNED = "pinned"


def suggest(environment: Environment, text: str) -> tuple[Hit, ...]:
    """Customers that fit what was typed so far; none when the call fails."""
    terms = split(text).terms
    if len(terms) != 1 or not may_search(environment):
        return ()
    term = terms[0]
    # Not a letter or two, and not an address: that one names its record already
    if not MIN_PART <= len(term) <= MAX_PART or addresses.find(unwrapped(term)):
        return ()
    ask = part(term)
    found = finding(environment, Plan(term, (), (ask,)), answered(environment, [ask]))
    return found.hits[:MAX_SUGGESTIONS]


def with_pins(
    environment: Environment, hits: Sequence[Hit], pins: Sequence[Pin]
) -> tuple[Hit, ...]:
    """The agent's pinned customers that fit, then the others: also where nobody could be asked."""
    found = {hit.customer_id: hit for hit in hits}
    mine = [Hit(pin.customer_id, environment, (PINNED,), pin.customer_name) for pin in pins]
    kept = [replace(found.pop(pin.customer_id, pin), why=(PINNED,)) for pin in mine]
    return (*kept, *found.values())[:MAX_SUGGESTIONS]
