"""A pasted text without what mail programs, chats, spreadsheets and browsers did to it. Pure."""

import html
import re
import unicodedata
from urllib.parse import unquote

SHORTENED = (
    "is a number that a spreadsheet has shortened: its last digits are lost. Format the column as "
    "text there and copy it again."
)
NOT_FILLED_IN = (
    "The help desk sent the name of a placeholder, not its value. Paste the e-mail, and tell the "
    "operator."
)
MAX_NOTES = 3


_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,31}\d{0,2});", re.IGNORECASE)
_INVISIBLE = re.compile(
    "[\u200b\u2060\ufeff\u00ad\u200e\u200f\u202a-\u202e\u2066-\u2069\ue000\ue001]"
)
_CHAT_LINK = re.compile(r"<((?:mailto:|https?:)[^<>|\s]{1,2000})\|[^<>\n]{0,300}>", re.IGNORECASE)
_JIRA_LINK = re.compile(r"\[(https?:[^\]|\s]{1,2000})\|[^\]\n]{0,2300}\]", re.IGNORECASE)
_ESCAPED = re.compile(r"\\([`*_{}\[\]()<>#+!|~&.-])")
_CELL = re.compile(r'(^|[\t;,])[ ]*="([^"\n]{0,300})"', re.MULTILINE)
_GROUPED = re.compile(r"(?<![\w.,$€£])\d{1,3}(?:,\d{3}){2,4}(?![\w,.])")
_POINT_ZERO = re.compile(r"(?<![\w.,-])(\d{5,16})\.0(?![\w.])")
_SHORTENED = re.compile(r"(?<![\w.,])\d(?:[.,]\d{1,14})?E\+\d{2}(?!\w)")
# An address that a mail broke at its end: the next line goes on with the rest of an id.
_BROKEN = re.compile(r"(https?://[^\s<>\"]{1,1900}[_=&%-])(?:\n|; )[ >]{0,4}(?=[^\s]{0,40}\d)")
# As keyboards of other scripts and word processors write them
_WIDE = re.compile("[０-９]{5,}|＠|(?<=\\w)[\u2010\u2011](?=\\w)")
_MAIL_LINK = re.compile(r"(mailto:[^\s?<>]{1,320})\?(?=\S)", re.IGNORECASE)
_ENCODED = re.compile(r"\S{0,500}%[0-9A-Fa-f]{2}\S{0,500}")
_PLACEHOLDER = re.compile(
    r"\{\{[^{}\n]{0,200}\}\}|\{%[^\n]{0,200}%\}|[%$#]\{[^{}\n]{1,200}\}|\[\[[^\[\]\n]{1,200}\]\]"
    r"|\A\s*(?:\{!?[\w.\s]{1,200}\}|<%.{0,200}%>|undefined|null|\(null\)|none|nil|nan|n/a)\s*\Z",
    re.IGNORECASE,
)


def plain(text: str) -> str:
    """The text as it was before mail, chats, sheets and browsers marked, wrapped or encoded it."""
    text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
    text = re.sub(r"\r\n?|\u2028", "\n", _INVISIBLE.sub("", text))
    text = _JIRA_LINK.sub(r" \1 ", _CHAT_LINK.sub(r" \1 ", text))
    text = _BROKEN.sub(r"\1", _ESCAPED.sub(r"\1", text))
    text = _MAIL_LINK.sub(r"\1 ", _WIDE.sub(_narrow, text))
    text = _POINT_ZERO.sub(r"\1", _CELL.sub(r"\1\2", text))
    text = _GROUPED.sub(lambda number: number[0].replace(",", ""), text)
    return _ENCODED.sub(lambda token: _decoded(token[0]), text)


def _narrow(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", match[0]).replace("\u2010", "-")


def _decoded(token: str) -> str:
    """Percent-encoded once or twice; the inside of an address is for addresses.py to read."""
    for _ in range(2):
        if "://" not in token and re.search("%[0-9A-Fa-f]{2}", token):
            try:
                token = unquote(token, errors="strict")
            except ValueError:
                return token
    return token


def without_what_is_lost(text: str) -> tuple[str, tuple[str, ...]]:
    """Without shortened numbers and placeholders that were not filled in, and a note for each."""
    notes = [f"{number} {SHORTENED}" for number in dict.fromkeys(_SHORTENED.findall(text))]
    text = _SHORTENED.sub(" ", text)
    # `{{cus_…}}` is Jira's way to mark an id; the name of a field has neither digit nor hyphen
    filled = _PLACEHOLDER.sub(lambda it: it[0] if re.search(r"[\d@-]", it[0]) else " ", text)
    return filled, (*notes[:MAX_NOTES], *((NOT_FILLED_IN,) if filled != text else ()))
