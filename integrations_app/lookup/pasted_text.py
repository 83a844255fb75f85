"""What a whole paste says about customers: every id, address, e-mail, domain and name in it.

A ticket is pasted as it is, so ids stand in sentences, behind labels, in JSON, in brackets, in
links and in signatures. Greetings and prose are never taken for names: in a ticket a name needs a
label, a legal form, or an id beside it.

Pure. Bound: the first MAX_PASTE_LENGTH characters are read, by a fixed number of passes whose
patterns look no further than 300 characters from where they start.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from integrations_app.lookup import addresses, emails
from integrations_app.lookup.emails import MARKS
from integrations_app.lookup.guesses import guesses, named_in
from integrations_app.lookup.plain import NOT_FILLED_IN, plain, without_what_is_lost
from integrations_app.lookup.terms import (
    MAX_PASTE_LENGTH,
    MAX_TERMS,
    has_legal_form,
    is_legal_form,
    split,
    unwrapped,
)
from integrations_app.vendors import known_ids, known_vendors

MAX_POSSIBLE = 10

Form = Literal["one", "list", "ticket", "placeholder", "nothing"]
EvidenceKind = Literal["id", "address", "e-mail", "domain", "name"]
_STRENGTH: dict[EvidenceKind, int] = {"id": 0, "address": 1, "e-mail": 2, "domain": 3, "name": 4}


class Evidence(NamedTuple):
    """One thing in a text that may lead to a customer; `term` is what is looked up."""

    kind: EvidenceKind
    term: str


@dataclass(frozen=True, slots=True)
class Reading:
    """`one` thing, a `list`, a `ticket` with several pieces of evidence, a `placeholder` that a
    help desk did not fill in, or `nothing`.

    `terms` are looked up, in a ticket the strongest first. `possible_ids` are other words of a
    ticket: they count where there is such a customer. `left_out` counts what is beyond MAX_TERMS
    and MAX_POSSIBLE, `unread` the characters beyond MAX_PASTE_LENGTH. `notes` are for the agent.
    """

    form: Form
    terms: tuple[str, ...] = ()
    possible_ids: tuple[str, ...] = ()
    left_out: int = 0
    unread: int = 0
    notes: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the text was left out."""
        return not (self.left_out or self.unread or self.notes)


def read(text: str, own_hosts: Collection[str] = ()) -> Reading:
    """Every piece of evidence in a text, or the one thing or the list that it is."""
    unread = max(0, len(text) - MAX_PASTE_LENGTH)
    read_from, notes = without_what_is_lost(plain(text[:MAX_PASTE_LENGTH]))
    pasted = split(read_from)
    alone = [_standing_alone(term, own_hosts) for term in pasted.terms]
    if all(alone):
        terms, left_out = tuple(dict.fromkeys(alone)), pasted.left_out
        form: Form = "list" if len(terms) > 1 else "one"
    elif evidence := _evidence(read_from, own_hosts):
        terms, possible = evidence[:MAX_TERMS], _Text(read_from, own_hosts).possible_ids()
        left_out = len(evidence) - len(terms) + max(0, len(possible) - MAX_POSSIBLE)
        form = "ticket" if len(terms) + len(possible) > 1 else "one"
        return Reading(form, terms, possible[:MAX_POSSIBLE], left_out, unread, notes)
    else:
        found = _without_evidence(read_from, pasted.terms, own_hosts)
        terms, left_out = found[:MAX_TERMS], pasted.left_out + len(found[MAX_TERMS:])
        form = "list" if len(terms) > 1 else "one"
    if not terms:
        form = "placeholder" if NOT_FILLED_IN in notes else "nothing"
    return Reading(form, terms, (), left_out, unread, notes)


def _without_evidence(
    text: str, terms: Sequence[str], own_hosts: Collection[str]
) -> tuple[str, ...]:
    """In prose the words that look like ids, else the whole as names: a letter lists no names."""
    if ids := any(map(_is_prose, terms)) and _Text(text, own_hosts).possible_ids():
        return ids
    if len(terms) == 1:
        return tuple(terms) if len(terms[0]) <= MAX_NAME_LENGTH else ()
    greetings = sum(bool(_GREETING.fullmatch(term)) for term in terms)
    return () if greetings > 1 or any(map(_is_prose, terms)) else tuple(terms)


# --- one thing, or prose? -------------------------------------------------------------------------

MAX_NAME_LENGTH = 100
_GREETING = re.compile(
    r"(?:hi|hello|hey|dear|thanks|thank you|many thanks|(?:best|kind|warm) regards|regards|best|"
    r"cheers|sincerely|good (?:morning|afternoon|evening)|sent from my \w+)"
    r"(?:[ ,]+[^\W\d_][\w.-]*){0,2}[\s,.!]*",
    re.IGNORECASE,
)
# What sentences are made of and names of companies hardly ever are.
_SENTENCE_WORDS = frozenset(
    """
    am are be been can cannot could couldn't did didn't do does doesn't don't had has have her his
    how i i'm is isn't it its it's me my not our please she shows their there they this us was
    wasn't we were what when where which who why with would wrong you your
    """.split()  # noqa: SIM905 - a table of words is easier to read than a list of strings
)


def _is_prose(term: str) -> bool:
    words = [word.strip(".,:!?\"'()").lower() for word in term.split()]
    common = sum(word in _SENTENCE_WORDS for word in words)
    return common > 1 or (common == 1 and (len(words) > 3 or term.endswith((":", "?"))))


def _standing_alone(term: str, own_hosts: Collection[str]) -> str:
    """What to look up when the whole term is one id, e-mail, address or name; "" when it is not."""
    text = _Text(term, own_hosts)
    pieces = list(text.found.values())
    is_whole = not pieces or (len(pieces) == 1 and pieces[0].term == term)
    if is_whole or _is_name_with_commas(term, pieces):
        return "" if _is_prose(term) or _GREETING.fullmatch(term) else term
    alone = len(pieces) == 1 and _ALONE.fullmatch(text.rest) and not text.possible_ids()
    return pieces[0].term if alone else ""


def _is_name_with_commas(term: str, pieces: Sequence[Evidence]) -> bool:
    """ "Smith, Jones and Partners Ltd." is one name: its end alone may be another company's."""
    parts = [part.strip() for part in term.split(",")]
    is_said = re.search("[:=]", term) or any(
        _is_prose(part) or _GREETING.fullmatch(part) for part in parts
    )
    return len(parts) > 1 and not is_said and {piece.kind for piece in pieces} == {"name"}


# --- the evidence ---------------------------------------------------------------------------------

_RECORD = "\ue000"  # stands where an id or an address was read
_MAIL = "\ue001"  # stands where an e-mail was read
_MARK = re.compile(f"[{_RECORD}{_MAIL}]")
# Around a lone piece of evidence: the display name of an e-mail, and marks.
_ALONE = re.compile(
    rf"(?:\d{{1,3}}[.)]\s)?[^\w{_MAIL}]*{_RECORD}[^\w]*"
    rf"|(?:[\w .,'’\"&-]{{0,80}}[<(\[:]+)?[^\w{_MAIL}]*{_MAIL}[^\w]*"
)

_ADDRESS = re.compile(
    rf"https?:[/\\]+[^\s<>\"{_RECORD}{_MAIL}]{{1,2000}}"
    r"|(?<![\w@./:-])(?:[a-z0-9-]{1,63}\.){1,6}[a-z]{2,63}(?::\d{1,5})?/[^\s<>\"]{1,2000}",
    re.IGNORECASE,
)
_AFTER_ADDRESS = ".,;:!?)]}'’`*_~|…"
_OWN_PATH = re.compile(r"(?<![\w/.:-])/[\w-]{1,31}/customers/[^\s/?#]{1,255}[^\s<>\"]{0,300}")

_ID = r"[^\s\"'`,;<>(){}\[\]" + MARKS + _RECORD + _MAIL + "]{1,255}"
_WHOSE = (
    r"(?:stigg|customer|client|account|company|contact|org|organi[sz]ation|tenant|external|user)"
)
_ID_LABEL = re.compile(
    rf"\b(?P<before>\w*)[ ]?\b(?:(?:{_WHOSE}|ref)[ _-]?)*"
    rf"(?P<what>id|ref|reference|key|number|no|{_WHOSE})"
    rf"\b\.?[\"'`*]{{0,3}}\s{{0,3}}(?P<sign>[:=#]|is\b)?[\s\"'`*“(<\[{{#]{{0,4}}(?P<id>(?>{_ID}))"
    r"(?![\"'`]\s?[:=])",  # then it is the next label
    re.IGNORECASE,
)
# "Invoice ID: 4711" is no customer's.
_NOT_A_CUSTOMERS = frozenset(
    """
    case charge conversation coupon event feature invoice message order payment plan price product
    refund request session subscription ticket trace transaction
    """.split()  # noqa: SIM905 - as above
)
_NO_VALUE = frozenset({"unknown", "none", "null", "undefined", "n/a", "tbd", "nil"})
_QUOTED = re.compile(
    rf"(?<![:=])(?<!: )(?<!= )[`“\"'«{{#]{{1,4}}(?P<id>{_ID})[`”\"'»}}](?!\s?[:=])"
)
_IS_A_NUMBER = re.compile(r"[\d:./-]+")  # or a date, or a time
_TOKEN = re.compile(_ID)
_GENERATED_ID = re.compile(
    r"customer-[0-9a-f]{6}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
)
_NUMBER = re.compile(r"(?<![+\w.,/$€£-])(?:\d{9,16}|\d{4}-\d{4}-\d{4})(?![\w/-])(?!\.\d)")
_NAMED_ID = re.compile(
    rf"^[^\w\n]*(?P<name>\w[^()\n]{{0,100}}?)[\s*_]*\([\s`]*(?P<id>{_ID})[\s`]*\)"
    rf"(?:,[^\n]{{0,40}})?[^\w\n]*$"
    rf"|^[^\w\n]*(?P<first>{_ID})[\s`*]*\((?P<last>\w[^()\n]{{0,100}})\)[^\w\n]*$",
    re.MULTILINE,
)
_FILES = r"(?!(?:pdf|png|jpe?g|gif|csv|txt|docx?|xlsx?|html?|js|json|py|zip|log|eml|md)\b)"
_DOMAIN_IN_TEXT = re.compile(
    r"(?<![\w@.%+-])(?:@|www\.)?"
    rf"((?:[a-z0-9](?:[a-z0-9-]{{0,61}}[a-z0-9])?\.){{1,6}}{_FILES}[a-z]{{2,24}})(?![\w@-]|\.\w)"
)
_NAME = rf"\w[^\n(){_RECORD}{_MAIL}|/:;,<>\[\]]{{1,80}}"
_NAME_LABEL = re.compile(
    rf"(?:^|[\n,{{(*|-])[ \t\"'`*{{-]{{0,9}}"
    rf"(?:{_WHOSE}|(?:{_WHOSE}[ _-]?)?name)[\"'`*]{{0,3}}[ \t]?"
    rf"[:=][ \t\"'`*]{{0,9}}"
    rf"(?P<name>\w[^\n(){_RECORD}{_MAIL}|;<>\[\]\"{{}}]{{1,100}})",
    re.IGNORECASE,
)
_NAME_BESIDE = re.compile(
    rf"^[^\w\n]*(?P<name>{_NAME}?)[ \t]*(?:\([ `]*{_RECORD}|[ \t][-–—|/]+[ \t`*]*{_RECORD})"
    rf"|{_RECORD}[ \t`*]*(?:\((?P<inside>{_NAME})\)|[-–—|/]+[ \t]+(?P<after>{_NAME})$)",
    re.MULTILINE,
)
_TICKET_WORDS = frozenset(
    """
    account address billing bug case client company contact customer dear email error fwd hello help
    hi id invoice issue link live ledger name open page payment plan problem question re record
    refund see sandbox subscription support test ticket urgent user
    """.split()  # noqa: SIM905 - as above
)


def _evidence(text: str, own_hosts: Collection[str]) -> tuple[str, ...]:
    """The evidence in a text, strongest first, each record once however often it is named."""
    read = _Text(re.sub(r";\s", "\n", text), own_hosts)  # the box joins pasted lines so
    by_record: dict[tuple[str, str], str] = {}
    for piece in sorted(read.found.values(), key=lambda piece: _STRENGTH[piece.kind]):
        taken_for = guesses(piece.term, own_hosts)
        first = (taken_for[0].kind, taken_for[0].value) if taken_for else (piece.kind, piece.term)
        by_record.setdefault(first, piece.term)
    return tuple(by_record.values())


@dataclass(slots=True)
class _Text:
    """Read from the surest kind of evidence to the weakest. A mark replaces what has been read."""

    rest: str
    own_hosts: Collection[str]
    found: dict[str, Evidence] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.take(_ADDRESS, self.address)
        self.take(_OWN_PATH, self.own_path)
        self.take(emails.IN_TEXT, lambda match: _of_kind("e-mail", emails.spelled(match)), _MAIL)
        self.take(_TOKEN, _vendors_ids)
        self.take(_NAMED_ID, _named_ids)
        self.take(_ID_LABEL, _labelled)
        self.take(_QUOTED, _quoted)
        self.take(_NUMBER, lambda match: [Evidence("id", match[0])])
        self.lone_ids()
        self.take(_DOMAIN_IN_TEXT, lambda match: [Evidence("domain", f"@{match[1]}")])
        for piece in _of_kind("name", _names(self.rest)):
            self.add(piece)

    def take(
        self,
        pattern: re.Pattern[str],
        read: Callable[[re.Match[str]], Iterable[Evidence]],
        mark: str = _RECORD,
    ) -> None:
        def replaced(match: re.Match[str]) -> str:
            pieces = list(read(match))
            for piece in pieces:
                self.add(piece)
            return _around(match[0], pieces, mark) if pieces else match[0]

        self.rest = pattern.sub(replaced, self.rest)

    def possible_ids(self) -> tuple[str, ...]:
        """Words of the rest that look like ids."""
        tokens = (part for token in _TOKEN.findall(self.rest) for part in re.split("[=:#]", token))
        words = (word.strip(".!?*_~\\/|-") for word in tokens)
        found = (
            word for word in words if _looks_like_an_id(word) and not _IS_A_NUMBER.fullmatch(word)
        )
        return tuple(dict.fromkeys(found))

    def add(self, piece: Evidence) -> None:
        self.found.setdefault(piece.term.casefold() if piece.kind != "id" else piece.term, piece)

    def address(self, match: re.Match[str]) -> Iterator[Evidence]:
        address = match[0].split("](")[0].rstrip(_AFTER_ADDRESS)
        if match[0].startswith(f"{address})") and address.count("(") > address.count(")"):
            address += ")"
        yield from self._named_in(address)

    def own_path(self, match: re.Match[str]) -> Iterator[Evidence]:
        """A page of this desk whose host was lost."""
        host = next(iter(self.own_hosts), "")
        path = match[0].rstrip(_AFTER_ADDRESS)
        if host and addresses.read(f"https://{host}{path}", self.own_hosts).records:
            yield from self._named_in(f"https://{host}{path}")

    def _named_in(self, address: str) -> Iterator[Evidence]:
        """The address, and whatever else it names: each must lead to the same customer."""
        yield Evidence("address", address)
        for name in named_in(address, self.own_hosts)[1:]:
            yield Evidence("e-mail" if "@" in name else "id", name)

    def lone_ids(self) -> None:
        """A line of its own that looks like an id, in a text of several lines."""
        lines = self.rest.split("\n")
        if sum(bool(line.strip()) for line in lines) < 2:
            return
        for number, term in enumerate(map(unwrapped, lines)):
            if _looks_like_an_id(term) and not _IS_A_NUMBER.fullmatch(term):
                self.add(Evidence("id", term))
                lines[number] = _RECORD
        self.rest = "\n".join(lines)


def _around(text: str, pieces: Sequence[Evidence], mark: str) -> str:
    """The text with its evidence marked; what stood around it may be evidence, too."""
    if pieces[0].term not in text:
        return mark
    for piece in pieces:
        text = text.replace(piece.term, mark)
    return text


def _of_kind(kind: EvidenceKind, terms: Iterable[str]) -> list[Evidence]:
    return [Evidence(kind, term) for term in terms]


def _vendors_ids(match: re.Match[str]) -> Iterator[Evidence]:
    """The ids in a token whose shape leaves little doubt: the token itself, or what a mark ends."""
    token = match[0].strip(".:!?…*_~#=\\/|")
    parts = re.split(r"[=:/*#\\]+|%20", token)
    smaller = [piece for part in parts for piece in part.split("|")]
    for candidate in dict.fromkeys([token, *parts, *smaller]):
        candidate = candidate.strip(".:!?…*_~")
        is_vendors = any(shape.certain and shape.read(candidate) for shape in known_ids())
        if is_vendors or _GENERATED_ID.fullmatch(candidate):
            yield Evidence("id", candidate)
            if candidate == token:
                return


def _named_ids(match: re.Match[str]) -> Iterator[Evidence]:
    """`Acme Inc. (acme-corp), Production`, as the desk's own summary begins, and the reverse."""
    value = match["id"] or match["first"]
    if _looks_like_an_id(value):
        yield Evidence("id", value)
        if name := _name(match["name"] or match["last"]):
            yield Evidence("name", name)


def _labelled(match: re.Match[str]) -> Iterator[Evidence]:
    """`Customer ID: x`, `customer_id=x`, `"customerId": "x"`, `Account 123456789012`.

    Without a sign between them, the value must have the look of an id; behind a label that may
    announce a name as well, it must stand alone.
    """
    value = match["id"].rstrip(".:!?*_~|")
    announces_id = not re.fullmatch(_WHOSE, match["what"], re.IGNORECASE)
    if match["before"].lower() in _NOT_A_CUSTOMERS or value.lower() in {"", *_NO_VALUE}:
        return
    explicit = match["sign"] in (":", "=") and announces_id
    if explicit or _looks_like_an_id(value):
        yield Evidence("id", value)


def _quoted(match: re.Match[str]) -> Iterator[Evidence]:
    value = match["id"].rstrip(".:!?*_~|")
    if _looks_like_an_id(value):
        yield Evidence("id", value)


def _looks_like_an_id(text: str) -> bool:
    """One word with what words do not have: a digit, or a mark between its letters."""
    return bool(re.fullmatch(r"(?=.*[\d_|@-])[\w](?:[\w|.@-]{1,253}\w)?", text))


def _names(rest: str) -> Iterator[str]:
    for match in (*_NAME_LABEL.finditer(rest), *_NAME_BESIDE.finditer(rest)):
        labelled = "inside" not in match.re.groupindex
        said = match["name"] if labelled else match["name"] or match["inside"] or match["after"]
        name = _name(said)
        sure = labelled or match["inside"] or len(name.split()) > 1 or has_legal_form(name)
        if name and sure:
            yield name
    yield from filter(None, map(_name, _with_legal_form(rest)))


def _name(text: str) -> str:
    """What stands where a name may stand; "" for prose, and for words of tickets and vendors."""
    name = unwrapped(text.strip(" *_-–—=>")).rstrip(",:")
    words = [word.strip(".,").lower() for word in name.split()]
    of_tickets = _TICKET_WORDS.intersection(words) and not has_legal_form(name)
    if not words or len(words) > 8 or _is_prose(name) or of_tickets:
        return ""
    if not re.search(r"[^\W\d_]", name) or _MARK.search(name):
        return ""
    vendors = {vendor.name.lower() for vendor in known_vendors().values()}
    return "" if name.lower() in _NO_VALUE | vendors else name


def _with_legal_form(rest: str) -> Iterator[str]:
    """`Tidal Hotels LLC` in a sentence: up to five words with capitals before a legal form."""
    words = re.split(r"(\s+)", rest)[::2]
    for end, word in enumerate(words):
        if word[:1].isupper() and is_legal_form(word.rstrip(",:;!?")):
            start = end
            while start > max(0, end - 5) and re.match(r"[A-Z0-9&]", words[start - 1]):
                start -= 1
                if words[start - 1 : start] and words[start - 1][-1:] in ",.:;!?":
                    break
            while start < end and words[start].lower() in _TICKET_WORDS:
                start += 1
            if start < end:
                yield " ".join(words[start : end + 1])
