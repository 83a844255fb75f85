"""Links that the desk builds: a template's scheme and host are literal, no value changes them."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import quote, unquote

from ada_url import URL

from .judge import fault

PLACEHOLDERS = ("synced_entity_id", "customer_id", "billing_id")
MAX_TEMPLATE_LENGTH = 1000
MAX_VALUE_LENGTH = 255  # of an id in Stigg's contract

_PLACEHOLDER = re.compile(rf"\{{({'|'.join(PLACEHOLDERS)})\}}")
_NAMES = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)


def check_template(text: str) -> list[str]:
    """What is wrong with a template, as sentences for the form; [] if nothing. Never raises."""
    if not text.strip():
        return ["Write an address that starts with https://."]
    if len(text) > MAX_TEMPLATE_LENGTH:
        return [f"Shorten the address to {MAX_TEMPLATE_LENGTH} characters or fewer."]
    problems = [sentence for applies, sentence in _PROBLEMS if applies(text)]
    return problems or [sentence for sentence in [fault(_sample(text))] if sentence]


def fill(template: str, values: Mapping[str, str | None]) -> str | None:
    """The address of a template for one row, or None. Never raises.

    Each value is percent-encoded with nothing safe. None when a needed one is missing, blank, `.`
    or `..` (they survive encoding and climb), or the template fails `check_template`.
    """
    if check_template(template):
        return None
    encoded = {name: _encoded(values.get(name)) for name in _PLACEHOLDER.findall(template)}
    if not all(encoded.values()):
        return None
    address = _PLACEHOLDER.sub(lambda match: encoded[match[1]], template)
    is_safe = not fault(address) and _origin(address) == _origin(_sample(template))
    return address if is_safe else None


def _sample(template: str) -> str:
    return _PLACEHOLDER.sub("x", template)


def _origin(address: str) -> str:
    """Scheme, host and port as browsers see them. Only for what `fault` has let through."""
    return URL(address).origin


def _encoded(value: str | None) -> str:
    """Empty for a lone surrogate, and for what was cut or has U+FFFD in it: another's id."""
    if not value or not value.strip() or value in (".", ".."):
        return ""
    if "\ufffd" in value or len(value) > MAX_VALUE_LENGTH:
        return ""
    try:
        return quote(value, safe="")
    except UnicodeEncodeError:
        return ""


def _has_host_placeholder(text: str) -> bool:
    authority = re.split(r"[/?#]", text.removeprefix("https://"), maxsplit=1)[0]
    return "{" in authority or "}" in authority


def _climbs(text: str) -> bool:
    path = re.split(r"[?#]", text, maxsplit=1)[0]
    return any(unquote(segment) in (".", "..") for segment in path.split("/"))


# In front of a placeholder a bare % would join with the value: %{customer_id} and "2e" make a dot.
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")

_PROBLEMS: tuple[tuple[Callable[[str], bool], str], ...] = (
    (
        lambda text: not re.fullmatch(r"[!-\[\]-~]*", text),
        "Use only letters, digits and punctuation: no blanks, accents or backslashes.",
    ),
    (lambda text: not text.startswith("https://"), "Start the address with https://."),
    (_has_host_placeholder, "Write the host out in full: a placeholder may stand only after it."),
    (
        lambda text: bool(re.search(r"[{}]", _PLACEHOLDER.sub("", text))),
        f"Use braces only for these placeholders: {_NAMES}.",
    ),
    (lambda text: not _PLACEHOLDER.search(text), f"Add a placeholder: {_NAMES}."),
    (_climbs, "Remove the . or .. part from the path."),
    (lambda text: bool(_BARE_PERCENT.search(text)), "Follow each % with two hexadecimal digits."),
)
