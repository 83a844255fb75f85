"""Stigg's own words, as far as a page may quote them: in one line, cut, without likely secrets.

Stigg passes on what a vendor's API said, and such texts quote requests. The key of the desk itself
is taken out of every answer where it comes in (`transport`).
"""

import re

BLANK = "***"
_NAMES = "api[-_ ]?key|authorization|client[-_ ]?secret|password|secret|token"
_SECRETS = re.compile(
    rf"""
      (?P<name>\b(?:{_NAMES})["']?\s*[:=]\s*(?:bearer\s+|basic\s+)?|\bbearer\s+)["']?[^\s"',;]{{8,}}
    | \b(?:sk|rk|pk|whsec|server|client|publishable|shpat|xox[abp]|ghp)[-_][\w-]{{16,}}
    # a JWT, an access key, a name and password in an address, and what is long and random: that has
    # a digit soon, and to look further would take the square of a long word
    | \beyJ[\w-]{{8,}}\.[\w-]+(?:\.[\w-]*)?
    | \bAKIA[0-9A-Z]{{16}}\b
    | ://[^\s/@]+@
    | (?=[A-Za-z+/_-]{{0,100}}[0-9])[A-Za-z0-9+/_-]{{40,}}={{0,2}}
    """,
    re.IGNORECASE | re.VERBOSE,
)


def without_secrets(text: str) -> str:
    return _SECRETS.sub(lambda found: f"{found['name'] or ''}{BLANK}", text)


def quotation(text: str, limit: int) -> str:
    """At most `limit` characters of it; "…" ends a cut one."""
    said = " ".join(without_secrets(text).split())
    return said if len(said) <= limit else f"{said[: limit - 1]}…"
