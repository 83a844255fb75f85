"""From a text to customers.

All calls of a look-up run side by side, so it costs one wait. The exact id settles it: then nothing
else is waited for, a slow search least of all. What the page will ask is asked as soon as one
customer is likely. A name that found nobody gets a second try by similar names.

Bound: MAX_CALLS calls to Stigg for one text, with the second try; MAX_CALLS_IN_LIST for all of a
list or a ticket, the surest call of each first, and one for each word that may be an id. Beside
them the CALLS_OF_PAGE of one customer, for a ticket of two. After a miss as many again in each
other environment; one for suggestions.
"""

import logging
import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import zip_longest
from threading import Lock

from integrations_app.customer.page import prefetch
from integrations_app.lookup import addresses
from integrations_app.lookup.calls import (
    BY_ID,
    MAX_HITS,
    SEARCH_SECONDS,
    Ask,
    Known,
    asks,
    part,
    remembered,
    similar,
)
from integrations_app.lookup.guesses import Guess, guesses
from integrations_app.lookup.hits import DOMAIN, PAGE, SIMILAR, Finding, Hit, merged
from integrations_app.lookup.terms import unwrapped
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
from integrations_app.stigg.graphql import graphql_is_closed
from integrations_app.upstream.environments import Environment, among, beside
from integrations_app.upstream.problems import problem_for

logger = logging.getLogger(__name__)

MAX_CALLS = 8
CALLS_OF_PAGE = 3
MAX_CALLS_IN_LIST = 60
MIN_PART = 3  # characters of which a part is searched for, and suggested
MAX_PART = 100
REFUSAL_SECONDS = 300  # how long a key that is not allowed to search is not asked to again
TOO_MANY = (
    f"These are the first {MAX_HITS} of more customers that match. Give more of the name or the "
    "e-mail."
)
# Where ids are made: docs.stigg.io, Get a single customer integration. A name with spaces is none.
_NOBODY = (CustomerNotFound, BadRequest)
_DOCUMENTED_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_|.@-]*")


Answers = dict[Ask, tuple[Known, ...] | StiggError]


@dataclass(frozen=True, slots=True)
class Plan:
    """`barred` because the key may not search, `left_out` by the bound: in words of the calls."""

    text: str
    guesses: tuple[Guess, ...]
    asks: tuple[Ask, ...]
    barred: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

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
    (plan,) = plans_for(environment, [text], own_hosts, MAX_CALLS)
    page = ahead(environment, plan.id_of_page)
    led = None if page else _page_of_first(environment, plan)
    searches = [ask for ask in plan.asks if ask.searches]
    searching = beside().submit(answered, environment, searches, led) if searches else None
    answers = answered(environment, [ask for ask in plan.asks if not ask.searches], led)
    if page:
        answers |= _vouched_for(plan, answers, page)
    if searching and not _settled(plan, answers):
        try:  # the searches began with the exact calls, and end with the look-up's deadline
            patience = max(0, min(SEARCH_SECONDS, ends - time.monotonic()))
            answers |= searching.result(patience)
        except TimeoutError:
            late = TimedOut("the search was not answered in time")
            answers |= dict.fromkeys(searches, late)
    found = finding(environment, plan, answers)
    return _second_try(environment, [found], MAX_CALLS - len(plan.asks), ends)[0]


def find_each(
    environment: Environment,
    texts: Sequence[str],
    own_hosts: Collection[str] = (),
    most: int = MAX_CALLS_IN_LIST,
    possible_ids: Sequence[str] = (),
    *,
    opens: bool = False,
) -> tuple[Finding, ...]:
    """Look several texts up at once. There is a finding for each of those words that are ids, and
    for those of which nobody can tell. Where it `opens` a customer, its page is asked for beside.
    """
    plans = plans_for(environment, texts, own_hosts, most)
    pages = {plan.id_of_page for plan in plans} - {""}
    if opens and len(pages) == 1:
        ahead(environment, pages.pop())
    words = [Guess("customer_id", word) for word in possible_ids]
    plans += [Plan(word.value, (word,), tuple(asks(word))) for word in words]
    found = find_planned(environment, plans, most)
    told = [each for each in found[len(texts) :] if each.hits or each.problem]
    return (*found[: len(texts)], *told)


def find_planned(environment: Environment, plans: Sequence[Plan], most: int) -> tuple[Finding, ...]:
    """With what is left of `most` calls the second try. Reads no database: for any thread."""
    ends = time.monotonic() + environment.upstream.deadline_seconds
    asked = [ask for plan in plans for ask in plan.asks]
    answers = answered(environment, asked)
    found = [finding(environment, plan, answers) for plan in plans]
    return _second_try(environment, found, most - len(asked), ends)


def ahead(environment: Environment, customer_id: str) -> Future[bool] | None:
    """Ask what the page of this customer will ask, beside all else."""
    if not customer_id or problem_with_customer_id(customer_id):
        return None
    return beside().submit(prefetch, environment.visit(), customer_id)


def _page_of_first(environment: Environment, plan: Plan) -> Callable[[str], None]:
    """Asks for the page of the first likely customer; the index's only one is likely at once."""
    first = Lock()

    def led_to(customer_id: str) -> None:
        if first.acquire(blocking=False):
            ahead(environment, customer_id)

    remembered = {ask.of for ask in plan.asks if ask.of}
    if len(remembered) == 1:
        led_to(*remembered)
    return led_to


def _vouched_for(plan: Plan, answers: Answers, page: Future[bool]) -> Answers:
    """Rows that came speak for a customer whose own call failed."""
    failed = [
        ask
        for ask, answer in answers.items()
        if ask.by_id and isinstance(answer, StiggError) and not isinstance(answer, _NOBODY)
    ]
    return {ask: (Customer(id=plan.id_of_page),) for ask in failed if page.result()}


def _second_try(
    environment: Environment, found: Sequence[Finding], left: int, ends: float
) -> tuple[Finding, ...]:
    """Names that found nobody, by similar ones, with the calls and within the time left."""
    names = [each for each in found if each.is_missed_name]
    if not names or not may_search(environment):
        return tuple(found)
    in_time = time.monotonic() + SEARCH_SECONDS <= ends
    tries = [[*similar(unwrapped(each.text))] for each in names]
    asked = _in_turn(tries)[: max(0, left) if in_time else 0]
    answers = answered(environment, asked)
    second = {
        each.text: _with_similar(
            each,
            finding(environment, Plan(each.text, (), tuple(asks)), answers),
            left_out=any(ask not in asked for ask in asks),
        )
        for each, asks in zip(names, tries, strict=True)
    }
    return tuple(second.get(each.text, each) for each in found)


def _with_similar(first: Finding, second: Finding, *, left_out: bool) -> Finding:
    same = tuple(hit for hit in second.hits if hit.why[0] != SIMILAR)
    return replace(
        first,
        hits=same,
        similar=() if same else second.hits,
        tried=(*first.tried, *second.tried),
        untried=(*first.untried, *second.untried),
        left_out=(*first.left_out, "similar names") if left_out else first.left_out,
        problem=first.problem or second.problem,
    )


def answered(
    environment: Environment, asked: Sequence[Ask], led: Callable[[str], None] | None = None
) -> Answers:
    """Ask all of it side by side; each call that brings a single customer tells `led`."""
    searches = all(ask.searches for ask in asked)
    found = environment.visit(searches=searches).gather(
        **{str(number): partial(_answer, ask, led) for number, ask in enumerate(asked)}
    )
    return {ask: found[str(number)] for number, ask in enumerate(asked)}


def _answer(ask: Ask, led: Callable[[str], None] | None, stigg: Calls) -> tuple[Known, ...]:
    found = ask.call(stigg)
    fitting = {one.id for one in found if ask.why(one)}
    if led and len(fitting) == 1:
        led(*fitting)
    return found


def _settled(plan: Plan, answers: Answers) -> bool:
    """The exact id is certain; but an e-mail or a vendor's id may be another customer's as well."""
    by_id = any(ask.by_id and not isinstance(answer, StiggError) for ask, answer in answers.items())
    return by_id and not any(
        guess.kind == "email" or (guess.shape and guess.shape.fields) for guess in plan.guesses
    )


def plans_for(
    environment: Environment, texts: Sequence[str], own_hosts: Collection[str], most: int
) -> list[Plan]:
    """The surest call of each text first, then the next of each. Reads the database."""
    may = may_search(environment)
    taken_for = [guesses(text, own_hosts) for text in texts]
    possible = [_asks(environment, *each) for each in zip(texts, taken_for, strict=True)]
    allowed = [[ask for ask in asks if may or not ask.searches] for asks in possible]
    chosen = set(_in_turn(allowed)[:most])
    return [
        Plan(
            text,
            each,
            tuple(ask for ask in asks if ask in chosen),
            barred=tuple(ask.words for ask in every if ask not in asks),
            left_out=tuple(ask.words for ask in asks if ask not in chosen),
        )
        for text, each, every, asks in zip(texts, taken_for, possible, allowed, strict=True)
    ]


def _asks(environment: Environment, text: str, taken_for: tuple[Guess, ...]) -> list[Ask]:
    """None for a page of this desk, which opens. What an address names is no part of a name."""
    if _page_here(environment, taken_for):
        return []
    from_index = [*remembered(environment, taken_for)]
    exact = _in_turn([from_index, *([*asks(guess)] for guess in taken_for)])
    if not taken_for or addresses.find(unwrapped(text)):
        return exact
    name = next((guess for guess in taken_for if guess.kind == "name"), None)
    of = (name or taken_for[0]).value
    in_part = [part(of)] if name or MIN_PART <= len(of) <= MAX_PART else []
    return [*exact, *in_part]


def _in_turn(lists: Sequence[Sequence[Ask]]) -> list[Ask]:
    """The first of each, then the second of each, and so on."""
    return [ask for turn in zip_longest(*lists) for ask in turn if ask]


def _page_here(environment: Environment, taken_for: Iterable[Guess]) -> Guess | None:
    """A page of this desk in an environment that whoever looks may see: it needs no call."""
    pages = (guess for guess in taken_for if guess.kind == "desk_page")
    return next((page for page in pages if page.environment in environment.among), None)


def may_search(environment: Environment) -> bool:
    """Whether its key may use GraphQL, as far as is known: a refusal is remembered for minutes."""
    return not environment.upstream.memory.get("may-not-search")


# --- what came of it ------------------------------------------------------------------------------


@dataclass(slots=True)
class Outcome:
    """The calls of one text: answered, not allowed to be asked, or failed otherwise."""

    tried: list[tuple[Ask, tuple[Known, ...]]] = field(default_factory=list)
    untried: list[tuple[Ask, StiggError]] = field(default_factory=list)
    failed: list[tuple[Ask, StiggError]] = field(default_factory=list)

    def add(self, ask: Ask, answer: tuple[Known, ...] | StiggError) -> None:
        """Stigg may refuse a text as an id before it looks for it: then it is nobody's."""
        if not isinstance(answer, StiggError):
            self.tried.append((ask, answer))
        elif ask.searches and graphql_is_closed(answer):
            self.untried.append((ask, answer))
        elif not ask.searches and isinstance(answer, _NOBODY):
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
    if any(hit.is_exact or DOMAIN in hit.why for hit in hits):
        hits = tuple(hit for hit in hits if not hit.is_in_part)
    untried = (*plan.barred, *(ask.words for ask, _ in came.untried))
    return Finding(
        plan.text,
        environment,
        guesses=plan.guesses,
        hits=hits[:MAX_HITS] or _named_here(environment, plan),
        tried=tuple(dict.fromkeys(ask.words for ask, _ in came.tried)),
        untried=tuple(dict.fromkeys(untried)),
        left_out=tuple(dict.fromkeys(plan.left_out)),
        notes=(*_notes(plan), *((TOO_MANY,) if len(hits) > MAX_HITS else ())),
        problem=problem_for(came.failed[0][1]) if came.failed else None,
    )


def _remember(environment: Environment, came: Outcome) -> None:
    """Tell the operator of failed calls, and note a key that may not search: one that is refused
    says nothing about searching unless another call came through with it.
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


def _named_here(environment: Environment, plan: Plan) -> tuple[Hit, ...]:
    here = _page_here(environment, plan.guesses)
    seen = among(environment.among)
    return (Hit(here.value, seen[here.environment], (PAGE,)),) if here else ()


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
                record=ask.record,
            )


def _notes(plan: Plan) -> tuple[str, ...]:
    """What is to be said about the text itself, as that there is no customer in it."""
    if not plan.guesses:
        return (problem_with_customer_id(plan.text),)
    return tuple(g.note for g in plan.guesses if g.note and g.kind in ("unknown_address", "domain"))
