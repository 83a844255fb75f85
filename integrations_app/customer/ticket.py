"""The summary that an agent pastes into a ticket, as plain text and as Markdown. No I/O.

Only verified addresses become links, an unfamiliar one is named as such, a refused one left out.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urljoin

from integrations_app.customer.listing import Listing
from integrations_app.customer.rows import Row

MAX_ERROR_CHARACTERS = 200
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+!|~&])")


@dataclass(frozen=True, slots=True)
class Ticket:
    """The same summary twice."""

    plain: str
    markdown: str


def ticket(
    listing: Listing,
    *,
    customer_id: str,
    name: str | None,
    environment_label: str,
    address: str,
    at: datetime,
) -> Ticket:
    """The summary of the rows in view; `address` is the page's, absolute, `at` when it was read."""
    marked = code(customer_id)
    if named := one_line(name or ""):
        marked = f"**{escaped(named)}** ({marked})"
    markdown = [
        f"{marked}, {escaped(environment_label)}  ",
        f"{escaped(listing.summary)}, {_time(at)}  ",
        f"<{address}>",
        "",
    ]
    for row in listing.rows:
        markdown += _markdown(row)
        if details := _details(row, address):
            markdown.append(f"  [Details](<{details}>)")
    begun = beginning(customer_id, name, environment_label, listing.summary, address, at)
    return Ticket(begun + in_plain_text(listing.rows, address), "\n".join(markdown) + "\n")


def beginning(
    customer_id: str, name: str | None, label: str, summary: str, address: str, at: datetime
) -> str:
    """Who, where and when, in plain text."""
    who = one_line(customer_id)
    if named := one_line(name or ""):
        who = f"{named} ({who})"
    return f"{who}, {label}\n{summary}, {_time(at)}\n{address}\n\n"


def in_plain_text(rows: Iterable[Row], address: str) -> str:
    lines = [line for row in rows for line in _plain(row, address)]
    return "".join(f"{line}\n" for line in lines)


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _details(row: Row, address: str) -> str:
    return urljoin(address, row.own_page) if row.needs_a_look and row.own_page else ""


def one_line(text: str) -> str:
    """Text that cannot start a line of its own, nor turn the direction of what follows."""
    if text.isprintable():
        return text
    return "".join(
        "\ufffd" if unicodedata.category(c)[0] == "C" else c for c in " ".join(text.split())
    )


def escaped(text: str) -> str:
    """Text that Markdown shows as it is: https://spec.commonmark.org/0.31.2/#backslash-escapes."""
    return _MARKDOWN.sub(r"\\\1", one_line(text))


def code(text: str) -> str:
    """With a fence longer than any in it: https://spec.commonmark.org/0.31.2/#code-spans."""
    shown = one_line(text)
    fence = "`" * (1 + max(map(len, re.findall("`+", shown)), default=0))
    space = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{space}{shown}{space}{fence}"


def _plain(row: Row, address: str) -> Iterator[str]:
    ids = "; ".join(
        f"{what} {one_line(value)}" if what else one_line(value) for what, value in _ids(row)
    )
    yield f"- {row.vendor.name}: {ids or _without_id(row)}"
    yield f"  {_about(row)}{row.link.url}" if row.offer.opens else f"  {_no_link(row)}"
    if row.offer.warning:
        yield f"  Warning: {row.offer.warning}"
    if error := _sync_error(row):
        yield f"  Sync failed: {error}"
    if details := _details(row, address):
        yield f"  Details: {details}"


def _markdown(row: Row) -> Iterator[str]:
    ids = "; ".join(f"{what} {code(value)}".lstrip() for what, value in _ids(row))
    name, link = escaped(row.vendor.name), row.link
    start = f"- **{name}**: {ids or _without_id(row)} –"
    if link.kind == "verified":
        yield f"{start} {escaped(_about(row))}[Open in {name}](<{link.url}>)"
    elif link.kind == "unfamiliar":
        yield f"{start} {escaped(_about(row))}{code(link.url)}"
    else:
        yield f"{start} {_no_link(row)}"
    if row.offer.warning:
        yield f"  **Warning:** {escaped(row.offer.warning)}"
    if error := _sync_error(row):
        yield f"  **Sync failed:** {escaped(error)}"


def _ids(row: Row) -> Iterator[tuple[str, str]]:
    """What to call each id, and the id; a billing id that only repeats the record's is left out."""
    if row.synced_entity_id:
        yield "", row.synced_entity_id
    if row.billing_id and row.billing_id != row.synced_entity_id:
        yield "billing id", row.billing_id
    if row.price_group_id:
        yield "price group", row.price_group_id
    if row.dimensions:
        yield "dimensions", row.dimensions


def _without_id(row: Row) -> str:
    return "this row could not be read" if row.problem else "not synced yet"


def _no_link(row: Row) -> str:
    why = ": what Stigg sent is not safe to open" if row.link.kind == "refused" else ""
    return f"No link{why}."


def _sync_error(row: Row) -> str:
    """What Stigg says of a failed sync, cut where a ticket would get long."""
    if row.state is None or row.state.kind != "failed":
        return ""
    said = one_line(row.state.error) or "Stigg does not say why."
    return said if len(said) <= MAX_ERROR_CHARACTERS else f"{said[: MAX_ERROR_CHARACTERS - 1]}…"


def _about(row: Row) -> str:
    """What to know of a link before its address: mode, account, builder, an unfamiliar host."""
    link = row.link
    words = [link.mode, link.account, "built by the desk" if row.offer.template else ""]
    words += [f"unfamiliar address at {link.host}"] if link.kind == "unfamiliar" else []
    told = ", ".join(word for word in words if word)
    return f"{told}: " if told else ""
