"""Which call to Stigg answers which guess, and why a customer that it gives fits."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from integrations_app.index.entries import customers_with
from integrations_app.lookup import hits
from integrations_app.lookup.guesses import Guess, GuessKind
from integrations_app.lookup.similar import beginnings, core, is_like, is_same
from integrations_app.stigg import Calls, Customer
from integrations_app.stigg.graphql import Match, SearchField, find_customers
from integrations_app.upstream.environments import Environment

VENDORS_ID = "id in a vendor's system"  # of a vendor whose ids have no shape of their own

MAX_HITS = 20
SEARCH_SECONDS = 4.0  # less than a page may take: a search must not keep an exact answer waiting

Known = Customer | Match
Call = Callable[[Calls], tuple[Known, ...]]
Why = Callable[[Known], str]


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """One call to Stigg, and in words what it looks the text up as.

    `why` tells why a customer that came fits, or "" that it does not: an upstream that forgets a
    filter must not lead an agent to a stranger. `searches` when it needs GraphQL, `by_id` when the
    text is the customer's own id. `record` is the vendor's id that it asks for, `of` whom the index
    names for it.
    """

    words: str
    why: Why
    call: Call
    searches: bool = False
    by_id: bool = False
    record: str = ""
    of: str = ""


BY_ID: Collection[GuessKind] = ("customer_id", "stigg_page", "desk_page")


def asks(guess: Guess) -> Iterator[Ask]:
    """None for a vendor's id that Stigg cannot search by; it may be a customer's own, too."""
    if guess.shape:
        words = guess.shape.name
        for field in guess.shape.fields:
            call = search(field, *guess.spellings)
            yield Ask(words, lambda _: words, call, searches=True, record=guess.value)
    elif guess.kind in BY_ID:
        call = partial(_by_id, customer_id=guess.value)
        yield Ask("customer id", lambda _: hits.ID, call, by_id=True)
    elif guess.kind == "subscription":
        # An id alone: the customer's name would cost a second wait
        yield Ask(
            "subscription",
            lambda _: hits.SUBSCRIPTION,
            lambda stigg: (Customer(id=stigg.customer_of_subscription(guess.value)),),
        )
    elif guess.kind in _BY_TEXT:
        yield from _BY_TEXT[guess.kind](guess)


def remembered(environment: Environment, guesses: Sequence[Guess]) -> Iterator[Ask]:
    """Whom the index names for an id, believed when the customer's own record still names it.

    Reads the database.
    """
    ids = [guess for guess in guesses if guess.shape or guess.kind == "customer_id"]
    words = next((guess.shape.name for guess in ids if guess.shape), VENDORS_ID)
    spellings = {spelling for guess in ids for spelling in guess.spellings}

    def why(customer: Known) -> str:
        held = customer.record_ids if isinstance(customer, Customer) else ()
        return words if spellings.intersection(held) else ""

    for customer_id in customers_with(environment.name, spellings) if ids else ():
        call = partial(_by_id, customer_id=customer_id)
        yield Ask(words, why, call, record=ids[0].value, of=customer_id)


def _by_id(stigg: Calls, customer_id: str) -> tuple[Customer]:
    """The id that was asked for leads on, whatever the answer calls itself."""
    return (stigg.get_customer(customer_id).model_copy(update={"id": customer_id}),)


def _by_email(guess: Guess) -> Iterator[Ask]:
    """REST compares letter by letter; in other capitals only a search finds it."""
    spellings = {spelling.casefold() for spelling in guess.spellings}

    def why(customer: Known) -> str:
        return hits.EMAIL if (customer.email or "").casefold() in spellings else ""

    for spelling in guess.spellings:
        yield Ask("exact e-mail", why, _listed(email=spelling))
    other_capitals = search("email", *sorted(spellings), contains=True)
    yield Ask("e-mail in other capitals", why, other_capitals, searches=True)


def _by_domain(guess: Guess) -> Iterator[Ask]:
    ends = tuple(f"@{spelling}".casefold() for spelling in guess.spellings)

    def why(customer: Known) -> str:
        return hits.DOMAIN if (customer.email or "").casefold().endswith(ends) else ""

    yield Ask("e-mail domain", why, search("email", *ends, contains=True), searches=True)


def _by_name(guess: Guess) -> Iterator[Ask]:
    def why(customer: Known) -> str:
        return hits.NAME if _same(customer.name, guess.value) else ""

    yield Ask("exact name", why, _listed(name=guess.value))


_BY_TEXT: dict[GuessKind, Callable[[Guess], Iterator[Ask]]] = {
    "email": _by_email,
    "domain": _by_domain,
    "name": _by_name,
}


def part(text: str) -> Ask:
    """Stigg's own search, for the suggestions and for Enter: one call, which both share."""

    def why(customer: Known) -> str:
        if _same(customer.name, text):
            return hits.NAME
        held = {
            hits.PART_OF_NAME: customer.name,
            hits.PART_OF_ID: customer.id,
            hits.PART_OF_EMAIL: customer.email,
        }
        wanted = text.casefold()
        return next((why for why, of in held.items() if wanted in (of or "").casefold()), "")

    return Ask("part of a name or id", why, search("searchQuery", text), searches=True)


def similar(name: str) -> Iterator[Ask]:
    """The whole in another spelling, then whatever begins like the name's longest words."""

    def why(customer: Known) -> str:
        if is_same(name, customer.name or ""):
            return hits.OTHERWISE
        return hits.SIMILAR if is_like(name, customer.name or "") else ""

    yield Ask("similar names", why, search("name", core(name), loose=True, limit=50), searches=True)
    for beginning in beginnings(name):
        call = search("name", beginning, contains=True, limit=50)
        yield Ask("similar names", why, call, searches=True)


def search(field: SearchField, *values: str, limit: int = MAX_HITS + 1, **how: Any) -> Call:
    by = partial(find_customers, field=field, values=values, limit=limit, **how)
    return partial(by, patience=SEARCH_SECONDS)


def _listed(**exact: str) -> Call:
    return lambda stigg: stigg.list_customers(limit=MAX_HITS + 1, **exact)


def _same(text: str | None, other: str) -> bool:
    return (text or "").casefold() == other.casefold()
