"""What did the agent paste?

split() and unwrapped() take the paste apart (paste.py), guesses() says what each term may be, in
order.
Pure: a text in, an answer out, for any text at all. Finding the customer is the caller's part.
"""

import re
import string
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from integrations_app.lookup import addresses
from integrations_app.lookup.paste import MAX_TERMS, Pasted, split, unwrapped
from integrations_app.stigg.customer_ids import problem_with_customer_id
from integrations_app.vendors import known_vendors
from integrations_app.vendors.vendor import IdShape

__all__ = [
    "ADDRESSES",
    "EMAIL_PATTERN",
    "HOST",
    "MAX_GUESSES",
    "MAX_TERMS",
    "Guess",
    "GuessKind",
    "Pasted",
    "guesses",
    "split",
    "unwrapped",
]

ADDRESSES = ("desk_page", "stigg_page", "unknown_address")
MAX_GUESSES = 6  # each may cost the caller a call to Stigg

GuessKind = Literal[
    "desk_page",
    "stigg_page",
    "unknown_address",
    "vendor_id",
    "customer_id",
    "email",
    "domain",
    "name",
]


@dataclass(frozen=True, slots=True)
class Guess:
    """One thing a term may be.

    `environment` is a name of this desk's for a desk_page, and the console's slug for a stigg_page.
    `shape` is what a vendor_id looks like to its vendor.
    """

    kind: GuessKind
    value: str
    environment: str = ""
    note: str = ""
    shape: IdShape | None = None

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every form the same record may be stored under; a look-up asks for any of them.

        An e-mail may have been stored as typed or in lower case, and Stigg's e-mail filter is
        exact.
        """
        if self.shape:
            return self.shape.spellings(self.value)
        if self.kind == "email":
            return tuple(dict.fromkeys((self.value, self.value.lower())))
        return (self.value,)


def guesses(term: str, own_hosts: Collection[str] = ()) -> tuple[Guess, ...]:
    """What a term may be, most certain first; () for a text that nothing could be found by.

    An address is one record, or one unknown_address that says what to paste instead. For the rest:
    1. what its shape leaves little doubt about: a vendor's certain id, an e-mail, @domain;
    2. a Stigg customer id, whenever it may be one ("@" and "|" are legal in those);
    3. only without 1, what its shape allows: a vendor's other ids, a bare domain, and last a name,
       exact or in part.
    """
    text = unwrapped(term)
    if address := addresses.find(text):
        return _from_address(address, own_hosts)
    text = _only_email_in(text) or text
    certain = _certain(text)
    return (*certain, *_customer_id(text), *(() if certain else _possible(text)))[:MAX_GUESSES]


def _from_address(address: str, own_hosts: Collection[str]) -> tuple[Guess, ...]:
    record = addresses.read(address, own_hosts)
    if record.kind == "desk":
        return (Guess("desk_page", record.id, environment=record.environment),)
    if record.kind == "stigg":
        return (Guess("stigg_page", record.id, environment=record.environment),)
    if record.shape:
        return _from_vendor(record, record.shape)
    return (Guess("unknown_address", address, note=record.note),)


def _from_vendor(record: addresses.Record, shape: IdShape) -> tuple[Guess, ...]:
    """Some Stigg customers are named by their vendor's id, in any of its forms.

    A plain number could be another customer's.
    """
    guess = Guess("vendor_id", record.id, shape=shape)
    if record.id.isdigit():
        return (guess,)
    as_pasted = record.text if shape.read(record.text) == record.id else record.id
    return (guess, *_customer_id(as_pasted))


def _certain(text: str) -> tuple[Guess, ...]:
    if found := _vendors_ids(text, certain=True):
        return found[:1]
    if EMAIL_PATTERN.fullmatch(text):
        return (Guess("email", text),)
    return _domain(text[1:]) if text.startswith("@") else ()


def _vendors_ids(text: str, *, certain: bool) -> tuple[Guess, ...]:
    shapes = (shape for vendor in known_vendors().values() for shape in vendor.ids)
    return tuple(
        Guess("vendor_id", value, shape=shape)
        for shape in shapes
        if shape.certain is certain and (value := shape.read(text))
    )


def _customer_id(text: str) -> tuple[Guess, ...]:
    return () if problem_with_customer_id(text) else (Guess("customer_id", text),)


def _possible(text: str) -> Iterator[Guess]:
    yield from _vendors_ids(text, certain=False)
    yield from _domain(text)
    if len(text) <= 255 and text.strip(string.punctuation + " "):
        yield Guess("name", text)


# --- e-mails and their domains --------------------------------------------------------------------

HOST = r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}(?:[^\W\d_]{2,63}|xn--[a-z0-9-]{2,59})"
EMAIL_PATTERN = re.compile(rf"[^\s@<>()\[\]\",;:\\|]{{1,64}}@{HOST}")
_DOMAIN = re.compile(HOST)
_PUBLIC_MAIL = re.compile(
    r"(?:126|163|aol|fastmail|gmail|googlemail|gmx|hey|icloud|mac|mail|me|msn|naver|protonmail|qq|rediffmail|ymail"
    r"|zoho)\.com|gmx\.(?:de|net)|(?:hotmail|live|outlook|yahoo)\.(?:com?\.)?[a-z]{2,3}|pm\.me|proton\.me"
    r"|(?:free|orange)\.fr|(?:web|t-online)\.de|libero\.it|(?:mail|yandex)\.ru"
)


def _only_email_in(text: str) -> str:
    """The e-mail of "Anna Berg <anna@acme.com>" and "E-mail: anna@acme.com"; "" when there are
    several.
    """
    if not re.search(r"[\s<]", text):
        return ""
    found = {email.lower(): email for email in EMAIL_PATTERN.findall(text)}
    return next(iter(found.values())) if len(found) == 1 else ""


def _domain(text: str) -> tuple[Guess, ...]:
    domain = text.lower().removeprefix("www.").rstrip(".")
    if not _DOMAIN.fullmatch(domain):
        return ()
    public = (
        f"Anyone can have an address at {domain}, so these customers may have nothing in common."
    )
    return (Guess("domain", domain, note=public if _PUBLIC_MAIL.fullmatch(domain) else ""),)
