"""Template tags of the desk."""

from datetime import datetime
from html import escape
from typing import Any

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from integrations_app import leaving
from integrations_app.links import Link
from integrations_app.listing import Chip, Query
from integrations_app.vendors import Vendor

register = template.Library()


@register.simple_tag
def leads_to(page: str, query: Query, *, top: bool = False, refresh: bool = False) -> SafeString:
    """The attributes of a link to another state of a customer's page: a plain address, and htmx's quicker way to it.

    The path is always named: with an empty one, htmx 2 would repeat the query that is already in the address.
    """
    asked = str(query)
    if refresh:
        asked += "&refresh=1" if asked else "?refresh=1"
    return html(
        'href="{0}{1}" hx-get="{0}results/{1}" hx-target="#results" hx-swap="{2}" hx-sync="#results:replace"',
        page,
        asked,
        "outerHTML show:#main:top" if top else "outerHTML",
    )


def html(form: str, *values: str) -> SafeString:
    """`format_html` without its care for lazy translations, which this desk has none of: a quarter of the time."""
    return SafeString(form.format(*[v if isinstance(v, SafeString) else escape(v) for v in values]))


@register.simple_tag
def chip_link(page: str, chip: Chip) -> SafeString:
    """A vendor to filter by, or to filter by no more; plain text when its name cannot be asked for."""
    name, count = html("<bdi>{}</bdi>", chip.vendor.name), "" if chip.count is None else str(chip.count)
    shown = html('{} <span class="count">{}</span>', name, count) if count else name
    vendor = chip.vendor.identifier
    if chip.query is None:
        return html('<span class="chip" data-vendor="{}">{}</span>', vendor, name)
    form = CHOSEN_CHIP if chip.selected else CHIP
    return html(form, vendor, leads_to(page, chip.query), shown)


CHIP = '<a id="chip-{0}" class="chip" data-vendor="{0}" {1}>{2}</a>'
CHOSEN_CHIP = (
    '<a id="chip-{0}" class="chip" data-vendor="{0}" {1} aria-current="true">'
    '<svg class="icon" aria-hidden="true"><use href="#i-check"/></svg>{2}'
    '<span class="visually-hidden"> (chosen, activate to remove)</span></a>'
)


@register.filter
def ago(moment: datetime) -> str:
    """How long ago, in one unit and few letters: "now", "4 min", "1 h", "3 d"."""
    minutes = int((timezone.now() - moment).total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min" if minutes > 0 else "now"
    return f"{minutes // 60} h" if minutes < 24 * 60 else f"{minutes // (24 * 60)} d"


@register.simple_tag(takes_context=True)
def asking_first(context: dict[str, Any], link: Link, vendor: Vendor) -> str:
    """The address of the page that asks before an unfamiliar link is opened, for this user alone."""
    user, environment = str(context["user"].pk), context["environment"].name
    departure = leaving.Departure(user, environment, context["customer_id"], vendor.identifier, link.url)
    return f"{reverse('leave')}?to={leaving.sign(departure)}"
