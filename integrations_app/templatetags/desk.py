"""Template tags of the desk."""

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from integrations_app.listing import Query

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
