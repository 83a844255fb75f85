"""Template tags of the desk."""

from django import template
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
