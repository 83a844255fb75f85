"""What a term may be, the likelier first. Pure: a text in, an answer out, for any text at all."""

import re
import string
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

import ada_url

from integrations_app.lookup import addresses
from integrations_app.lookup.emails import EMAIL_PATTERN, HOST, only_email_in
from integrations_app.lookup.terms import unwrapped
from integrations_app.stigg.customer_ids import problem_with_customer_id
from integrations_app.vendors import known_ids
from integrations_app.vendors.vendor import IdShape

_WORDS = re.compile(r"[^\s\"'<>()\[\]{},;:=]+")  # of what somebody searched for
_SUBSCRIPTION = re.compile(r"subscription-[\w-]{4,240}", re.ASCII)  # as Stigg makes their ids
MAX_GUESSES = 6  # each may cost the caller a call to Stigg

GuessKind = Literal[
    "desk_page",
    "stigg_page",
    "subscription",
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
        """Every form the record may be stored under: Stigg's e-mail filter is exact, and an
        international domain has two forms, bücher.example and xn--bcher-kva.example.
        """
        if self.shape:
            return self.shape.spellings(self.value)
        if self.kind in ("email", "domain"):
            lower = self.value.lower()
            name, at, domain = lower.rpartition("@")
            in_dns = ada_url.idna_to_ascii(domain).decode()
            forms = (f"{name}{at}{form}" for form in (in_dns, ada_url.idna_to_unicode(in_dns)))
            return tuple(dict.fromkeys((self.value, lower, *forms)))
        return (self.value,)


def guesses(term: str, own_hosts: Collection[str] = ()) -> tuple[Guess, ...]:
    """What a term may be, most certain first; () for a text that nothing could be found by.

    An address is what it names, or one unknown_address that says what to paste instead. Else:
    1. what its shape leaves little doubt about: a vendor's certain id, an e-mail, @domain;
    2. a Stigg customer id, whenever it may be one ("@" and "|" are legal in those);
    3. only without 1, what its shape allows: a vendor's other ids, a bare domain, and last a name.
    """
    text = unwrapped(term)
    if address := addresses.find(text):
        reading = addresses.read(address, own_hosts)
        found = (guess for record in reading.records for guess in _of_record(record))
        none = (Guess("unknown_address", address, note=reading.note),)
        return tuple(dict.fromkeys(found))[:MAX_GUESSES] or none
    text = only_email_in(text) or text
    domain = _domain(text[1:]) if text.startswith("@") else ()
    certain = _vendors_ids(text, certain=True)[:1] or _email(text) or domain
    return (*certain, *_customer_id(text), *(() if certain else _possible(text)))[:MAX_GUESSES]


def named_in(address: str, own_hosts: Collection[str] = ()) -> tuple[str, ...]:
    """Each id and e-mail that an address names, the page's first: maybe of several customers."""
    names: list[str] = []
    for record in addresses.read(address, own_hosts).records:
        text = record.text or record.id
        searched = record.kind == "text"
        names += (
            [word for word in _WORDS.findall(text) if any(_named(word))] if searched else [text]
        )
    return tuple(dict.fromkeys(names))


def _of_record(record: addresses.Record) -> Iterator[Guess]:
    if record.shape:
        yield from _of_vendor(record, record.shape)
    elif record.kind != "text":
        yield Guess(record.kind, record.id, environment=record.environment)
    else:
        for word in _WORDS.findall(record.id):
            yield from _named(word)


def _of_vendor(record: addresses.Record, shape: IdShape) -> Iterator[Guess]:
    """Some Stigg customers are named by their vendor's id. But a plain number, or an id of one's
    own, could be another's in Stigg: it is tried only where Stigg cannot search by the vendor's
    ids.
    """
    yield Guess("vendor_id", record.id, shape=shape)
    if not shape.fields or (shape.read(record.id) and not record.id.isdigit()):
        as_pasted = record.text if shape.read(record.text) == record.id else record.id
        yield from _customer_id(as_pasted)
    yield from _email(record.id)


def _named(word: str) -> Iterator[Guess]:
    """The certain id or the e-mail that one word of a search is; nothing for other words."""
    if found := (*_vendors_ids(word, certain=True)[:1], *_email(word)):
        yield from found
        yield from _customer_id(word)


def _vendors_ids(text: str, *, certain: bool) -> tuple[Guess, ...]:
    return tuple(
        Guess("vendor_id", value, shape=shape)
        for shape in known_ids()
        if shape.certain is certain and (value := shape.read(text))
    )


def _customer_id(text: str) -> tuple[Guess, ...]:
    return () if problem_with_customer_id(text) else (Guess("customer_id", text),)


def _possible(text: str) -> Iterator[Guess]:
    if _SUBSCRIPTION.fullmatch(text):
        yield Guess("subscription", text)
    yield from _vendors_ids(text, certain=False)
    yield from _domain(text)
    if len(text) <= 255 and text.strip(string.punctuation + " "):
        yield Guess("name", text)


# --- e-mails and their domains --------------------------------------------------------------------

_DOMAIN = re.compile(HOST)
_PUBLIC_MAIL = re.compile(
    r"(?:126|163|aol|fastmail|gmail|googlemail|gmx|hey|icloud|mac|mail|me|msn|naver|protonmail|qq|rediffmail|ymail"
    r"|zoho)\.com|gmx\.(?:de|net)|(?:hotmail|live|outlook|yahoo)\.(?:com?\.)?[a-z]{2,3}|pm\.me|proton\.me"
    r"|(?:free|orange)\.fr|(?:web|t-online)\.de|libero\.it|(?:mail|yandex)\.ru"
)


def _email(text: str) -> tuple[Guess, ...]:
    return (Guess("email", text),) if EMAIL_PATTERN.fullmatch(text) else ()


def _domain(text: str) -> tuple[Guess, ...]:
    domain = text.lower().removeprefix("www.").rstrip(".")
    if not _DOMAIN.fullmatch(domain):
        return ()
    public = (
        f"Anyone can have an address at {domain}, so these customers may have nothing in common."
    )
    return (Guess("domain", domain, note=public if _PUBLIC_MAIL.fullmatch(domain) else ""),)
