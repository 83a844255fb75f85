"""What a setting must be, where a look shows it. Values may hold a password: none is quoted."""

import re
import ssl
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from environs import ValidationError, validate

SECRET_CHARACTERS = 32


def is_time_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValidationError("is no time zone, such as Europe/Berlin.") from None


def holds_certificates(path: str) -> None:
    try:
        if path:
            ssl.create_default_context(cafile=path)
    except OSError:
        raise ValidationError("is no readable file of certificates in PEM.") from None


def is_proxy(url: str) -> None:
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        fits = False
    if url and not fits:
        raise ValidationError("is no address of a proxy, such as http://proxy.example.com:3128.")


def is_dsn(dsn: str) -> None:
    if not dsn:
        return
    from sentry_sdk.utils import BadDsn, Dsn  # a desk without one does not load it

    try:
        Dsn(dsn)
    except (BadDsn, ValueError):
        raise ValidationError("is no DSN, such as https://key@sentry.example.com/1.") from None


def former_secret(secret: str) -> str:
    """One of a list; an empty one would let anybody sign a session."""
    is_long_enough(secret or "-")
    return secret


def is_long_enough(secret: str) -> None:
    if secret and len(secret) < SECRET_CHARACTERS:
        raise ValidationError(
            f"is shorter than {SECRET_CHARACTERS} characters: anybody can guess it."
        )


def is_pattern(text: str) -> None:
    try:
        re.compile(text)
    except re.error as error:
        raise ValidationError(f"is no regular expression of Python's: {error}.") from None


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
