"""Template tags of the desk."""

from datetime import datetime
from typing import Any

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from integrations_app import leaving
from integrations_app.links import Link
from integrations_app.listing import Query
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
    return format_html(
        'href="{0}{1}" hx-get="{0}results/{1}" hx-target="#results" hx-swap="{2}" hx-sync="#results:replace"',
        page,
        asked,
        "outerHTML show:#main:top" if top else "outerHTML",
    )


@register.filter
def ago(moment: datetime) -> str:
    """How long ago, in one unit and few letters: "now", "4 min", "1 h", "3 d"."""
    minutes = int((timezone.now() - moment).total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min" if minutes > 0 else "now"
    return f"{minutes // 60} h" if minutes < 24 * 60 else f"{minutes // (24 * 60)} d"


@register.simple_tag
def copyable(value: str, what: str) -> SafeString:
    """An id with its copy button. In Python because a page of a hundred rows has four hundred of them."""
    return format_html(
        '<bdi class="id">{0}</bdi><button class="copy" type="button" data-copy="{0}" aria-label="Copy {1} {0}">'
        '<svg class="icon" aria-hidden="true"><use href="#i-copy"/></svg></button>',
        value,
        what,
    )


@register.simple_tag(takes_context=True)
def asking_first(context: dict[str, Any], link: Link, vendor: Vendor) -> str:
    """The address of the page that asks before an unfamiliar link is opened, for this user alone."""
    user, environment = str(context["user"].pk), context["environment"].name
    departure = leaving.Departure(user, environment, context["customer_id"], vendor.identifier, link.url)
    return f"{reverse('leave')}?to={leaving.sign(departure)}"
