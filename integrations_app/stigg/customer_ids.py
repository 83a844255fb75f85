"""What a customer's id may be."""

import re

_FORBIDDEN = "/\\?#%"
_ID = re.compile(rf"[^{re.escape(_FORBIDDEN)}]{{1,255}}")


def problem_with_customer_id(text: str) -> str:
    """What is wrong with a customer id, and what one looks like; "" for a text that may be one.

    Stigg documents ^[a-zA-Z0-9][a-zA-Z0-9_|.@-]*$ where ids are made (docs.stigg.io, Get a single
    customer integration), but only a length of 1 to 255 where they are read, and older ids exist.
    Refused is what would change the path asked for: "." and ".." survive percent-encoding and climb
    in it.
    """
    is_plain = _ID.fullmatch(text) and text.isprintable() and text == text.strip()
    if is_plain and text not in (".", ".."):
        return ""
    return f"{_what_is_wrong(text)} An id looks like customer-6e24b4."


def _what_is_wrong(text: str) -> str:
    if not text:
        return "No customer id was given."
    if len(text) > 255:
        return f"A customer id has at most 255 characters; this has {len(text):,}."
    if mark := next((mark for mark in _FORBIDDEN if mark in text), ""):
        return f"A customer id has no “{mark}” in it."
    if text != text.strip():
        return "A customer id does not begin or end with a space."
    if not text.isprintable():
        return "A customer id has no hidden characters in it."
    return "Dots alone are not a customer id."
