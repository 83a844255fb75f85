"""What came of a look-up: who fits, why each does, and whether one of them is certain. No I/O."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from integrations_app.lookup.guesses import Guess, GuessKind
from integrations_app.upstream.environments import Environment
from integrations_app.upstream.problems import Problem
from integrations_app.vendors.vendor import IdShape

ID = "id"
PAGE = "desk page"
SUBSCRIPTION = "subscription"
EMAIL = "e-mail"
NAME = "name"
DOMAIN = "e-mail domain"
PART_OF_NAME = "name contains"
PART_OF_ID = "id contains"
PART_OF_EMAIL = "e-mail contains"
OTHERWISE = "name, written otherwise"
SIMILAR = "similar name"
ROW = "a vendor's record"
_WEIGHTS = {
    ID: 0,
    PAGE: 0,
    EMAIL: 2,
    NAME: 3,
    OTHERWISE: 4,
    DOMAIN: 5,
    PART_OF_NAME: 6,
    PART_OF_ID: 7,
    PART_OF_EMAIL: 8,
    SIMILAR: 9,
}
_A_VENDORS_ID = 1
_IN_PART = {PART_OF_NAME, PART_OF_ID, PART_OF_EMAIL}


@dataclass(frozen=True, slots=True)
class Hit:
    """The most telling reason first; in a ticket also the words that led there. `record` is the
    vendor's id that did.
    """

    customer_id: str
    environment: Environment
    why: tuple[str, ...]
    name: str = ""
    email: str = ""
    archived: bool = False
    led_by: tuple[str, ...] = ()
    record: str = ""

    @property
    def row(self) -> str:
        """What leads on the customer's page to the row of that record."""
        return f"?{urlencode({'row': self.record})}#row" if self.record else ""

    @property
    def is_exact(self) -> bool:
        """By an id, an address or a whole e-mail."""
        return _weight(self.why[0]) <= _WEIGHTS[EMAIL]

    @property
    def is_in_part(self) -> bool:
        return set(self.why) <= _IN_PART

    @property
    def by_email_only(self) -> bool:
        """An e-mail can be shared or forwarded, so it says less about whose ticket this is."""
        return set(self.why) <= {EMAIL, DOMAIN}

    @property
    def order(self) -> tuple[Any, ...]:
        return _weight(self.why[0]), self.archived, self.name.casefold(), self.customer_id


def _weight(why: str) -> int:
    return _WEIGHTS.get(why, _A_VENDORS_ID)


def merged(hits: Iterable[Hit]) -> tuple[Hit, ...]:
    """One hit per customer with every reason, the best first. Parts say nothing beside a whole."""
    by_id: dict[str, Hit] = {}
    for hit in hits:
        known = by_id.get(hit.customer_id, hit)
        whys = {*known.why, *hit.why}
        by_id[hit.customer_id] = replace(
            known,
            why=tuple(sorted(whys - _IN_PART or whys, key=_weight)),
            name=known.name or hit.name,
            email=known.email or hit.email,
            archived=known.archived or hit.archived,
            record=known.record or hit.record,
        )
    return tuple(sorted(by_id.values(), key=lambda hit: hit.order))


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one text in one environment.

    `tried`, `untried` and `left_out` say in words what the text was looked up as, as what it could
    not be because the key may not search, and was not by the bound of calls. `similar` are
    customers that may be meant. `problem` stands for the calls that failed; hits may have come
    still.
    """

    text: str
    environment: Environment
    guesses: tuple[Guess, ...] = ()
    hits: tuple[Hit, ...] = ()
    tried: tuple[str, ...] = ()
    untried: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    similar: tuple[Hit, ...] = ()
    notes: tuple[str, ...] = ()
    problem: Problem | None = None

    @property
    def certain(self) -> Hit | None:
        """The one customer to go straight to: the only hit, with no call failed that might have
        brought another. Or the exact id, unless an e-mail or a vendor's id leads to another
        customer as well.
        """
        if len(self.hits) == 1 and not (self.problem or self.notes or self.left_out):
            return self.hits[0]
        exact = [hit for hit in self.hits if hit.why[0] == ID]
        others = [hit for hit in self.hits if hit not in exact]
        in_doubt = any(_weight(hit.why[0]) <= _WEIGHTS[EMAIL] for hit in others)
        return exact[0] if len(exact) == 1 and not in_doubt else None

    @property
    def is_missed_name(self) -> bool:
        return "name" in self.kinds and not self.hits and not self.problem

    @property
    def is_answered(self) -> bool:
        """Whether all calls that the desk knows for it were made and answered."""
        return not (self.problem or self.untried or self.left_out)

    @property
    def is_complete(self) -> bool:
        """Would it have been found if it were there? Stigg's search knows one vendor's id each."""
        return self.is_answered and not self._shape

    @property
    def _shape(self) -> IdShape | None:
        return next((guess.shape for guess in self.guesses if guess.shape), None)

    @property
    def miss(self) -> str:
        """What a miss means, and no more than that."""
        where = self.environment.label
        if self.is_complete:
            return f"Not in {where}."
        if self._shape:
            return f"Nothing with this {self._shape.name} was found in {where}."
        return f"Nothing was found in {where}, but not everything was asked."

    @property
    def outcome(self) -> str:
        """For the record: one, several or none, or the kind of problem."""
        if self.hits:
            return "one" if self.certain else "several"
        return self.problem.kind if self.problem else "none"

    @property
    def missed(self) -> list[str]:
        """What other environments are asked for."""
        return [] if self.hits or self.problem else [self.text]

    @property
    def kinds(self) -> tuple[GuessKind, ...]:
        return tuple(guess.kind for guess in self.guesses)

    @property
    def hints(self) -> tuple[str, ...]:
        """What a near miss would look like, for what the text was taken for."""
        known = [KNOWS_ONE] if self._shape and self._shape.fields else []
        near = known + [
            guess.shape.near_miss if guess.shape else _NEAR.get(guess.kind, "")
            for guess in self.guesses
        ]
        return tuple(dict.fromkeys(filter(None, near)))

    @property
    def domain(self) -> str:
        """`@domain` of a text that is an e-mail: colleagues are the nearest miss of all."""
        return f"@{self.text.rpartition('@')[2]}" if "email" in self.kinds else ""


KNOWS_ONE = (
    "Stigg's search knows one such id for each customer, so a second one is not found this way. "
    "Look the customer up by e-mail or name."
)
_NEAR: dict[GuessKind, str] = {
    "customer_id": "Capitals matter in a customer id: Acme-Corp is not acme-corp.",
    "stigg_page": (
        "The address may belong to another environment: the desk takes the customer's "
        "id from it, no more."
    ),
    "subscription": "The subscription may belong to another environment, or be gone from Stigg.",
    "email": "An e-mail is found only as Stigg keeps it: anna@acme.com is not anna.berg@acme.com.",
    "name": (
        "A name may be written otherwise in Stigg: try its most unusual word alone, "
        "without Inc. or GmbH."
    ),
    "domain": (
        "The company may use another domain for its accounts, or Stigg may hold no e-mail of it."
    ),
}
