"""Links that the desk builds itself: what a template may say, how it is filled, and ready-made
ones.

One idea: a template's scheme and host are literal, and a value can never change them.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

from ada_url import URL

from integrations_app.links.judge import fault

PLACEHOLDERS = ("synced_entity_id", "customer_id", "billing_id")
MAX_TEMPLATE_LENGTH = 1000
MAX_VALUE_LENGTH = 255  # of an id in Stigg's contract

_PLACEHOLDER = re.compile(rf"\{{({'|'.join(PLACEHOLDERS)})\}}")
_NAMES = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)


def check_template(text: str) -> list[str]:
    """What is wrong with a template, as sentences for the form; empty when it is fine.

    Never raises.
    """
    if not text.strip():
        return ["Write an address that starts with https://."]
    if len(text) > MAX_TEMPLATE_LENGTH:
        return [f"Shorten the address to {MAX_TEMPLATE_LENGTH} characters or fewer."]
    problems = [sentence for applies, sentence in _PROBLEMS if applies(text)]
    return problems or [sentence for sentence in [fault(_sample(text))] if sentence]


def fill(template: str, values: Mapping[str, str | None]) -> str | None:
    """The address of a template for one row, or None when it cannot be built. Never raises.

    Each value is percent-encoded with nothing safe. None when a needed value is missing or blank,
    is `.` or `..` (they survive encoding and climb), or when the template is not one that
    `check_template` accepts.
    """
    if check_template(template):
        return None
    encoded = {name: _encoded(values.get(name)) for name in _PLACEHOLDER.findall(template)}
    if not all(encoded.values()):
        return None
    address = _PLACEHOLDER.sub(lambda match: encoded[match[1]], template)
    return (
        address if not fault(address) and _origin(address) == _origin(_sample(template)) else None
    )


def _sample(template: str) -> str:
    return _PLACEHOLDER.sub("x", template)


def _origin(address: str) -> str:
    """Scheme, host and port as browsers see them. Only for what `fault` has let through."""
    return URL(address).origin


def _encoded(value: str | None) -> str:
    """The value for an address; empty when it must not be used. A lone surrogate has no encoding.

    What was cut, or has U+FFFD in place of a sign, is another record's id.
    """
    if (
        value is None
        or not value.strip()
        or value in (".", "..")
        or "\ufffd" in value
        or len(value) > MAX_VALUE_LENGTH
    ):
        return ""
    try:
        return quote(value, safe="")
    except UnicodeEncodeError:
        return ""


def _is_not_plain(text: str) -> bool:
    return not (text.isascii() and text.isprintable()) or " " in text or "\\" in text


def _has_host_placeholder(text: str) -> bool:
    authority = re.split(r"[/?#]", text.removeprefix("https://"), maxsplit=1)[0]
    return "{" in authority or "}" in authority


def _has_stray_brace(text: str) -> bool:
    return re.search(r"[{}]", _PLACEHOLDER.sub("", text)) is not None


def _climbs(text: str) -> bool:
    path = re.split(r"[?#]", text, maxsplit=1)[0]
    return any(unquote(segment) in (".", "..") for segment in path.split("/"))


# In front of a placeholder a bare % would join with the value: %{customer_id} and "2e" make a dot.
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")

_PROBLEMS: tuple[tuple[Callable[[str], bool], str], ...] = (
    (_is_not_plain, "Use plain letters, digits and signs only: no blanks, accents or backslashes."),
    (lambda text: not text.startswith("https://"), "Start the address with https://."),
    (_has_host_placeholder, "Write the host out in full: a placeholder may stand only after it."),
    (_has_stray_brace, f"Use braces only for these placeholders: {_NAMES}."),
    (lambda text: not _PLACEHOLDER.search(text), f"Add a placeholder: {_NAMES}."),
    (_climbs, "Remove the . or .. part from the path."),
    (lambda text: bool(_BARE_PERCENT.search(text)), "Follow each % with two hexadecimal digits."),
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a preset asks for.

    `pattern` must match the whole answer; `example` shows what one looks like.
    """

    name: str
    label: str
    pattern: str
    example: str


@dataclass(frozen=True, slots=True)
class Preset:
    """A ready-made template. `<<name>>` stands for a parameter, which the operator answers once."""

    name: str
    vendor_identifier: str
    template: str
    parameters: tuple[Parameter, ...] = ()


def make(preset: Preset, parameters: Mapping[str, str]) -> str:
    """The template of a preset with its parameters answered; blanks around an answer do not count.

    Raises ValueError with a sentence for the form when an answer is missing or has the wrong shape.
    """
    text = preset.template
    for parameter in preset.parameters:
        answer = parameters.get(parameter.name, "").strip()
        if not re.fullmatch(parameter.pattern, answer):
            raise ValueError(f"{parameter.label} should look like {parameter.example}.")
        text = text.replace(f"<<{parameter.name}>>", answer)
    return text


_DNS_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ACCOUNT = Parameter(
    "account_id", "The Stripe account id", "acct_[A-Za-z0-9]{1,64}", "acct_1A2b3C4d5E6f7G8h"
)
_ZUORA_HOST = Parameter(
    "host", "The Zuora host", rf"(?:{_DNS_LABEL}\.){{1,3}}zuora\.com", "www.zuora.com"
)
_PORTAL = Parameter("portal_id", "The HubSpot portal id", "[0-9]{1,15}", "1234567")
_MY_DOMAIN = Parameter(
    "my_domain", "My Domain", rf"{_DNS_LABEL}(?:\.sandbox)?", "acme or acme--uat.sandbox"
)
_REGION = Parameter("region", "The Auth0 region", "[a-z]{2}(?:-[0-9])?", "us")
_TENANT = Parameter("tenant", "The Auth0 tenant", _DNS_LABEL, "acme-prod")

# Forms as public code builds them; docs/LINKS.md names who, and what nobody could confirm.
_STRIPE = "https://dashboard.stripe.com"
_RECORD = "customers/{synced_entity_id}"
_HUBSPOT = "https://app.hubspot.com/contacts/<<portal_id>>/record"
PRESETS = (
    Preset("Stripe, live", "STRIPE", f"{_STRIPE}/{_RECORD}"),
    Preset("Stripe, test", "STRIPE", f"{_STRIPE}/test/{_RECORD}"),
    Preset("Stripe account, live", "STRIPE", f"{_STRIPE}/<<account_id>>/{_RECORD}", (_ACCOUNT,)),
    Preset(
        "Stripe account, test", "STRIPE", f"{_STRIPE}/<<account_id>>/test/{_RECORD}", (_ACCOUNT,)
    ),
    Preset(
        "Zuora account",
        "ZUORA",
        "https://<<host>>/apps/CustomerAccount.do?method=view&id={synced_entity_id}",
        (_ZUORA_HOST,),
    ),
    Preset("HubSpot contact", "HUBSPOT", _HUBSPOT + "/0-1/{synced_entity_id}", (_PORTAL,)),
    Preset("HubSpot company", "HUBSPOT", _HUBSPOT + "/0-2/{synced_entity_id}", (_PORTAL,)),
    Preset(
        "Salesforce account",
        "SALESFORCE",
        "https://<<my_domain>>.lightning.force.com/lightning/r/Account/{synced_entity_id}/view",
        (_MY_DOMAIN,),
    ),
    Preset(
        "Salesforce, any record",
        "SALESFORCE",
        "https://<<my_domain>>.my.salesforce.com/{synced_entity_id}",
        (_MY_DOMAIN,),
    ),
    Preset(
        "Auth0 user",
        "AUTH0",
        "https://manage.auth0.com/dashboard/<<region>>/<<tenant>>/users/{synced_entity_id}",
        (_REGION, _TENANT),
    ),
)
