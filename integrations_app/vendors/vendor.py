"""What the desk knows of a vendor: known by a text, because Stigg adds and drops identifiers."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple
from urllib.parse import unquote

Mode = Literal["LIVE", "TEST", "SANDBOX", ""]

DNS_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
CUSTOMERS_OWN_ID = (
    "It must be the id of the customer, not of an invoice or a subscription, and of the account "
    "Stigg syncs to."
)
# Stigg's pages on Stripe, on Zuora and on several billing providers, in our own words.
NO_BILLING = (
    "The customer has no subscription.",
    "The customer has only free, trial or custom-price subscriptions.",
    "No billing information was sent for the customer.",
)
OTHER_BILLING = (
    "Customer sync is switched off in this environment.",
    "The customer is synced to another billing provider; Stigg uses one for each customer.",
)


class Address(NamedTuple):
    """An address as browsers read it: the host in lower case and punycode, the rest encoded."""

    host: str
    path: str
    search: str = ""
    hash: str = ""

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """Names and decoded values of the query. A plus stays one, as in anna+billing@acme.com."""
        pairs = (pair.partition("=") for pair in self.search.removeprefix("?").split("&"))
        return [(name, unquote(value)) for name, _, value in pairs]

    @property
    def segments(self) -> list[str]:
        return [unquote(segment) for segment in self.path.split("/") if segment]


@dataclass(frozen=True, slots=True)
class IdShape:
    """How a pasted one is recognised and found. `fields` are those of Stigg's `CustomerFilter` that
    hold it. `certain` when the shape alone leaves little doubt. `near_miss` tells what else an id
    that finds nobody may be. `usual` gives the usual form, or "" when a check is wrong; `spellings`
    every form.
    """

    name: str
    pattern: re.Pattern[str]
    fields: tuple[str, ...] = ()
    near_miss: str = CUSTOMERS_OWN_ID
    certain: bool = True
    usual: Callable[[str], str] = str
    spellings: Callable[[str], tuple[str, ...]] = lambda text: (text,)

    def read(self, text: str) -> str:
        """The id that the whole text is, in its usual form; "" when it is none."""
        return self.usual(text) if self.pattern.fullmatch(text) else ""

    def in_its_place(self, text: str) -> str:
        """Of this shape, or the customer's own. What sticks to one (`cus_…*`) is left out."""
        found = self.pattern.match(text)
        stuck = text[found.end() :] if found else ""
        own = found[0] if found and not re.match(r"[\w-]", stuck) else text
        return self.read(own) or own


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """`pattern` is compared with the start of path, query and hash; its group `id` holds the id.
    `read` gives the id of that text, percent-decoded, or "" when it is none.
    """

    pattern: re.Pattern[str]
    shape: IdShape
    read: Callable[[str], str]


def customer_page(
    pattern: str, shape: IdShape, read: Callable[[str], str] | None = None
) -> CustomerPage:
    """The id ends with its segment. Without a `read` the place proves it, whatever its shape."""
    return CustomerPage(re.compile(pattern + r"(?=[/?#&]|$)"), shape, read or shape.in_its_place)


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a preset asks for: `pattern` must match the whole answer, `example` is one."""

    name: str
    label: str
    pattern: str
    example: str


@dataclass(frozen=True, slots=True)
class Preset:
    """A ready-made link template. The operator answers each parameter, `<<name>>`, once."""

    name: str
    template: str
    parameters: tuple[Parameter, ...] = ()

    def answered(self, answers: Mapping[str, str]) -> str:
        """Blanks around an answer do not count. Raises ValueError with a sentence for the form."""
        text = self.template
        for parameter in self.parameters:
            answer = answers.get(parameter.name, "").strip()
            if not re.fullmatch(parameter.pattern, answer):
                raise ValueError(f"{parameter.label} should look like {parameter.example}.")
            text = text.replace(f"<<{parameter.name}>>", answer)
        return text


@dataclass(frozen=True, slots=True)
class Vendor:
    """`domains` belong to the vendor together with every host under them: narrower than the
    registrable ones wherever its own customers publish pages beside its console. `no_page_reason`
    says why a row has no page to open. `not_synced` are Stigg's documented reasons for a row
    without a record. `mode` reads test or live and the account. `box` names the vendor where the
    look-up says what it takes.
    """

    identifier: str
    name: str
    badge: str
    domains: tuple[str, ...] = ()
    no_page_reason: str = ""
    not_synced: tuple[str, ...] = ()
    ids: tuple[IdShape, ...] = ()
    pages: tuple[CustomerPage, ...] = ()
    mode: Callable[[Address], tuple[Mode, str]] = lambda _: ("", "")
    presets: tuple[Preset, ...] = ()
    box: str = ""

    @property
    def has_record_page(self) -> bool:
        """Whether the vendor can have a page for one customer."""
        return not self.no_page_reason

    def owns(self, host: str, also: tuple[str, ...] = ()) -> bool:
        """At a dot: `evilstripe.com` and `stripe.com.evil.example` are not Stripe's."""
        return any(f".{host}".endswith(f".{domain}") for domain in (*self.domains, *also))
