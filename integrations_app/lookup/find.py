"""From a pasted text to customers.

All calls of a look-up run side by side, so it costs one wait. The exact id settles it: then nothing
else is waited for, a slow search least of all. For a text that looks like an id of Stigg's, what
the customer's page will ask is asked along with the customer; such answers are shared, so the page
costs no second wait. Leading every text that may be an id straight to a page would be no quicker,
and wrong for names and e-mails, which may all be ids.

Bound: MAX_CALLS calls to Stigg for one text, MAX_CALLS_IN_LIST for each of several; after a miss at
most as many again in each other environment; one for suggestions.
"""

import logging
import re
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any, Literal

from django.conf import settings

from integrations_app.customer import sync
from integrations_app.lookup.calls import (
    BY_ID,
    MAX_HITS,
    SEARCH_SECONDS,
    Ask,
    asks,
    first_page,
    suggestions,
)
from integrations_app.lookup.finding import ID, PAGE, Finding, Hit, merged
from integrations_app.lookup.guesses import Guess, guesses, split
from integrations_app.stigg import (
    BadRequest,
    Calls,
    Customer,
    CustomerNotFound,
    Forbidden,
    KeyRejected,
    StiggError,
    TimedOut,
)
from integrations_app.stigg.customer_ids import problem_with_customer_id
from integrations_app.stigg.graphql import Match, graphql_is_closed
from integrations_app.upstream.environments import Environment, configured
from integrations_app.upstream.problems import problem_for

logger = logging.getLogger(__name__)

MAX_CALLS, MAX_CALLS_IN_LIST = 8, 2
SCOUT_SECONDS = 2.0  # how long other environments are waited for after a miss
REFUSAL_SECONDS = 300  # how long a key that may not search is not asked to again
SUGGESTED_AFTER, SUGGESTED_UP_TO, SUGGESTIONS = 3, 100, 8  # characters, characters, customers
TOO_MANY = (
    f"More than {MAX_HITS} customers fit: these are the first of them. Give more of "
    "the name or the e-mail."
)
# Where ids are made: docs.stigg.io, Get a single customer integration. Names of several words are
# none.
_DOCUMENTED_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_|.@-]*")

# For what is not waited for, or not for long: searches beside exact calls, other environments.
_beside = ThreadPoolExecutor(settings.THREADS, thread_name_prefix="finder")


@dataclass(frozen=True, slots=True)
class Plan:
    """What one text may be, what of it is asked, and what is not because the key may not search."""

    text: str
    guesses: tuple[Guess, ...]
    asks: tuple[Ask, ...]
    barred: tuple[str, ...] = ()


def find(environment: Environment, text: str, own_hosts: Collection[str] = ()) -> Finding:
    """Look one text up. Trouble with Stigg is part of what was found."""
    ends = time.monotonic() + environment.upstream.deadline_seconds
    plan = _with_page(environment, _plan(environment, text, own_hosts, MAX_CALLS))
    searches = [ask for ask in plan.asks if ask.searches]
    searching = _beside.submit(_answers, environment, searches) if searches else None
    answers = _answers(environment, [ask for ask in plan.asks if not ask.searches])
    if searching and not _settled(plan, answers):
        answers |= _waited_for(searching, searches, ends)
    return _finding(environment, plan, answers)


def find_each(
    environment: Environment,
    texts: Sequence[str],
    own_hosts: Collection[str] = (),
    most: int = MAX_CALLS_IN_LIST,
) -> tuple[Finding, ...]:
    """Look several texts up at once, by at most so many calls for each."""
    plans = [_plan(environment, text, own_hosts, most) for text in texts]
    answers = _answers(environment, [ask for plan in plans for ask in plan.asks])
    return tuple(_finding(environment, plan, answers) for plan in plans)


Answers = dict[Ask, Any]  # what Stigg said, or the StiggError that stands for it


def _answers(environment: Environment, asked: Sequence[Ask]) -> Answers:
    """Ask all of it side by side."""
    searches = all(ask.searches for ask in asked)
    found = environment.visit(searches=searches).gather(
        **{str(number): ask.call for number, ask in enumerate(asked)}
    )
    return {ask: found[str(number)] for number, ask in enumerate(asked)}


def _settled(plan: Plan, answers: Answers) -> bool:
    """The exact id is certain, whatever a search may bring; but an e-mail may be another customer's
    as well.
    """
    by_id = any(ask.why("", "") == ID and _customers(answer) for ask, answer in answers.items())
    return by_id and not any(guess.kind == "email" for guess in plan.guesses)


def _waited_for(searching: Future[Answers], searches: Sequence[Ask], ends: float) -> Answers:
    """What the searches brought; they began with the exact calls, and end with the look-up's
    deadline.
    """
    try:
        return searching.result(max(0, min(SEARCH_SECONDS, ends - time.monotonic())))
    except TimeoutError:
        return dict.fromkeys(searches, TimedOut("the search was not answered in time"))


def _plan(environment: Environment, text: str, own_hosts: Collection[str], most: int) -> Plan:
    taken_for = guesses(text, own_hosts)
    if _page_here(taken_for):
        return Plan(text, taken_for, ())
    in_turn = zip_longest(*map(asks, taken_for))  # the surest call of each guess first
    possible = [ask for turn in in_turn for ask in turn if ask]
    allowed = [ask for ask in possible if not ask.searches or may_search(environment)]
    return Plan(
        text,
        taken_for,
        tuple(allowed[:most]),
        tuple(ask.words for ask in possible if ask not in allowed),
    )


def _with_page(environment: Environment, plan: Plan) -> Plan:
    """The plan with what the customer's page will ask, when the text is first of all an id of
    Stigg's.
    """
    by_id = next((guess.value for guess in plan.guesses if guess.kind in BY_ID), "")
    if not (plan.asks and plan.asks[0].why("", "") == ID and _DOCUMENTED_ID.fullmatch(by_id)):
        return plan
    states = (_states(environment, by_id),) if may_search(environment) else ()
    return replace(plan, asks=(*plan.asks, first_page(by_id), *states))


def _states(environment: Environment, customer_id: str) -> Ask:
    """Finds nobody; the page shares the answer, or the wait for it."""

    def call(stigg: Calls) -> tuple[()]:
        for ask in sync.calls(environment.upstream.memory, customer_id).values():
            try:
                ask(stigg)
            except StiggError:
                return ()
        return ()

    return Ask("customer id", lambda *_: "", call, searches=True)


def _page_here(taken_for: Iterable[Guess]) -> Guess | None:
    """The guess that names a customer and an environment of this desk: one of its own pages.

    It needs no call.
    """
    return next(
        (g for g in taken_for if g.kind == "desk_page" and g.environment in configured()), None
    )


def may_search(environment: Environment) -> bool:
    """Whether the environment's key may use GraphQL, as far as is known: a refusal is remembered
    for some minutes.
    """
    return not environment.upstream.memory.get("may-not-search")


# --- what came of it ------------------------------------------------------------------------------


def _finding(environment: Environment, plan: Plan, answers: Answers) -> Finding:
    came: dict[str, list[tuple[Ask, Any]]] = {"tried": [], "untried": [], "failed": []}
    for ask in filter(answers.__contains__, plan.asks):
        came[_came_to(ask, answers[ask])].append((ask, answers[ask]))
    hits = merged(hit for ask, answer in came["tried"] for hit in _hits(environment, ask, answer))
    _remember(environment, came)
    return Finding(
        plan.text,
        environment,
        kinds=tuple(guess.kind for guess in plan.guesses),
        hits=hits[:MAX_HITS] or _named_here(plan),
        tried=_words(ask.words for ask, _ in came["tried"]),
        untried=_words((*plan.barred, *(ask.words for ask, _ in came["untried"]))),
        notes=_notes(plan, too_many=len(hits) > MAX_HITS),
        problem=problem_for(came["failed"][0][1]) if came["failed"] else None,
    )


def _came_to(ask: Ask, answer: Any) -> Literal["tried", "untried", "failed"]:
    """Stigg may refuse a text as an id before it looks for it: then it is nobody's, and that is an
    answer.
    """
    if not isinstance(answer, StiggError):
        return "tried"
    if ask.searches:
        return "untried" if graphql_is_closed(answer) else "failed"
    return "tried" if isinstance(answer, CustomerNotFound | BadRequest) else "failed"


def _remember(environment: Environment, came: Mapping[str, Sequence[tuple[Ask, Any]]]) -> None:
    """Note a key that may not search, and tell the operator of calls that failed.

    A refused key says nothing about searching unless another call came through with it.
    """
    refused = [error for _, error in came["untried"]]
    works = any(not ask.searches for ask, _ in came["tried"])
    if any(
        isinstance(error, Forbidden) or (works and isinstance(error, KeyRejected))
        for error in refused
    ):
        environment.upstream.memory.set("may-not-search", value=True, seconds=REFUSAL_SECONDS)
        logger.warning("key may not search", extra={"environment": environment.name})
    for ask, error in came["failed"]:
        environment.log(ask.words, error)


def _words(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))


def _named_here(plan: Plan) -> tuple[Hit, ...]:
    here = _page_here(plan.guesses)
    return (Hit(here.value, configured()[here.environment], (PAGE,)),) if here else ()


def _hits(environment: Environment, ask: Ask, answer: Any) -> Iterator[Hit]:
    """An id that no page takes is left out: in an address it could lead anywhere."""
    for one in _customers(answer):
        name, email = one.name or "", one.email or ""
        if (why := ask.why(name, email)) and not problem_with_customer_id(_id(one)):
            yield Hit(_id(one), environment, (why,), name, email, _archived(one))


def _customers(answer: Any) -> tuple[Customer | Match, ...]:
    return (
        (answer,) if isinstance(answer, Customer) else answer if isinstance(answer, tuple) else ()
    )


def _id(found: Customer | Match) -> str:
    return found.id if isinstance(found, Customer) else found.customer_id


def _archived(found: Customer | Match) -> bool:
    return bool(found.archived_at) if isinstance(found, Customer) else found.archived


def _notes(plan: Plan, *, too_many: bool) -> tuple[str, ...]:
    """What is to be said about the text itself: that it names no customer, or that it fits all too
    many.
    """
    if not plan.guesses:
        return (problem_with_customer_id(plan.text),)
    notes = tuple(
        g.note for g in plan.guesses if g.note and g.kind in ("unknown_address", "domain")
    )
    return (*notes, TOO_MANY) if too_many else notes


# --- in other environments, and while typing ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Where else a text was looked up after a miss: who `found` it, who `missed` it too, who gave
    no answer in time.
    """

    found: tuple[Finding, ...] = ()
    missed: tuple[Environment, ...] = ()
    late: tuple[Environment, ...] = ()


def elsewhere(
    missed: Finding, own_hosts: Collection[str] = (), seconds: float = SCOUT_SECONDS
) -> Elsewhere:
    """Ask all other environments at once, for no longer than `seconds`.

    Late answers are dropped.
    """
    others = [other for other in configured().values() if other.name != missed.environment.name]
    running = [
        _beside.submit(find_each, other, [missed.text], own_hosts, MAX_CALLS) for other in others
    ]
    wait(running, timeout=seconds)
    came = [future.result()[0] for future in running if not future.cancel() and future.done()]
    found = tuple(finding for finding in came if finding.hits)
    without = [
        finding.environment.name for finding in came if not finding.hits and not finding.problem
    ]
    known = [*without, *(finding.environment.name for finding in found)]
    return Elsewhere(
        found,
        tuple(other for other in others if other.name in without),
        tuple(other for other in others if other.name not in known),
    )


def suggest(environment: Environment, text: str) -> tuple[Hit, ...]:
    """Customers to choose from while the agent types, by one call; none when that cannot help, or
    fails.
    """
    terms = split(text).terms
    if len(terms) != 1 or not _worth_suggesting(terms[0]) or not may_search(environment):
        return ()
    ask = suggestions(terms[0], SUGGESTIONS)
    return _finding(environment, Plan(terms[0], (), (ask,)), _answers(environment, [ask])).hits


def _worth_suggesting(term: str) -> bool:
    """Not a letter or two, and not an address: that one names its record already."""
    addresses = ("desk_page", "stigg_page", "unknown_address")
    return SUGGESTED_AFTER <= len(term) <= SUGGESTED_UP_TO and not any(
        g.kind in addresses for g in guesses(term)
    )
