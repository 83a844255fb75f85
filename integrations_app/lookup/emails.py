"""How an e-mail is recognised: as all of a term, as the only one in it, and in a running text."""

import re
from collections.abc import Iterator

HOST = r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}(?:[^\W\d_]{2,63}|xn--[a-z0-9-]{2,59})"
EMAIL_PATTERN = re.compile(rf"[^\s@<>()\[\]\",;:\\|]{{1,64}}@{HOST}")

MARKS = "‘’“”«»„（）［］【】「」『』、。，；：→"  # end a word as blanks do
# Private characters stand where a text was read already.
_MAILBOX = r"[^\s@<>()\[\]\",;:\\|`{}\ue000-\uf8ff" + MARKS + "]"
IN_TEXT = re.compile(rf"({_MAILBOX}{{1,64}})@({HOST})")
_STRICT_MAILBOX = re.compile(r"[\w.+%-]+\Z")
_LABEL = re.compile(r"(?:e-?mail|mail|q|query|user|login|from|to|cc|customer|contact)=", re.I)


def only_email_in(term: str) -> str:
    """The one of "Anna Berg <anna@acme.com>" and "E-mail: anna@acme.com"; "" for several."""
    if not re.search(r"[\s<]", term):
        return ""
    found = {email.lower(): email for email in EMAIL_PATTERN.findall(term)}
    return next(iter(found.values())) if len(found) == 1 else ""


def spelled(match: re.Match[str]) -> Iterator[str]:
    """In doubt the longer and the shorter one: "sales/ops@acme.com" may be an address of its own,
    and reading only one of the two could lead to another person.
    """
    mailbox = _LABEL.sub("", match[1]).strip("*_~'’.#=")
    strict = _STRICT_MAILBOX.search(mailbox)
    if mailbox:
        yield f"{mailbox}@{match[2]}"
    if strict and strict[0].lstrip("+%") != mailbox:
        yield f"{strict[0].lstrip('+%')}@{match[2]}"
