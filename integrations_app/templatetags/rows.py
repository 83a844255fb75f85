"""The cells of the table of integrations.

In Python, because a page has up to a hundred rows and Django's templates take four times as long for them. What most
rows do not have (a refused link, a note, a reason) stays in the templates.
"""

from django import template
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from integrations_app.listing import Row
from integrations_app.states import MAX_SHOWN_CHARACTERS, State
from integrations_app.templatetags.desk import html

register = template.Library()

NOTHING = SafeString("")
NOT_SYNCED = SafeString('<span class="quiet">Not synced yet</span>')
DASH = SafeString('<span class="quiet" aria-hidden="true">–</span>')


@register.simple_tag
def copyable(value: str, what: str) -> SafeString:
    """An id with its copy button."""
    return html(
        '<span class="copyable"><bdi class="id">{0}</bdi>'
        '<button class="copy" type="button" data-copy="{0}" aria-label="Copy {1} {0}">'
        '<svg class="icon" aria-hidden="true"><use href="#i-copy"/></svg></button></span>',
        value,
        what,
    )


@register.simple_tag
def plain_row(row: Row, page: str, back: str, *, states: bool) -> SafeString:
    """All cells of a row that could be read and has a plain link, as most have: one call instead of five."""
    state = state_cell(row.state) if states else NOTHING
    link = html('<td class="link">{}</td>', plain_link(row, page, back))
    return html("{}{}{}{}{}", vendor_cell(row), record_cell(row), billing_cell(row), state, link)


@register.simple_tag
def vendor_cell(row: Row) -> SafeString:
    """Who it is, the key that opens its link, and the integration's id."""
    return html(
        '<th scope="row"><div class="vendor"><span class="key" aria-hidden="true">{}</span>'
        '<span class="vendor-badge" aria-hidden="true">{}</span><bdi>{}</bdi>{}</div></th>',
        html("<kbd>{}</kbd>", row.key) if row.key else NOTHING,
        row.vendor.badge,
        row.vendor.name,
        _note(NOTHING, row.integration_id, "integration id"),
    )


@register.simple_tag
def record_cell(row: Row) -> SafeString:
    record = copyable(row.synced_entity_id, f"{row.vendor.name} id") if row.synced_entity_id else NOT_SYNCED
    note = html('<span class="note">{}</span>', row.note) if row.note else NOTHING
    return html('<td data-label="Record in vendor">{}{}</td>', record, note)


@register.simple_tag
def billing_cell(row: Row) -> SafeString:
    parts = [
        copyable(row.billing_id, "billing id") if row.billing_id else NOTHING,
        _note("Price group ", row.price_group_id, "price group id"),
        html('<span class="note">Dimensions <bdi class="id">{}</bdi></span>', row.dimensions)
        if row.dimensions
        else NOTHING,
    ]
    shown = SafeString("".join(parts)) or DASH
    return html('<td data-label="Billing ID">{}</td>', shown)


@register.simple_tag
def state_cell(state: State | None) -> SafeString:
    return html('<td data-label="State" class="sync">{}</td>', _state(state))


def _state(state: State | None) -> SafeString:
    if state is None:
        return html('{}<span class="visually-hidden">Stigg tells no state</span>', DASH)
    if state.is_long:
        return html(
            '<details data-sync="{}"><summary>{}: <bdi>{}</bdi></summary><bdi class="whole">{}</bdi></details>',
            state.kind,
            state.words,
            Truncator(state.error).chars(MAX_SHOWN_CHARACTERS),
            state.error,
        )
    said = state.error or state.said
    words = html("{}{}<bdi>{}</bdi>", state.words, ": " if state.error else " ", said) if said else state.words
    return html('<span data-sync="{}">{}</span>', state.kind, words)


def plain_link(row: Row, page: str, back: str) -> SafeString:
    """What most rows have: a link that opens, with its mode and a way to report it, or the reason why there is none."""
    if row.link.kind == "missing":
        return html('<span class="note">{}</span>', row.offer.why)
    return html("{}{}{}", open_link(row), mode(row), report_link(row, page, back))


@register.simple_tag
def open_link(row: Row) -> SafeString:
    """The primary action of a row: a real link, which opens a new tab and tells it nothing of this page."""
    return html(
        '<a class="open" href="{}" target="_blank" rel="noopener noreferrer"{}>'
        'Open <span class="visually-hidden"><bdi>{}</bdi> </span>in <bdi>{}</bdi>'
        '<span class="visually-hidden"> (opens in a new tab)</span>'
        '<svg class="icon" aria-hidden="true"><use href="#i-arrow"/></svg></a>',
        row.link.url,
        html(' data-key="{}"', row.key) if row.key else NOTHING,
        row.name,
        row.vendor.name,
    )


@register.simple_tag
def mode(row: Row) -> SafeString:
    """TEST, SANDBOX or LIVE, where the address tells, and who built it."""
    built = SafeString('<span class="built">Built by the desk</span>') if row.offer.template else NOTHING
    if not row.link.mode:
        return built
    warn = " warn" if row.offer.warning else ""
    return html('{}<span class="badge{}">{}</span>', built, warn, row.link.mode)


@register.simple_tag
def report_link(row: Row, page: str, back: str) -> SafeString:
    return html(
        '<a class="report" href="{}wrong-link/?{}&amp;back={}" title="Wrong link?" '
        'aria-label="Report the {} link of {} as wrong">'
        '<svg class="icon" aria-hidden="true"><use href="#i-flag"/></svg></a>',
        page,
        row.report,
        back,
        row.vendor.name,
        row.name,
    )


def _note(before: str, value: str, what: str) -> SafeString:
    return html('<span class="note">{}{}</span>', before, copyable(value, what)) if value else NOTHING
