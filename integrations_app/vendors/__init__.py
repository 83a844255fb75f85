"""Every vendor that the desk knows, one file each. A new file with a `VENDORS` is all it takes."""

import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from .vendor import IdShape, Preset, Vendor

_NAME_LENGTH = 40


@cache
def known_vendors() -> Mapping[str, Vendor]:
    """The vendors of all files in this folder, by identifier."""
    files = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]
    every = [vendor for file in files for vendor in getattr(file, "VENDORS", ())]
    return {vendor.identifier: vendor for vendor in every}


def known_ids() -> tuple[IdShape, ...]:
    return tuple(shape for vendor in known_vendors().values() for shape in vendor.ids)


def vendor_for(identifier: str) -> Vendor:
    """One that has no file gets a readable name, a badge, no domains and its identifier unchanged.

    Stigg's webhooks write identifiers in lower case, so ASCII case does not count. Other scripts
    are not folded: "ſtripe" must not become Stripe.
    """
    key = identifier.strip().upper() if identifier.isascii() else ""
    if vendor := known_vendors().get(key):
        return vendor
    name = _readable(identifier)
    return Vendor(identifier, name, _badge(name))


def presets() -> Mapping[str, tuple[Vendor, Preset]]:
    """Every ready-made link template with its vendor, by the template's name."""
    every = known_vendors().values()
    return {preset.name: (vendor, preset) for vendor in every for preset in vendor.presets}


def vendors_in_box() -> str:
    """By whose ids the look-up finds customers: "AWS, HubSpot or Stripe"."""
    *names, last = [vendor.box for vendor in known_vendors().values() if vendor.box]
    return f"{', '.join(names)} or {last}"


def _readable(identifier: str) -> str:
    """Letters and digits only, so that hostile text cannot steer the page it is shown on."""
    text = unicodedata.normalize("NFKC", identifier[:_NAME_LENGTH])
    words = "".join(character if character.isalnum() else " " for character in text).split()
    spelled = (word.capitalize() if word.isupper() or word.islower() else word for word in words)
    return " ".join(spelled)[:_NAME_LENGTH].strip() or "Unknown vendor"


def _badge(name: str) -> str:
    """Two initials, or the first two letters of a single word; a lone letter is doubled."""
    first, *rest = name.split()
    return (first[0] + rest[0][0]).upper()[:2] if rest else (first * 2)[:2].capitalize()[:2]
