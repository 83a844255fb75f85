"""Is this the name that was meant? Legal forms, accents and slips of the hand. No I/O."""

import re
import unicodedata
from difflib import SequenceMatcher

from integrations_app.lookup.terms import is_legal_form

MIN_LIKENESS = 0.8
MAX_COMPARED = 100  # characters of a name; comparing costs their product
_SPELLED_OUT = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "ł": "l", "đ": "d"})


def folded(name: str) -> str:
    """A name without capitals, accents, umlauts in either spelling, marks and blanks too many."""
    plain = unicodedata.normalize("NFKD", name.casefold().translate(_SPELLED_OUT))
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    words = re.sub(r"[^\w\s]|_", " ", re.sub(r"(?<=[aou])e", "", letters)).split()
    return " ".join(words)[:MAX_COMPARED]


def core(name: str) -> str:
    """A name without its legal form: "Tidal Hotels" of "Tidal Hotels, LLC"."""
    words = name.split()
    while len(words) > 1 and is_legal_form(words[-1]):
        words.pop()
    return " ".join(words).rstrip(" ,")


def is_same(asked: str, name: str) -> bool:
    """Only one of them may leave the legal form out: two different ones are two companies."""
    if folded(asked) == folded(name):
        return True
    has_form = [core(each) != each for each in (asked, name)]
    return not all(has_form) and folded(core(asked)) == folded(core(name))


def is_like(asked: str, name: str) -> bool:
    """Whether a name, or some words of it in a row, is nearly what was asked for."""
    wanted, words = folded(core(asked)), folded(core(name)).split()
    length = max(1, len(wanted.split()))
    windows = (" ".join(words[start : start + length]) for start in range(len(words)))
    return any(
        SequenceMatcher(None, wanted, window, autojunk=False).ratio() >= MIN_LIKENESS
        for window in windows
    )


def beginnings(name: str) -> tuple[str, ...]:
    """How the longest words of a name begin: a slip is seldom among the first letters."""
    words = sorted(re.findall(r"[^\W\d_]{4,}", core(name)), key=len, reverse=True)
    return tuple(dict.fromkeys(word[:4] for word in words[:2]))
