"""What the address of a customer's page asks for: vendors, a text, a cursor, a size, an order."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import urlencode

from integrations_app.stigg import DEFAULT_LIMIT, MAX_LIMIT, UUID_PATTERN
from integrations_app.vendors import known_ids, vendor_for

PAGE_SIZES = (20, 50, 100)
MAX_ROWS = 2 * MAX_LIMIT  # on one page, which then takes two calls
# Stigg's names are capitals and underscores; a name that we have never seen must still fit one
# comma-joined value.
VENDOR_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)
MAX_VENDORS_CHARACTERS = 255
MAX_ROW_CHARACTERS = 255
MAX_FIND_CHARACTERS = 100
MAX_TRAIL = 20  # pages; addresses may not grow without end
START = "start"
_ONCE = ("after", "before", "limit", "trail", "row", "find", "sort")
ORDERS = ("", "vendor", "-vendor", "state", "-state")
_POSITION = re.compile(
    f"({START}|(after|before):{UUID_PATTERN.pattern})(:(?P<rows>[0-9]{{1,3}}))?", re.ASCII
)


class BadQuery(ValueError):
    """The address asks for something that no page has; `problems` are sentences for the agent."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Query:
    """Equal filters give equal addresses: vendors are sorted and said once. What changes the filter
    or the size also drops the cursor, which belongs to the list it came from.

    - `trail`: the positions of the pages that led here, each with its number of rows. Previous goes
      back over them, because not every Stigg that can go on can also go back.
    - `row`: the vendor's record that a look-up came by. Links to other pages leave it out.
    - `find`: a text that rows are to have, in the whole list.
    - `sort`: "-" is for backwards, "" is Stigg's order. A cursor drops it: the list is not whole.
    - `usual`: each agent's own size. Whoever chose one gives every address its size, so that it
      means the same to a colleague.
    """

    vendors: tuple[str, ...] = ()
    after: str | None = None
    before: str | None = None
    limit: int = DEFAULT_LIMIT
    trail: tuple[str, ...] = ()
    row: str = ""
    find: str = ""
    sort: str = ""
    usual: int = DEFAULT_LIMIT

    @classmethod
    def read(cls, parameters: Mapping[str, Sequence[str]], *, usual: int = DEFAULT_LIMIT) -> Self:
        """`vendor` may be repeated. Raises BadQuery."""
        named = filter(None, parameters.get("vendor", ()))
        vendors = tuple(sorted({vendor_for(name).identifier for name in named}))
        once = {name: parameters.get(name) or [""] for name in _ONCE}
        first = {name: values[0] for name, values in once.items()}
        repeated = [name for name, values in once.items() if len(values) > 1]
        problems = [
            *_vendor_problems(vendors),
            *(f"{name} is given several times. Give it once." for name in repeated),
            *_cursor_problems(first["after"], first["before"], first["trail"]),
            *_other_problems(first["limit"], first["row"], first["find"], first["sort"]),
        ]
        if problems:
            raise BadQuery(problems)
        find = first["find"].strip()
        has_cursor = bool(first["after"] or first["before"]) and not find
        return cls(
            vendors,
            after=(has_cursor and first["after"]) or None,
            before=(has_cursor and first["before"]) or None,
            limit=int(first["limit"] or usual),
            trail=tuple(filter(None, first["trail"].split(","))) if has_cursor else (),
            row="" if vendors or find else first["row"],
            find=find,
            sort="" if has_cursor else first["sort"],
            usual=usual,
        )

    @property
    def has_cursor(self) -> bool:
        return bool(self.after or self.before)

    @property
    def row_ids(self) -> frozenset[str]:
        """The looked-up record's id in every form that Stigg may hold; empty without one."""
        read = [(shape, shape.read(self.row)) for shape in known_ids()]
        known = {form for shape, value in read if value for form in shape.spellings(value)}
        return frozenset({self.row, *known} - {""})

    @property
    def position(self) -> str:
        """Where in its list the page is, as far as the address says."""
        if self.after:
            return f"after:{self.after}"
        return f"before:{self.before}" if self.before else START

    @property
    def offset(self) -> int | None:
        """How many rows of its list come before the page; None where the trail does not tell."""
        if self.has_cursor and not (self.trail and self.trail[0].startswith(START)):
            return None
        found = [_POSITION.fullmatch(position) for position in self.trail]
        rows = [match["rows"] for match in found if match]
        return sum(map(int, rows)) if all(rows) else None

    def start(self) -> Self:
        return replace(self, after=None, before=None, trail=(), row="")

    def finding(self, text: str) -> Self:
        return replace(self.start(), find=text)

    def sorted_by(self, name: str) -> Self:
        """By that; by it backwards where the rows are sorted by it already; then as Stigg does."""
        following = {name: f"-{name}", f"-{name}": ""}
        return replace(self, sort=following.get(self.sort, name))

    @property
    def in_words(self) -> str:
        """The filter and the order, to stand behind a number of integrations."""
        said = f" with “{self.find}”" if self.find else ""
        if self.vendors:
            said += f", {' and '.join(vendor_for(name).name for name in self.vendors)} only"
        said += f", by {self.sort.removeprefix('-')}" if self.sort else ""
        return f"{said} from Z to A" if self.sort.startswith("-") else said

    @property
    def needs_states(self) -> bool:
        """Do the rows that are shown, or their order, rest on the sync states?"""
        return bool(self.find) or "state" in self.sort

    def following(self, cursor: str, rows: int) -> Self:
        """The page after this one, which has so many rows."""
        trail = (*self.trail, f"{self.position}:{rows}")[-MAX_TRAIL:]
        return replace(self, after=cursor, before=None, trail=trail, row="")

    def preceding(self, cursor: str | None) -> Self | None:
        """The page before this one: the one that led here, else what Stigg's `cursor` says."""
        if not self.has_cursor:
            return None
        if self.trail:
            return self._at(self.trail[-1], self.trail[:-1])
        return replace(self, after=None, before=cursor, row="") if cursor else None

    def _at(self, position: str, trail: tuple[str, ...]) -> Self:
        way, _, rest = position.partition(":")
        cursor = rest.partition(":")[0]
        return replace(
            self,
            after=cursor if way == "after" else None,
            before=cursor if way == "before" else None,
            trail=() if way == START else trail,
            row="",
        )

    def toggled(self, vendor: str) -> Self:
        return replace(self.start(), vendors=tuple(sorted({vendor} ^ set(self.vendors))))

    def unfiltered(self) -> Self:
        return type(self)(limit=self.limit, sort=self.sort, usual=self.usual)

    def sized(self, limit: int) -> Self:
        return type(self)(self.vendors, limit=limit, sort=self.sort, usual=self.usual)

    @property
    def filter(self) -> Self:
        return type(self)(self.vendors, find=self.find)

    @property
    def refreshed(self) -> str:
        """The query string that asks Stigg again, past what is kept."""
        asked = str(self)
        return f"{asked}&refresh=1" if asked else "?refresh=1"

    def __str__(self) -> str:
        """The query string, `?` included; empty for the page's plain address."""
        is_plain = self.limit == self.usual == DEFAULT_LIMIT
        asked: dict[str, Any] = {"vendor": self.vendors}
        asked |= {name: getattr(self, name) for name in _ONCE}
        asked |= {"limit": "" if is_plain else self.limit, "trail": ",".join(self.trail)}
        given = {name: value for name, value in asked.items() if value}
        return f"?{urlencode(given, doseq=True, safe=',:')}" if given else ""


def _vendor_problems(vendors: Sequence[str]) -> Iterator[str]:
    if not all(map(VENDOR_PATTERN.fullmatch, vendors)):
        yield (
            "A vendor is one name of letters, digits and underscores, such as STRIPE. "
            "Repeat vendor= for several."
        )
    elif len(",".join(vendors)) > MAX_VENDORS_CHARACTERS:
        yield "That is more vendors than one filter can hold. Choose fewer."


def _cursor_problems(after: str, before: str, trail: str) -> Iterator[str]:
    positions = trail.split(",") if trail else []
    is_trail = len(positions) <= MAX_TRAIL and all(map(_POSITION.fullmatch, positions))
    if not is_trail or not all(map(UUID_PATTERN.fullmatch, filter(None, (after, before)))):
        yield (
            "This address points to a page of the list that does not exist. "
            "Start from the first page."
        )
    if after and before:
        yield "after and before exclude each other. Give one of them."


def _other_problems(limit: str, row: str, find: str, sort: str) -> Iterator[str]:
    is_number = re.fullmatch(r"[0-9]{1,3}", limit, re.ASCII)
    if limit and not (is_number and 1 <= int(limit) <= MAX_ROWS):
        yield f"limit is a whole number from 1 to {MAX_ROWS}."
    if len(row) > MAX_ROW_CHARACTERS or not row.isprintable():
        yield f"row is a vendor's id: at most {MAX_ROW_CHARACTERS} characters that can be read."
    if len(find) > MAX_FIND_CHARACTERS or not find.isprintable():
        yield f"find is a text of at most {MAX_FIND_CHARACTERS} characters that can be read."
    if sort not in ORDERS:
        yield f"sort is one of {', '.join(filter(None, ORDERS))}."
