"""Take a paste apart: terms without the quotes, bullets and hidden characters of copying."""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

MAX_TERMS = 20  # looked up at once
MAX_TERM_LENGTH = 2_000  # an address with a long query; ids and names end at 255
MAX_PASTE_LENGTH = 20_000


class Pasted(NamedTuple):
    """The terms of one paste, and how many more there were than MAX_TERMS."""

    terms: tuple[str, ...]
    left_out: int


# An opening and a closing mark each, also as word processors of other languages and hurried people
# give them.
_PAIRS = "\"\" '' `` “” „“ „” ”” ““ ‘’ ‚‘ ‚’ ’’ «» »« »» ‹› ›‹ 「」 『』 ＂＂ ＇＇ <> () []".split()  # noqa: SIM905 - a table
_JOINERS = "\u200c\u200d"
# Persian names and family emoji need their joiners; beside a Latin letter a joiner is only dirt.
_STRAY_JOINER = re.compile(rf"(?<![^\x00-\x7f])[{_JOINERS}]+|[{_JOINERS}]++(?![^\x00-\x7f])")
_HIDDEN = {"Cc", "Cf", "Cs"}  # control, zero-width and bidi, lone surrogates
_OBJECT = "\ufffc"  # what is left of a picture
_BULLETS = re.compile(r"^(?:[-*•‣·–] )+(?=\S)")
_SLACK_LINK = re.compile(r"<((?:mailto:|https?:)[^<>|]+)\|[^<>]*>", re.IGNORECASE)
_MAILTO = re.compile(r"mailto:([^?]*).*", re.IGNORECASE)
_NO_NAME = re.compile(r"[@_|\d]")


def unwrapped(text: str) -> str:
    """One term as the agent meant it; the same again when unwrapped twice."""
    text = text.strip()[:MAX_TERM_LENGTH]
    while (peeled := _peel(text)) != text:
        text = peeled
    return text


def _peel(text: str) -> str:
    """One layer less: quotes hide mailto:, a zero-width space hides a quote."""
    text = _visible(" ".join(text.split()))
    text = unicodedata.normalize("NFC", text)[:MAX_TERM_LENGTH].strip()
    text = _SLACK_LINK.sub(r"<\1>", _BULLETS.sub("", text))
    if mailto := _MAILTO.fullmatch(text):
        text = unquote(mailto[1])
    while (inside := _unquoted(text).strip(",; ")) != text:
        text = inside
    # The end of a sentence: "Acme Inc." keeps its dot, an id or an e-mail has none.
    return text.rstrip(".") if " " not in text and _NO_NAME.search(text) else text


def _visible(text: str) -> str:
    text = _STRAY_JOINER.sub("", text.replace(_OBJECT, ""))
    if text.isprintable():
        return text
    return "".join(c for c in text if c in _JOINERS or unicodedata.category(c) not in _HIDDEN)


def _unquoted(text: str) -> str:
    """One pair of marks less, or a lone mark where the selection began or ended too early."""
    if len(text) > 1 and text[0] + text[-1] in _PAIRS and _belong_together(text):
        return text[1:-1]
    if _lone(text[:1], text[1:]):
        return text[1:]
    # A name may end in an apostrophe: The Smiths'.
    return text[:-1] if text[-1:] not in ("'", "’") and _lone(text[-1:], text[:-1]) else text


def _belong_together(text: str) -> bool:
    """Not in '"Acme" and "Bolt"', which begins and ends with a quote; but in "'Levi's'"."""
    marks = re.escape(text[0] + text[-1])
    inside = text[1:-1].strip(text[0] + text[-1])
    return not re.search(rf"(?<!\w)[{marks}]|[{marks}](?!\w)", inside)


def _lone(mark: str, rest: str) -> bool:
    partners = {partner for pair in _PAIRS if mark in pair for partner in pair}
    return bool(partners) and partners.isdisjoint(rest)


# What a separator cannot cut: a quoted part, <…>, an address up to the next space. Then the
# separators.
_ATOM = re.compile(
    r"""
    "[^"]{0,255}" | “[^”]{0,255}” | «[^»]{0,255}» | `[^`]{0,255}` | <[^<>]{0,255}>
    | https?:// (?: (?! [,;] (?: \s | https?:) ) [^\s"<>] )*
    | [,;\t]
    | [^,;\t"“«`<h]+ | .
    """,
    re.VERBOSE | re.IGNORECASE,
)
_STANDS_ALONE = re.compile(
    r"(?!.*\s)(?:.*[0-9_@|].*|(?i:https?:).+|[a-z]+(?:[-.][a-z]+)+)|[\"“«`].*[\"”»`]"
)
# Without their dots; the last ones are two that are written as one. A list, because a pattern of
# these would backtrack.
_LEGAL_FORMS = frozenset(
    """
    ab ag aps as asa bv co company corp corporation gmbh inc incorporated kg kk limited llc llp lp
    ltd nv oy pbc plc pte pty pvt sa sarl sas se spa srl coltd pteltd ptyltd pvtltd
    """.split()  # noqa: SIM905 - a table of words is easier to read than a list of strings
)
_MOST_COMMAS = 9  # in one name


def split(text: str) -> Pasted:
    """By line, semicolon or tab always, by comma where it cannot belong to a name."""
    lines = text[:MAX_PASTE_LENGTH].splitlines()
    found = (unwrapped(term) for line in lines for run in _runs(line) for term in _by_comma(run))
    terms = tuple(dict.fromkeys(filter(None, found)))
    return Pasted(terms[:MAX_TERMS], max(0, len(terms) - MAX_TERMS))


def _runs(line: str) -> list[list[str]]:
    """The line cut at semicolons and tabs, each run cut at its commas."""
    runs = [[""]]
    for atom in _ATOM.findall(line):
        if atom in (";", "\t"):
            runs.append([""])
        elif atom == ",":
            runs[-1].append("")
        else:
            runs[-1][-1] += atom
    return runs


def _by_comma(pieces: list[str]) -> Iterator[str]:
    term = pieces[0]
    for piece in pieces[1:]:
        if term.count(",") == _MOST_COMMAS or _comma_separates(term.strip(), piece.strip()):
            yield term
            term = piece
        else:
            term += f",{piece}"
    yield term


def _comma_separates(left: str, right: str) -> bool:
    """Names hold commas ("Acme, Inc.", "Müller, Hans", "Smith, Jones & Partners"), and a torn name
    finds strangers. So a comma separates only beside something that is no part of a name (an id, an
    e-mail, an address, a quoted part) or after a finished one ("Acme Inc., Globex Ltd.").
    """
    if not left or not right:
        return True
    if is_legal_form(right):
        return False
    finished = left.endswith(">") or is_legal_form(left.split()[-1])
    return finished or bool(_STANDS_ALONE.fullmatch(left) or _STANDS_ALONE.fullmatch(right))


def has_legal_form(name: str) -> bool:
    return is_legal_form(name.split()[-1]) if name.strip() else False


def is_legal_form(text: str) -> bool:
    words = text.replace(".", "").lower().split()
    return bool(words) and _LEGAL_FORMS.issuperset(words)
