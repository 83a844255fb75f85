"""What did the agent paste?

split() and clean() take the paste apart (paste.py), guesses() says what each term may be, in order.
Pure: a text in, an answer out, for any text at all. Finding the customer is the caller's part.
"""

import re
import string
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from integrations_app.lookup import addresses
from integrations_app.lookup.paste import LIMIT, Pasted, clean, split
from integrations_app.stigg.customer_ids import problem_with_customer_id

__all__ = [
    "LIMIT",
    "MAX_GUESSES",
    "Guess",
    "Kind",
    "Pasted",
    "clean",
    "guesses",
    "salesforce_id",
    "split",
]

MAX_GUESSES = 6  # each may cost the caller a call to Stigg

Kind = Literal[
    "desk_page",
    "stigg_page",
    "unknown_address",
    "stripe_customer",
    "auth0_id",
    "salesforce_id",
    "zuora_id",
    "email",
    "customer_id",
    "aws_account",
    "hubspot_id",
    "aws_customer",
    "domain",
    "name",
]


@dataclass(frozen=True, slots=True)
class Guess:
    """One thing a term may be.

    `environment` is a name of this desk's for a desk_page, and the console's slug for a stigg_page.
    """

    kind: Kind
    value: str
    environment: str = ""
    note: str = ""

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every form the same record may be stored under; a look-up asks for any of them.

        A Salesforce id has 18 characters or the first 15 of them. An e-mail may have been stored as
        typed or in lower case, and Stigg's e-mail filter is exact.
        """
        if self.kind == "salesforce_id":
            return self.value, self.value[:15]
        if self.kind == "email":
            return tuple(dict.fromkeys((self.value, self.value.lower())))
        return (self.value,)


def guesses(term: str, own_hosts: Collection[str] = ()) -> tuple[Guess, ...]:
    """What a term may be, most certain first; () for a text that nothing could be found by.

    An address is one record, or one unknown_address that says what to paste instead. For the rest:
    1. what its shape leaves little doubt about: a Stripe, Auth0, Salesforce or Zuora id, an e-mail,
       @domain;
    2. a Stigg customer id, whenever it may be one ("@" and "|" are legal in those);
    3. only without 1, what its shape allows: an AWS account, a HubSpot number, an AWS Marketplace
       customer, a bare domain, and last a name, exact or in part.
    """
    text = clean(term)
    if address := addresses.find(text):
        return _from_address(address, own_hosts)
    text = _only_email_in(text) or text
    certain = _certain(text)
    return (*certain, *_customer_id(text), *(() if certain else _possible(text)))[:MAX_GUESSES]


def _from_address(address: str, own_hosts: Collection[str]) -> tuple[Guess, ...]:
    record = addresses.read(address, own_hosts)
    if found := _from_stigg(record) or _from_vendor(record):
        return found
    note = record.note or addresses.no_customer_in(record.system)
    return (Guess("unknown_address", address, note=note),)


def _from_stigg(record: addresses.Record) -> tuple[Guess, ...]:
    if record.system not in (addresses.DESK, addresses.STIGG) or problem_with_customer_id(
        record.id
    ):
        return ()
    kind: Kind = "desk_page" if record.system == addresses.DESK else "stigg_page"
    return (Guess(kind, record.id, environment=record.environment),)


def _from_vendor(record: addresses.Record) -> tuple[Guess, ...]:
    if record.system not in _IN_ADDRESSES or problem_with_customer_id(record.id):
        return ()
    kind, read = _IN_ADDRESSES[record.system]
    if not (value := read(record.id)):
        return ()
    guess = Guess(kind, value)
    # Some Stigg customers are named by their vendor's id. A plain number could be another
    # customer's.
    return (guess,) if value.isdigit() else (guess, *_customer_id(record.id))


def _certain(text: str) -> tuple[Guess, ...]:
    for kind, read in _SHAPES:
        if value := read(text):
            return (Guess(kind, value),)
    if _EMAIL.fullmatch(text):
        return (Guess("email", text),)
    return _domain(text[1:]) if text.startswith("@") else ()


def _customer_id(text: str) -> tuple[Guess, ...]:
    return () if problem_with_customer_id(text) else (Guess("customer_id", text),)


def _possible(text: str) -> Iterator[Guess]:
    for kind, read in _POSSIBLE_SHAPES:
        if value := read(text):
            yield Guess(kind, value)
    yield from _domain(text)
    if len(text) <= 255 and text.strip(string.punctuation + " "):
        yield Guess("name", text)


# --- shapes: each answers with the id in its usual form, or "" ------------------------------------

_Reader = Callable[[str], str]


def _matching(pattern: str) -> _Reader:
    compiled = re.compile(pattern)
    return lambda text: text if compiled.fullmatch(text) else ""


def salesforce_id(text: str) -> str:
    """The 18-character form of a Salesforce record id; "" when it is none, or its check is wrong.

    The last three characters say which of the first fifteen are capitals, five at a time, the first
    of the five as the lowest bit (Salesforce: CASESAFEID). So a mistyped case shows.
    """
    if not re.fullmatch(r"[A-Za-z0-9]{15}(?:[A-Z0-5]{3})?", text):
        return ""
    fives = (text[start : start + 5] for start in (0, 5, 10))
    sums = (sum(1 << place for place, c in enumerate(five) if c.isupper()) for five in fives)
    whole = text[:15] + "".join((string.ascii_uppercase + "012345")[number] for number in sums)
    return whole if whole.startswith(text) else ""


_SALESFORCE_RECORDS = ("001", "003", "006")  # accounts, contacts, opportunities


def _bare_salesforce_id(text: str) -> str:
    # Fifteen characters carry no check, so only a known kind of record speaks for them.
    return salesforce_id(text) if len(text) == 18 or text[:3] in _SALESFORCE_RECORDS else ""


_stripe = _matching(r"cus_[A-Za-z0-9]{8,251}")
# A user is "<connection>|<id>" (auth0.com/docs, User profile structure), an organization
# "org_<id>".
_auth0 = _matching(
    r"(?:auth0|google-oauth2|google-apps|facebook|github|linkedin|twitter|apple|windowslive|oauth2|oidc|okta"
    r"|samlp|waad|ad|adfs|email|sms)\|[^\s/?#%\\]{1,240}|org_[A-Za-z0-9]{8,251}"
)
_zuora_id = _matching(r"[0-9a-fA-F]{32}")
_zuora_number = _matching(r"A[0-9]{8}")  # an account number, as Zuora counts by default
_hubspot = _matching(r"[1-9][0-9]{0,15}")
_aws_account = _matching(r"[0-9]{12}|[0-9]{4}-[0-9]{4}-[0-9]{4}")
# ResolveCustomer documents the identifier only as opaque; its examples have ten or eleven mixed
# characters. A capital or digit past the first character tells it from a word.
_aws_customer = _matching(r"(?=.*[a-z])(?=.*[A-Z])(?=.+[A-Z0-9])[A-Za-z0-9]{10,13}")


def _zuora(text: str) -> str:
    return _zuora_id(text).lower() or _zuora_number(text)


_SHAPES: tuple[tuple[Kind, _Reader], ...] = (
    ("stripe_customer", _stripe),
    ("auth0_id", _auth0),
    ("salesforce_id", _bare_salesforce_id),
    ("zuora_id", _zuora),
)
_POSSIBLE_SHAPES: tuple[tuple[Kind, _Reader], ...] = (
    ("aws_account", lambda text: _aws_account(text).replace("-", "")),
    ("hubspot_id", _hubspot),
    ("aws_customer", _aws_customer),
)
_IN_ADDRESSES: dict[str, tuple[Kind, _Reader]] = {
    "STRIPE": ("stripe_customer", _stripe),
    "AUTH0": ("auth0_id", _auth0),
    "SALESFORCE": ("salesforce_id", salesforce_id),
    "ZUORA": ("zuora_id", _zuora),
    "HUBSPOT": ("hubspot_id", _hubspot),
}

# --- e-mails and their domains --------------------------------------------------------------------

_HOST = r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}(?:[^\W\d_]{2,63}|xn--[a-z0-9-]{2,59})"
_EMAIL = re.compile(rf"[^\s@<>()\[\]\",;:\\|]{{1,64}}@{_HOST}")
_DOMAIN = re.compile(_HOST)
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
    found = {email.lower(): email for email in _EMAIL.findall(text)}
    return next(iter(found.values())) if len(found) == 1 else ""


def _domain(text: str) -> tuple[Guess, ...]:
    domain = text.lower().removeprefix("www.").rstrip(".")
    if not _DOMAIN.fullmatch(domain):
        return ()
    public = (
        f"Anyone can have an address at {domain}, so these customers may have nothing in common."
    )
    return (Guess("domain", domain, note=public if _PUBLIC_MAIL.fullmatch(domain) else ""),)
