"""What the address of a customer's page asks for: vendors, a cursor, a size."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode

from integrations_app.stigg import DEFAULT_LIMIT, MAX_LIMIT, UUID_PATTERN
from integrations_app.vendors import vendor_for

PAGE_SIZES = (20, 50, 100)
# Stigg's names are capitals and underscores; a name that we have never seen must still fit one
# comma-joined value.
VENDOR_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)
MAX_VENDORS_CHARACTERS = 255
START = "start"


class BadQuery(ValueError):
    """The address asks for something that no page has; `problems` are sentences for the agent."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Query:
    """What a page's address asks for.

    Equal filters give equal addresses: vendors are sorted and said once.

    Whatever changes the filter or the size also drops the cursor, which belongs to the list it came
    from.
    """

    vendors: tuple[str, ...] = ()
    after: str | None = None
    before: str | None = None
    limit: int = DEFAULT_LIMIT

    @classmethod
    def read(cls, parameters: Mapping[str, Sequence[str]]) -> Self:
        """Read `vendor` (repeated), `after`, `before` and `limit`.

        Raises BadQuery with all that is wrong.
        """
        vendors = tuple(
            sorted(
                {vendor_for(vendor).identifier for vendor in parameters.get("vendor", ()) if vendor}
            )
        )
        once = {name: parameters.get(name, ()) for name in ("after", "before", "limit")}
        first = {name: values[0] if values else "" for name, values in once.items()}
        repeated = [name for name, values in once.items() if len(values) > 1]
        problems = [
            *_vendor_problems(vendors),
            *(f"{name} is given several times. Give it once." for name in repeated),
            *_cursor_problems(first["after"], first["before"]),
            *_limit_problems(first["limit"]),
        ]
        if problems:
            raise BadQuery(problems)
        return cls(
            vendors,
            after=first["after"] or None,
            before=first["before"] or None,
            limit=int(first["limit"] or DEFAULT_LIMIT),
        )

    @property
    def has_cursor(self) -> bool:
        return bool(self.after or self.before)

    @property
    def position(self) -> str:
        """Where in its list the page is, as far as the address says."""
        if self.after:
            return f"after:{self.after}"
        return f"before:{self.before}" if self.before else START

    def start(self) -> Self:
        return type(self)(self.vendors, limit=self.limit)

    def following(self, cursor: str) -> Self:
        return type(self)(self.vendors, after=cursor, limit=self.limit)

    def preceding(self, cursor: str) -> Self:
        return type(self)(self.vendors, before=cursor, limit=self.limit)

    def toggled(self, vendor: str) -> Self:
        return type(self)(tuple(sorted({vendor} ^ set(self.vendors))), limit=self.limit)

    def unfiltered(self) -> Self:
        return type(self)(limit=self.limit)

    def sized(self, limit: int) -> Self:
        return type(self)(self.vendors, limit=limit)

    @property
    def refreshed(self) -> str:
        """The query string that asks Stigg again, past what is kept."""
        asked = str(self)
        return f"{asked}&refresh=1" if asked else "?refresh=1"

    def __str__(self) -> str:
        """The query string, `?` included; empty for the page's plain address."""
        pairs = [("vendor", vendor) for vendor in self.vendors]
        pairs += [
            (name, value)
            for name, value in (("after", self.after), ("before", self.before))
            if value
        ]
        pairs += [("limit", str(self.limit))] if self.limit != DEFAULT_LIMIT else []
        return f"?{urlencode(pairs)}" if pairs else ""


def _vendor_problems(vendors: Sequence[str]) -> Iterable[str]:
    if not all(VENDOR_PATTERN.fullmatch(vendor) for vendor in vendors):
        yield (
            "A vendor is one name of letters, digits and underscores, such as STRIPE. "
            "Repeat vendor= for several."
        )
    elif len(",".join(vendors)) > MAX_VENDORS_CHARACTERS:
        yield "That is more vendors than one filter can hold. Choose fewer."


def _cursor_problems(after: str, before: str) -> Iterable[str]:
    if any(cursor and not UUID_PATTERN.fullmatch(cursor) for cursor in (after, before)):
        yield (
            "This address points to a page of the list that does not exist. "
            "Start from the first page."
        )
    if after and before:
        yield "after and before exclude each other. Give one of them."


def _limit_problems(limit: str) -> Iterable[str]:
    is_number = re.fullmatch(r"[0-9]{1,3}", limit, re.ASCII)
    if limit and not (is_number and 1 <= int(limit) <= MAX_LIMIT):
        yield f"limit is a whole number from 1 to {MAX_LIMIT}."
