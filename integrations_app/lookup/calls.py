"""Which call to Stigg answers which guess, and why a customer that it gives fits."""

from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import Any, NamedTuple

from integrations_app.lookup.finding import DOMAIN, EMAIL, ID, NAME, PART_OF_NAME
from integrations_app.lookup.guesses import Guess, GuessKind
from integrations_app.stigg import Calls, Customer, StiggError
from integrations_app.stigg.graphql import SearchField, find_customers

MAX_HITS = 20
SEARCH_SECONDS = 4.0  # less than a page may take: a search must not keep an exact answer waiting


class Ask(NamedTuple):
    """One call to Stigg, and in words what it looks the text up as.

    `searches` when it needs GraphQL.

    `why` tells from a name and an e-mail why such a customer fits, or "" that it does not: an
    upstream that forgets a filter must not lead an agent to a stranger.
    """

    words: str
    why: Callable[[str, str], str]
    call: Callable[[Calls], Any]
    searches: bool = False


BY_ID: Collection[GuessKind] = ("customer_id", "stigg_page", "desk_page")


def asks(guess: Guess) -> Iterator[Ask]:
    """The calls for one guess.

    None for a vendor's id that Stigg cannot search by; guesses() also takes such a one for a
    customer's own id.
    """
    if guess.shape:
        words = guess.shape.name
        for field in guess.shape.fields:
            yield Ask(words, _always(words), search(field, *guess.spellings), searches=True)
    elif guess.kind in BY_ID:
        yield Ask("customer id", _always(ID), partial(_by_id, customer_id=guess.value))
    elif guess.kind in _BY_TEXT:
        yield from _BY_TEXT[guess.kind](guess)


def _by_id(stigg: Calls, customer_id: str) -> Customer:
    """The id that was asked for leads on, whatever the answer calls itself."""
    return stigg.get_customer(customer_id).model_copy(update={"id": customer_id})


def _by_email(guess: Guess) -> Iterator[Ask]:
    """REST compares letter by letter; in other capitals only a search finds it."""
    why = _when_same(EMAIL, guess.value, place=1)
    for spelling in guess.spellings:
        yield Ask("exact e-mail", why, _customers(email=spelling))
    yield Ask(
        "e-mail in other capitals", why, search("email", guess.value, contains=True), searches=True
    )


def _by_domain(guess: Guess) -> Iterator[Ask]:
    end = f"@{guess.value}".casefold()
    call = search("email", end, contains=True)
    yield Ask(
        "e-mail domain",
        lambda _, email: DOMAIN if email.casefold().endswith(end) else "",
        call,
        searches=True,
    )


def _by_name(guess: Guess) -> Iterator[Ask]:
    exact = _when_same(NAME, guess.value, place=0)
    yield Ask("exact name", exact, _customers(name=guess.value))
    part = search("name", guess.value, contains=True)
    yield Ask(
        "part of a name",
        lambda name, email: exact(name, email) or PART_OF_NAME,
        part,
        searches=True,
    )


_BY_TEXT: dict[GuessKind, Callable[[Guess], Iterator[Ask]]] = {
    "email": _by_email,
    "domain": _by_domain,
    "name": _by_name,
}


def first_page(customer_id: str) -> Ask:
    """What the customer's page will show; rows that come speak for their customer."""
    return Ask("customer id", _always(ID), partial(_whose_page, customer_id=customer_id))


def _whose_page(stigg: Calls, customer_id: str) -> tuple[Customer, ...]:
    try:
        page = stigg.list_integrations(customer_id)
    except StiggError:  # that is for the customer's page to say
        return ()
    return (Customer(id=customer_id),) if page.rows else ()


def suggestions(text: str, limit: int) -> Ask:
    return Ask(
        "suggestions",
        _always(PART_OF_NAME),
        search("searchQuery", text, limit=limit),
        searches=True,
    )


def search(
    field: SearchField, *values: str, contains: bool = False, limit: int = MAX_HITS + 1
) -> Callable[[Calls], Any]:
    return lambda stigg: find_customers(
        stigg, field, values, contains=contains, limit=limit, patience=SEARCH_SECONDS
    )


def _customers(**exact: str) -> Callable[[Calls], Any]:
    return lambda stigg: stigg.list_customers(limit=MAX_HITS + 1, **exact)


def _always(why: str) -> Callable[[str, str], str]:
    return lambda *_: why


def _when_same(why: str, text: str, *, place: int) -> Callable[[str, str], str]:
    return lambda *name_and_email: (
        why if name_and_email[place].casefold() == text.casefold() else ""
    )
