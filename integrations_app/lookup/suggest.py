"""While the agent types: customers to choose from, by one call; none when that cannot help."""

from integrations_app.lookup import addresses
from integrations_app.lookup.calls import suggestions
from integrations_app.lookup.find import Plan, answered, finding, may_search
from integrations_app.lookup.finding import Hit
from integrations_app.lookup.guesses import split, unwrapped
from integrations_app.upstream.environments import Environment

MIN_LENGTH = 3
MAX_LENGTH = 100
MAX_SUGGESTIONS = 8


def suggest(environment: Environment, text: str) -> tuple[Hit, ...]:
    """Customers that fit what was typed so far; none when the call fails."""
    terms = split(text).terms
    if len(terms) != 1 or not worth_suggesting(terms[0]) or not may_search(environment):
        return ()
    ask = suggestions(terms[0], MAX_SUGGESTIONS)
    return finding(environment, Plan(terms[0], (), (ask,)), answered(environment, [ask])).hits


def worth_suggesting(term: str) -> bool:
    """Not a letter or two, and not an address: that one names its record already."""
    return MIN_LENGTH <= len(term) <= MAX_LENGTH and not addresses.find(unwrapped(term))
