"""Customers that had a vendor's record when the desk last saw it, checked against Stigg."""

from collections.abc import Collection, Iterator, Sequence
from functools import partial

from integrations_app.index import entries
from integrations_app.lookup.calls import Ask, Known
from integrations_app.lookup.guesses import Guess
from integrations_app.stigg import Calls, Customer, CustomerNotFound
from integrations_app.upstream.environments import Environment

VENDORS_ID = "id in a vendor's system"  # of a vendor whose ids have no shape of their own


def remembered(environment: Environment, guesses: Sequence[Guess]) -> Iterator[Ask]:
    """Believed only when the customer's own record still names that id. Reads the database."""
    ids = [guess for guess in guesses if guess.shape or guess.kind == "customer_id"]
    if not ids:
        return
    words = next((guess.shape.name for guess in ids if guess.shape), VENDORS_ID)
    spellings = {spelling for guess in ids for spelling in guess.spellings}
    for customer_id in entries.customers_with(environment.name, spellings):
        yield Ask(
            words,
            partial(_why, words=words, spellings=spellings),
            partial(_customer, customer_id=customer_id),
            record=ids[0].value,
            of=customer_id,
        )


def _customer(stigg: Calls, customer_id: str) -> tuple[Customer, ...]:
    """The customer as the index calls it; none when Stigg no longer has it."""
    try:
        return (stigg.get_customer(customer_id).model_copy(update={"id": customer_id}),)
    except CustomerNotFound:
        return ()


def _why(customer: Known, words: str, spellings: Collection[str]) -> str:
    ids = customer.record_ids if isinstance(customer, Customer) else ()
    return words if set(ids) & set(spellings) else ""
