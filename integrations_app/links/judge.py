"""What an outbound link may be: verified, unfamiliar, refused or missing, and why.

One idea: what is written must be what opens. The raw text is held to a strict shape, then read
again by the parser that browsers use (WHATWG, by ada-url), and both must name the same host.
`urlsplit` is not asked: it sees another host than browsers do in
`https://evil.example\\@vendor.example/`.
"""

import re
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple, Self

from ada_url import URL, idna_to_unicode
from publicsuffixlist import PublicSuffixList

from integrations_app.vendors.vendor import Address, Mode, Vendor

LinkKind = Literal["verified", "unfamiliar", "refused", "missing"]

MAX_LENGTH = 2048
_SHOWN_LENGTH = 300

_COPY_ID = " Copy the id and look it up in the vendor's own system."
_NO_LINK = f"Stigg gives no link for this row.{_COPY_ID}"
_CHECK_HOST = " Check the host before you open it."
_MODES = ("LIVE", "TEST", "SANDBOX")
_TOO_LONG = "This address is too long."
_MALFORMED = "This address is malformed."

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)+(?=[a-z]){_LABEL}")
# As browsers see it: labels of DNS with an optional last dot, or an IPv6 address
_HOST = re.compile(r"(?=.{1,254}\Z)(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?|\[[0-9a-f:.]+\]")
_AUTHORITY = re.compile(
    r"https?://(?P<host>\[[0-9a-f:.]+\]|[^:/?#\[\]]+)(?::(?P<port>[0-9]{1,5}))?(?=[/?#]|\Z)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Link:
    """`url` is what will be opened; of a refused one the raw text made safe to show, never to open.
    `host` is as browsers see it, in punycode. `reason` is a sentence for the agent, `odd` one about
    how an unfamiliar address is written: its host may be well known.
    """

    kind: LinkKind
    url: str
    host: str
    reason: str
    mode: Mode = ""
    account: str = ""
    odd: str = ""

    @property
    def written(self) -> str:
        """The host in its own letters; "" where those are the same."""
        written = idna_to_unicode(self.host)
        return written if written != self.host else ""


class _Address(NamedTuple):
    """An address as it is written, then as browsers read it. What cannot be read is empty."""

    text: str
    written: str = ""  # the host, in lower case
    port: str = ""
    href: str = ""
    opened: Address = Address("", "")

    @classmethod
    def read(cls, text: str) -> Self:
        if len(text) > MAX_LENGTH:
            return cls(text)
        try:
            written, opened = _AUTHORITY.match(text), URL(text)
        except ValueError:  # a lone surrogate ends here too
            return cls(text)
        host, port = (written["host"].lower(), written["port"] or "443") if written else ("", "")
        parts = Address(opened.hostname, opened.pathname, opened.search, opened.hash)
        return cls(text, host, port, opened.href, parts)

    @property
    def host(self) -> str:
        return self.opened.host


def judge(url: str | None, vendor: Vendor, extra_domains: Collection[str] = ()) -> Link:
    """Never raises. `extra_domains` are hosts that an operator trusts for this vendor."""
    text = url or ""
    if not text.strip():
        return Link("missing", "", "", _NO_LINK)
    address = _Address.read(text)
    if sentence := _fault(address):
        host = address.host if address.href.startswith(("https://", "http://")) else ""
        return Link("refused", _shown(text), host, sentence + _COPY_ID)
    odd = _odd(address)
    if doubt := odd or _unknown(address.host, vendor, extra_domains):
        return Link("unfamiliar", address.href, address.host, doubt + _CHECK_HOST, odd=odd)
    mode, account = vendor.mode(address.opened)
    return Link("verified", address.href, address.host, "", mode, account)


def fault(text: str) -> str:
    """Why an address can never be opened; "" for well-formed http and https. Never raises."""
    return _fault(_Address.read(text))


def _fault(address: _Address) -> str:
    return next((sentence for applies, sentence in _FAULTS if applies(address)), "")


def is_domain(text: str) -> bool:
    """What an operator may trust: lower case, punycode, and no suffix where anybody can publish."""
    return _DOMAIN.fullmatch(text) is not None and not is_public_suffix(text)


def is_public_suffix(domain: str) -> bool:
    """Whether anybody can publish under it, as under `co.uk` and `github.io`: publicsuffix.org."""
    return _public_suffixes().is_public(domain)


@cache
def _public_suffixes() -> PublicSuffixList:
    """The list inside the package. Nothing is loaded before an operator trusts a host."""
    return PublicSuffixList()


def mode_warning(mode: str, live: bool | None, environment_label: str) -> str:  # noqa: FBT001 - a fact, not a switch
    """A sentence when a link's mode does not fit its environment; "" if it does or is unknown."""
    if live is None or mode not in _MODES or (mode == "LIVE") is live:
        return ""
    stage = "a live environment" if live else "not a live environment"
    return f"This is a {mode.lower()} link, but {environment_label} is {stage}."


def _has_hidden(address: _Address) -> bool:
    """Controls, blanks, bidi and zero-width characters, surrogates: shown is not what opens."""
    text = address.text
    if text.isascii():
        return " " in text or not text.isprintable()
    return any(unicodedata.category(character)[0] in "CZ" for character in text)


def _is_disguised(address: _Address) -> bool:
    """Percent-encoding, full-width letters, ideographic dots, zero-width joiners, numbers in hex or
    octal. A true international name reads back as written.
    """
    return address.written != address.host and address.written != idna_to_unicode(address.host)


# In this order: each test may rely on the ones before it.
_FAULTS: tuple[tuple[Callable[[_Address], bool], str], ...] = (
    (lambda address: len(address.text) > MAX_LENGTH, _TOO_LONG),
    (_has_hidden, "This address contains blanks or hidden characters."),
    (
        lambda address: "\\" in address.text,
        "This address contains a backslash, which hides where it leads.",
    ),
    (
        lambda address: address.text.lower().startswith(("javascript:", "data:", "vbscript:")),
        "This is a script, not the address of a page: opening it would run it here.",
    ),
    (
        lambda address: not address.text[:8].lower().startswith(("https://", "http://")),
        "This is not a full web address.",
    ),
    (  # also after `?` or `#`, where parsers of different age disagree
        lambda address: "@" in address.text.split("://", 1)[1].split("/", 1)[0],
        "This address puts a name before an @ sign, which hides where it leads.",
    ),
    (lambda address: not (address.written and _HOST.fullmatch(address.host)), _MALFORMED),
    (_is_disguised, "The host in this address is written in a way that hides where it leads."),
    (lambda address: len(address.href) > MAX_LENGTH, _TOO_LONG),
)


def _odd(address: _Address) -> str:
    """Why a well-formed address is not verified, whatever its host; empty when it may be.

    Nobody can tell non-ASCII letters apart by eye. Browsers keep cookies and certificates of
    `vendor.example.` and `vendor.example` apart.
    """
    text, host = address.text, address.host
    if text[:7].lower() == "http://":
        return "This address uses plain http, which others on the network can read."
    if not text.isascii():
        return "This address uses letters that can look like other letters."
    if not text.startswith("https://") or host.endswith("."):
        return "This address is written in an unusual way."
    if address.port != "443":
        return f"This address names port {address.port}, which is unusual."
    return ""


def _unknown(host: str, vendor: Vendor, extra_domains: Collection[str]) -> str:
    """Why a host is not the vendor's; empty when it is."""
    if vendor.owns(host, tuple(filter(is_domain, extra_domains))):
        return ""
    known = f"{host} is not a known host of" if vendor.domains else "The desk knows no host of"
    return f"{known} {vendor.name}."


def _shown(text: str) -> str:
    """Refused text, safe to show and cut: hidden characters become a visible mark."""
    cut = text if len(text) <= _SHOWN_LENGTH else text[: _SHOWN_LENGTH - 1] + "…"
    return "".join(
        c if c == " " or unicodedata.category(c)[0] not in "CZ" else "\ufffd" for c in cut
    )
