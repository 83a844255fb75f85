"""What the desk's templates can call beside Jinja2's own.

Django's admin keeps to Django's templates.
"""

import re
from datetime import datetime
from functools import cache, lru_cache
from typing import Any
from urllib.parse import quote

from django.templatetags.static import static
from django.urls import get_script_prefix, reverse
from django.utils import dateformat, timezone
from django_htmx.jinja import htmx_script
from jinja2 import ChainableUndefined, Environment, pass_context
from jinja2.ext import Extension
from jinja2.runtime import Context
from markupsafe import Markup, escape

from integrations_app.customer.query import Query
from integrations_app.links import departures as leaving
from integrations_app.links.judge import Link
from integrations_app.vendors import vendors_in_box
from integrations_app.vendors.vendor import Vendor


class Unindented(Extension):
    """Leaves out the indentation of templates, a tenth of a page that no browser needs.

    Line ends stay.
    """

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:  # noqa: ARG002 - Jinja2's
        return re.sub(r"^[ \t]+", "", source, flags=re.MULTILINE)


def environment(**options: Any) -> Environment:
    """Jinja2 as Django sets it up.

    What a page does not have is empty, however deep, as in Django's templates.
    """
    options["undefined"] = ChainableUndefined
    made = Environment(**options, extensions=[Unindented], trim_blocks=True)  # noqa: S701 - Django turns escaping on
    made.globals |= {
        "asking_first": asking_first,
        "htmx_script": htmx_script,
        "now": timezone.now,
        "static": static,
        "url": url,
        "vendors_in_box": vendors_in_box,
    }
    made.filters |= {"ago": ago, "date": date, "icon": icon, "copy": copy, "copyable": copyable}
    made.filters |= {"plural": plural, "quoted": quoted, "to": to}
    return made


def url(name: str, *args: str) -> str:
    return _reversed(get_script_prefix(), name, *args)


@lru_cache(256)
def _reversed(prefix: str, name: str, *args: str) -> str:  # noqa: ARG001 - where the desk is mounted; it is in the answer
    """A page has half a dozen addresses, the same on each, and Django takes its time to make
    one.
    """
    return reverse(name, args=args)


def to(page: str, query: Query, *, refresh: bool = False) -> Markup:
    """The attributes of a link to another state of a customer's page: a plain address, and htmx's
    quicker way to it.

    The path is always named: with an empty one, htmx 2 would repeat the query that is already in
    the address.
    """
    asked = str(query)
    if refresh:
        asked += "&refresh=1" if asked else "?refresh=1"
    plain, quick = escape(f"{page}{asked}"), escape(f"{page}results/{asked}")
    return Markup(f'href="{plain}" hx-get="{quick}"')  # noqa: S704 - both are escaped


def copy(value: str, what: str) -> Markup:
    """A button that copies the text of the element before it, which is `value`.

    In Python, like `copyable`: a page has sixty, and a macro takes much longer.
    """
    label = escape(f"Copy {what} {value}")
    button = f'<button class="copy" type="button" aria-label="{label}">{icon("copy")}</button>'
    return Markup(button)  # noqa: S704 - escaped above


def copyable(value: str, what: str) -> Markup:
    """An id with its copy button."""
    marked = (
        f'<span class="copyable"><bdi class="id">{escape(value)}</bdi>{copy(value, what)}</span>'
    )
    return Markup(marked)  # noqa: S704 - escaped above


@cache
def icon(name: str) -> Markup:
    """A drawing of `_icons.html`.

    A filter, because Jinja2 works out filters of constants when it compiles.
    """
    return Markup('<svg class="icon" aria-hidden="true"><use href="#i-%s"/></svg>') % name


@pass_context
def asking_first(context: Context, link: Link, vendor: Vendor) -> str:
    """The address of the page that asks before an unfamiliar link is opened, for this user
    alone.
    """
    user, environment = str(context["user"].pk), context["environment"].name
    departure = leaving.Departure(
        user, environment, context["customer_id"], vendor.identifier, link.url
    )
    return f"{reverse('leave')}?to={leaving.sign(departure)}"


def ago(moment: datetime) -> str:
    """How long ago, in one unit and few letters: "now", "4 min", "1 h", "3 d"."""
    minutes = int((timezone.now() - moment).total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min" if minutes > 0 else "now"
    return f"{minutes // 60} h" if minutes < 24 * 60 else f"{minutes // (24 * 60)} d"


def date(moment: datetime, form: str) -> str:
    """A moment in the desk's time zone; the letters of `form` are those of Django's templates."""
    return dateformat.format(timezone.localtime(moment), form)


def plural(count: int, one: str = "", many: str = "s") -> str:
    """The ending of a word: `second{{ count|plural }}`."""
    return one if count == 1 else many


def quoted(text: str) -> str:
    """A text as one value of an address: nothing in it means anything there."""
    return quote(text, safe="")
