"""From a pasted text to customers: which call to Stigg answers which guess.

All calls of a look-up run side by side, so it costs one wait. For a text that may be a customer id, the first page of
its integrations is asked for along with the customer: such answers are shared for some seconds, so the page that the
agent is led to needs no second wait, and rows that come speak for the customer when its own call fails. Leading every
text that may be an id straight to a page would be no quicker, and wrong for names and e-mails, which may all be ids.

Bound: MAX_CALLS calls to Stigg for one text, MAX_CALLS_IN_LIST for each of several; after a miss at most as many again
in each other environment; one for suggestions.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from typing import Any, Literal, NamedTuple

from django.core.cache import cache

from integrations_app.environments import Environment, configured
from integrations_app.finding import DOMAIN, EMAIL, ID, NAME, PAGE, PART_OF_NAME, Finding, Hit, merged
from integrations_app.graphql import Match, SearchField, find_customers
from integrations_app.lookup import Guess, Kind, guesses, problem_with_customer_id, split
from integrations_app.problems import problem_for
from integrations_app.stigg import BadRequest, Client, Customer, CustomerNotFound, Forbidden, KeyRejected, StiggError

logger = logging.getLogger(__name__)

MAX_CALLS, MAX_CALLS_IN_LIST = 7, 2
MAX_HITS = 20
SCOUT_SECONDS = 2.0  # how long other environments are waited for after a miss
REFUSAL_SECONDS = 300  # how long a key that may not search is not asked to again
SUGGESTED_AFTER, SUGGESTED_UP_TO, SUGGESTIONS = 3, 100, 8  # characters, characters, customers
TOO_MANY = f"More than {MAX_HITS} customers fit: these are the first of them. Give more of the name or the e-mail."

# --- which call answers which guess -----------------------------------------------------------------------------------


class Ask(NamedTuple):
    """One call to Stigg, and in words what it looks the text up as. `searches` when it needs GraphQL.

    `why` tells from a name and an e-mail why such a customer fits, or "" that it does not: an upstream that forgets a
    filter must not lead an agent to a stranger.
    """

    words: str
    why: Callable[[str, str], str]
    call: Callable[[Client], Any]
    searches: bool = False


_BY_ID: Collection[Kind] = ("customer_id", "stigg_page", "desk_page")
_BY_VENDORS_ID: dict[Kind, tuple[str, tuple[SearchField, ...]]] = {
    "stripe_customer": ("Stripe id", ("billingId",)),
    "zuora_id": ("Zuora id", ("billingId",)),
    "salesforce_id": ("Salesforce id", ("salesforceId",)),
    "hubspot_id": ("HubSpot id", ("crmId", "crmHubspotCompanyId")),
    "aws_account": ("AWS account", ("awsMarketplaceCustomerId",)),
    "aws_customer": ("AWS Marketplace id", ("awsMarketplaceCustomerId",)),
}


def _asks(guess: Guess) -> Iterator[Ask]:
    """The calls for one guess. None for an Auth0 id, which guesses() also takes for a customer's own id."""
    if guess.kind in _BY_VENDORS_ID:
        words, fields = _BY_VENDORS_ID[guess.kind]
        for field in fields:
            yield Ask(words, _always(words), _search(field, *guess.spellings), searches=True)
    elif guess.kind in _BY_ID:
        yield Ask("customer id", _always(ID), lambda client: client.get_customer(guess.value))
    elif guess.kind in _BY_TEXT:
        yield from _BY_TEXT[guess.kind](guess)


def _by_email(guess: Guess) -> Iterator[Ask]:
    """REST compares letter by letter; in other capitals only a search finds it."""
    why = _when_same(EMAIL, guess.value, place=1)
    for spelling in guess.spellings:
        yield Ask("exact e-mail", why, _customers(email=spelling))
    yield Ask("e-mail in other capitals", why, _search("email", guess.value, contains=True), searches=True)


def _by_domain(guess: Guess) -> Iterator[Ask]:
    end = f"@{guess.value}".casefold()
    call = _search("email", end, contains=True)
    yield Ask("e-mail domain", lambda _, email: DOMAIN if email.casefold().endswith(end) else "", call, searches=True)


def _by_name(guess: Guess) -> Iterator[Ask]:
    exact = _when_same(NAME, guess.value, place=0)
    yield Ask("exact name", exact, _customers(name=guess.value))
    part = _search("name", guess.value, contains=True)
    yield Ask("part of a name", lambda name, email: exact(name, email) or PART_OF_NAME, part, searches=True)


_BY_TEXT: dict[Kind, Callable[[Guess], Iterator[Ask]]] = {"email": _by_email, "domain": _by_domain, "name": _by_name}


def _first_page(guess: Guess) -> Ask:
    return Ask("customer id", _always(ID), lambda client: _whose_page(client, guess.value))


def _whose_page(client: Client, customer_id: str) -> tuple[Customer, ...]:
    """Rows speak for their customer. When they do not come, that is for the customer's page to say."""
    try:
        page = client.list_integrations(customer_id)
    except StiggError:
        return ()
    return (Customer(id=customer_id),) if page.rows else ()


def _customers(**exact: str) -> Callable[[Client], Any]:
    return lambda client: client.list_customers(limit=MAX_HITS + 1, **exact)


def _search(
    field: SearchField, *values: str, contains: bool = False, limit: int = MAX_HITS + 1
) -> Callable[[Client], Any]:
    return lambda client: find_customers(client, field, values, contains=contains, limit=limit)


def _always(why: str) -> Callable[[str, str], str]:
    return lambda *_: why


def _when_same(why: str, text: str, *, place: int) -> Callable[[str, str], str]:
    return lambda *name_and_email: why if name_and_email[place].casefold() == text.casefold() else ""


# --- asking -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Plan:
    """What one text may be, what of it is asked, and what is not because the key may not search."""

    text: str
    guesses: tuple[Guess, ...]
    asks: tuple[Ask, ...]
    barred: tuple[str, ...] = ()


def find(
    environment: Environment, texts: Sequence[str], own_hosts: Collection[str] = (), *, ahead: bool = False
) -> tuple[Finding, ...]:
    """Look each text up in one environment, all calls side by side. Trouble with Stigg is part of what was found.

    `ahead` asks for what the page of a customer id will need, too.
    """
    most = MAX_CALLS if len(texts) == 1 else MAX_CALLS_IN_LIST
    plans = [_plan(environment, text, own_hosts, most, ahead=ahead) for text in texts]
    answers = environment.gather(
        **{
            f"{row}-{column}": partial(ask.call, environment.client)
            for row, plan in enumerate(plans)
            for column, ask in enumerate(plan.asks)
        }
    )
    return tuple(
        _finding(environment, plan, [answers[f"{row}-{column}"] for column in range(len(plan.asks))])
        for row, plan in enumerate(plans)
    )


def _plan(environment: Environment, text: str, own_hosts: Collection[str], most: int, *, ahead: bool) -> Plan:
    taken_for = guesses(text, own_hosts)
    if _page_here(taken_for):
        return Plan(text, taken_for, ())
    in_turn = zip_longest(*map(_asks, taken_for))  # the surest call of each guess first
    asks = [ask for turn in in_turn for ask in turn if ask]
    pages = [_first_page(guess) for guess in taken_for if ahead and guess.kind in _BY_ID]
    allowed = [ask for ask in asks if not ask.searches or may_search(environment)]
    barred = tuple(ask.words for ask in asks if ask not in allowed)
    return Plan(text, taken_for, (*allowed[: most - len(pages)], *pages), barred)


def _page_here(taken_for: Iterable[Guess]) -> Guess | None:
    """The guess that names a customer and an environment of this desk: one of its own pages. It needs no call."""
    return next((g for g in taken_for if g.kind == "desk_page" and g.environment in configured()), None)


def may_search(environment: Environment) -> bool:
    """Whether the environment's key may use GraphQL, as far as is known: a refusal is remembered for some minutes."""
    return not cache.get(f"may-not-search:{environment.name}")


def _finding(environment: Environment, plan: Plan, answers: Sequence[Any]) -> Finding:
    came: dict[str, list[tuple[Ask, Any]]] = {"tried": [], "untried": [], "failed": []}
    for ask, answer in zip(plan.asks, answers, strict=True):
        came[_came_to(ask, answer)].append((ask, answer))
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


_NOT_ALLOWED = (Forbidden, KeyRejected, BadRequest)  # for GraphQL: not today, and not by this key


def _came_to(ask: Ask, answer: Any) -> Literal["tried", "untried", "failed"]:
    """Stigg may refuse a text as an id before it looks for it: then it is nobody's, and that is an answer."""
    if not isinstance(answer, StiggError):
        return "tried"
    if ask.searches:
        return "untried" if isinstance(answer, _NOT_ALLOWED) else "failed"
    return "tried" if isinstance(answer, CustomerNotFound | BadRequest) else "failed"


def _remember(environment: Environment, came: Mapping[str, Sequence[tuple[Ask, Any]]]) -> None:
    """Note a key that may not search, and tell the operator of calls that failed.

    A refused key says nothing about searching unless another call came through with it.
    """
    refused = [error for _, error in came["untried"]]
    works = any(not ask.searches for ask, _ in came["tried"])
    if any(isinstance(error, Forbidden) or (works and isinstance(error, KeyRejected)) for error in refused):
        cache.set(f"may-not-search:{environment.name}", value=True, timeout=REFUSAL_SECONDS)
        logger.warning("key may not search", extra={"environment": environment.name})
    for ask, error in came["failed"]:
        _log(environment, ask, error)


def _words(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))


def _named_here(plan: Plan) -> tuple[Hit, ...]:
    here = _page_here(plan.guesses)
    return (Hit(here.value, configured()[here.environment], (PAGE,)),) if here else ()


def _hits(environment: Environment, ask: Ask, answer: Any) -> Iterator[Hit]:
    for one in (answer,) if isinstance(answer, Customer) else answer if isinstance(answer, tuple) else ():
        name, email = one.name or "", one.email or ""
        if why := ask.why(name, email):
            yield Hit(_id(one), environment, (why,), name, email, _archived(one))


def _id(found: Customer | Match) -> str:
    return found.id if isinstance(found, Customer) else found.customer_id


def _archived(found: Customer | Match) -> bool:
    return bool(found.archived_at) if isinstance(found, Customer) else found.archived


def _notes(plan: Plan, *, too_many: bool) -> tuple[str, ...]:
    """What is to be said about the text itself: that it names no customer, or that it fits all too many."""
    if not plan.guesses:
        return (problem_with_customer_id(plan.text),)
    notes = tuple(g.note for g in plan.guesses if g.note and g.kind in ("unknown_address", "domain"))
    return (*notes, TOO_MANY) if too_many else notes


def _log(environment: Environment, ask: Ask, error: StiggError) -> None:
    """For the operator: no customer data, no key, and Stigg's trace id when there is one."""
    detail = {"kind": error.kind, "detail": str(error), "code": error.code, "trace_id": error.trace_id}
    logger.warning("stigg call failed", extra=detail | {"environment": environment.name, "call": ask.words})


# --- in other environments, and while typing --------------------------------------------------------------------------

_scouts = ThreadPoolExecutor(8, thread_name_prefix="scout")


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Where else a text was looked up after a miss: who `found` it, who `missed` it too, who gave no answer in time."""

    found: tuple[Finding, ...] = ()
    missed: tuple[Environment, ...] = ()
    late: tuple[Environment, ...] = ()


def elsewhere(missed: Finding, own_hosts: Collection[str] = (), seconds: float = SCOUT_SECONDS) -> Elsewhere:
    """Ask all other environments at once, for no longer than `seconds`. Late answers are dropped."""
    others = [other for other in configured().values() if other.name != missed.environment.name]
    running = [_scouts.submit(find, other, [missed.text], own_hosts) for other in others]
    wait(running, timeout=seconds)
    came = [future.result()[0] for future in running if not future.cancel() and future.done()]
    found = tuple(finding for finding in came if finding.hits)
    without = [finding.environment.name for finding in came if not finding.hits and not finding.problem]
    return Elsewhere(
        found,
        tuple(other for other in others if other.name in without),
        tuple(other for other in others if other.name not in without and other not in [f.environment for f in found]),
    )


def suggest(environment: Environment, text: str) -> tuple[Hit, ...]:
    """Customers to choose from while the agent types, by one call; none when that cannot help, or fails."""
    terms = split(text).terms
    if len(terms) != 1 or not _worth_suggesting(terms[0]) or not may_search(environment):
        return ()
    search = _search("searchQuery", terms[0], contains=True, limit=SUGGESTIONS)
    ask = Ask("suggestions", _always(PART_OF_NAME), search, searches=True)
    answers = environment.gather(found=partial(ask.call, environment.client))
    return _finding(environment, Plan(terms[0], (), (ask,)), list(answers.values())).hits


def _worth_suggesting(term: str) -> bool:
    """Not a letter or two, and not an address: that one names its record already."""
    addresses = ("desk_page", "stigg_page", "unknown_address")
    return SUGGESTED_AFTER <= len(term) <= SUGGESTED_UP_TO and not any(g.kind in addresses for g in guesses(term))
