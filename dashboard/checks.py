"""What a setting must be, where a look shows it. Values may hold a password: none is quoted."""

import re
import ssl
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from environs import ValidationError, validate

SECRET_CHARACTERS = 32


def works(attempt: Callable[[str], object], otherwise: str) -> Callable[[str], None]:
    """A check that a value can be used for this."""

    def check(value: str) -> None:
        try:
            attempt(value)
        except (KeyError, ValueError, OSError, re.error) as error:
            raise ValidationError(otherwise.format(error)) from None

    return check


def _read_proxy(url: str) -> None:
    parts = urlsplit(url)
    if url and not (parts.scheme in ("http", "https") and parts.hostname and parts.port != 0):
        raise ValueError


def _read_dsn(dsn: str) -> None:
    if dsn:
        from sentry_sdk.utils import Dsn  # a desk without one does not load it

        Dsn(dsn)


is_time_zone = works(ZoneInfo, "is no time zone, such as Europe/Berlin.")
is_pattern = works(re.compile, "is no regular expression of Python's: {}.")
is_proxy = works(_read_proxy, "is no address of a proxy, such as http://proxy.example.com:3128.")
is_dsn = works(_read_dsn, "is no DSN, such as https://key@sentry.example.com/1.")
holds_certificates = works(
    lambda path: path and ssl.create_default_context(cafile=path),
    "is no readable file of certificates in PEM.",
)


def former_secret(secret: str) -> str:
    """One of a list; an empty one would let anybody sign a session."""
    is_long_enough(secret or "-")
    return secret


def is_long_enough(secret: str) -> None:
    if secret and len(secret) < SECRET_CHARACTERS:
        raise ValidationError(
            f"is shorter than {SECRET_CHARACTERS} characters: anybody can guess it."
        )


is_host = validate.Regexp(
    r"[^][/ ]+\Z", error="is no address to listen on, such as 0.0.0.0 or ::1 (no brackets)."
)
is_base_path = validate.Regexp(
    r"(/[A-Za-z0-9_-]+)*\Z", error="is no path, such as /desk (a slash before it, none behind)."
)


def sentences(said: list[Any]) -> str:
    """What is wrong with a setting. Of a list environs tells only which of its values."""
    return " ".join(
        f"value number {each + 1} cannot be used." if isinstance(each, int) else str(each)
        for each in said
    )
