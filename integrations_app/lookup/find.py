"""From a pasted text to customers.

All calls of a look-up run side by side, so it costs one wait. The exact id settles it: then nothing
else is waited for, a slow search least of all. For a text that looks like an id of Stigg's, what
the customer's page will ask is asked along with the customer; such answers are shared, so the page
costs no second wait. Leading every text that may be an id straight to a page would be no quicker,
and wrong for names and e-mails, which may all be ids.

Bound: MAX_CALLS calls to Stigg for one text, with those for the page; MAX_CALLS_IN_LIST for each
of several; after a miss at most as many again in each other environment; one for suggestions.
"""

import logging
import re
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import zip_longest

from integrations_app.customer.page import prefetch
from integrations_app.lookup.calls import BY_ID, MAX_HITS, SEARCH_SECONDS, Ask, Known, asks
from integrations_app.lookup.finding import PAGE, Finding, Hit, merged
from integrations_app.lookup.guesses import Guess, guesses
from integrations_app.stigg import (
    BadRequest,
    CustomerNotFound,
    Forbidden,
    KeyRejected,
    StiggError,
    TimedOut,
)
from integrations_app.stigg.customer_ids import problem_with_customer_id
from integrations_app.stigg.graphql import graphql_is_closed
from integrations_app.upstream.environments import Environment, beside, configured
from integrations_app.upstream.problems import problem_for

logger = logging.getLogger(__name__)

MAX_CALLS = 8
MAX_CALLS_IN_LIST = 2
REFUSAL_SECONDS = 300  # how long a key that is not allowed to search is not asked to again
TOO_MANY = (
    f"More than {MAX_HITS} customers fit: these are the first of them. Give more of "
    "the name or the e-mail."
)
# Where ids are made: docs.stigg.io, Get a single customer integration. A name with spaces is none.
_DOCUMENTED_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_|.@-]*")


@dataclass(frozen=True, slots=True)
class Plan:
    """What one text may be, what of it is asked, and what is not because the key is not allowed to
    search.
    """

    text: str
    guesses: tuple[Guess, ...]
    asks: tuple[Ask, ...]
    barred: tuple[str, ...] = ()

    @property
    def id_of_page(self) -> str:
        """The id whose page comes next, when the text is first of all an id of Stigg's."""
        if not self.asks or self.guesses[0].kind not in BY_ID:
            return ""
        value = self.guesses[0].value
        return value if _DOCUMENTED_ID.fullmatch(value) else ""


def find(environment: Environment, text: str, own_hosts: Collection[str] = ()) -> Finding:
    """Look one text up. Trouble with Stigg is part of what was found."""
    ends = time.monotonic() + environment.upstream.deadline_seconds
    plan = plan_for(environment, text, own_hosts, MAX_CALLS)
    if customer_id := plan.id_of_page:
        beside().submit(prefetch, environment.visit(), customer_id)
    searches = [ask for ask in plan.asks if ask.searches]
    searching = beside().submit(answered, environment, searches) if searches else None
    answers = answered(environment, [ask for ask in plan.asks if not ask.searches])
    if searching and not _settled(plan, answers):
        answers |= _waited_for(searching, searches, ends)
    return finding(environment, plan, answers)


def find_each(
    environment: Environment,
    texts: Sequence[str],
    own_hosts: Collection[str] = (),
    most: int = MAX_CALLS_IN_LIST,
) -> tuple[Finding, ...]:
    """Look several texts up at once, by at most so many calls for each."""
    plans = [plan_for(environment, text, own_hosts, most) for text in texts]
    answers = answered(environment, [ask for plan in plans for ask in plan.asks])
    return tuple(finding(environment, plan, answers) for plan in plans)


Answers = dict[Ask, tuple[Known, ...] | StiggError]


def answered(environment: Environment, asked: Sequence[Ask]) -> Answers:
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
    by_id = any(ask.by_id and not isinstance(answer, StiggError) for ask, answer in answers.items())
    return by_id and not any(guess.kind == "email" for guess in plan.guesses)


def _waited_for(searching: Future[Answers], searches: Sequence[Ask], ends: float) -> Answers:
    """What the searches brought; they began with the exact calls, and end with the look-up's
    deadline.
    """
    try:
        return searching.result(max(0, min(SEARCH_SECONDS, ends - time.monotonic())))
    except TimeoutError:
        return dict.fromkeys(searches, TimedOut("the search was not answered in time"))


def plan_for(environment: Environment, text: str, own_hosts: Collection[str], most: int) -> Plan:
    taken_for = guesses(text, own_hosts)
    if _page_here(taken_for):
        return Plan(text, taken_for, ())
    in_turn = zip_longest(*map(asks, taken_for))  # the surest call of each guess first
    possible = [ask for turn in in_turn for ask in turn if ask]
    allowed = [ask for ask in possible if not ask.searches or may_search(environment)]
    barred = tuple(ask.words for ask in possible if ask not in allowed)
    return Plan(text, taken_for, tuple(allowed[:most]), barred)


def _page_here(taken_for: Iterable[Guess]) -> Guess | None:
    """The guess that names a customer and an environment of this desk: one of its own pages.

    It needs no call.
    """
    return next(
        (g for g in taken_for if g.kind == "desk_page" and g.environment in configured()), None
    )


def may_search(environment: Environment) -> bool:
    """Whether the environment's key is allowed to use GraphQL, as far as is known: a refusal is
    remembered for some minutes.
    """
    return not environment.upstream.memory.get("may-not-search")


# --- what came of it ------------------------------------------------------------------------------


@dataclass(slots=True)
class Outcome:
    """The calls of one text by what came of each: an answer, a key that is not allowed to ask, or
    another error.
    """

    tried: list[tuple[Ask, tuple[Known, ...]]] = field(default_factory=list)
    untried: list[tuple[Ask, StiggError]] = field(default_factory=list)
    failed: list[tuple[Ask, StiggError]] = field(default_factory=list)

    def add(self, ask: Ask, answer: tuple[Known, ...] | StiggError) -> None:
        """Stigg may refuse a text as an id before it looks for it: then it is nobody's, and that is
        an answer.
        """
        if not isinstance(answer, StiggError):
            self.tried.append((ask, answer))
        elif ask.searches and graphql_is_closed(answer):
            self.untried.append((ask, answer))
        elif not ask.searches and isinstance(answer, CustomerNotFound | BadRequest):
            self.tried.append((ask, ()))
        else:
            self.failed.append((ask, answer))


def finding(environment: Environment, plan: Plan, answers: Answers) -> Finding:
    came = Outcome()
    for ask in plan.asks:
        if ask in answers:
            came.add(ask, answers[ask])
    _remember(environment, came)
    hits = merged(hit for ask, found in came.tried for hit in _hits(environment, ask, found))
    untried = (*plan.barred, *(ask.words for ask, _ in came.untried))
    return Finding(
        plan.text,
        environment,
        guesses=plan.guesses,
        hits=hits[:MAX_HITS] or _named_here(plan),
        tried=tuple(dict.fromkeys(ask.words for ask, _ in came.tried)),
        untried=tuple(dict.fromkeys(untried)),
        notes=(*_notes(plan), *((TOO_MANY,) if len(hits) > MAX_HITS else ())),
        problem=problem_for(came.failed[0][1]) if came.failed else None,
    )


def _remember(environment: Environment, came: Outcome) -> None:
    """Note a key that is not allowed to search, and tell the operator of calls that failed.

    A refused key says nothing about searching unless another call came through with it.
    """
    works = any(not ask.searches for ask, _ in came.tried)
    if any(
        isinstance(error, Forbidden) or (works and isinstance(error, KeyRejected))
        for _, error in came.untried
    ):
        environment.upstream.memory.set("may-not-search", value=True, seconds=REFUSAL_SECONDS)
        logger.warning("key may not search", extra={"environment": environment.name})
    for ask, error in came.failed:
        environment.log(ask.words, error)


def _named_here(plan: Plan) -> tuple[Hit, ...]:
    here = _page_here(plan.guesses)
    return (Hit(here.value, configured()[here.environment], (PAGE,)),) if here else ()


def _hits(environment: Environment, ask: Ask, found: Iterable[Known]) -> Iterator[Hit]:
    """An id that no page takes is left out: in an address it could lead anywhere."""
    for one in found:
        if (why := ask.why(one)) and not problem_with_customer_id(one.id):
            yield Hit(
                one.id,
                environment,
                (why,),
                name=one.name or "",
                email=one.email or "",
                archived=one.archived,
            )


def _notes(plan: Plan) -> tuple[str, ...]:
    """What is to be said about the text itself, as that there is no customer in it."""
    if not plan.guesses:
        return (problem_with_customer_id(plan.text),)
    return tuple(g.note for g in plan.guesses if g.note and g.kind in ("unknown_address", "domain"))
