"""What the desk's templates can call beside Jinja2's own.

A name that a page does not have is an error. Django's admin keeps to Django's templates.
"""

import re
from collections.abc import MutableMapping
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

import jinja2
from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils import dateformat, timezone
from django_htmx.jinja import htmx_script
from jinja2 import StrictUndefined
from jinja2.ext import Extension
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup, escape

from integrations_app.pages import MAX_ADDRESS
from integrations_app.vendors import vendors_in_box

# Names that the header and the search box look at, and that not every page has.
OPTIONAL = {
    "compact": False,
    "customer_id": "",
    "environment": None,
    "finding": None,
    "has_answer": False,
    "opened": None,
    "problem": None,
    "text": "",
    "ticket_number": "",
    "title": "",
}
# https://htmx.org/reference/#config
HTMX_CONFIG = {
    # The policy in the headers allows no style, script or eval that stands in a page.
    "includeIndicatorStyles": False,
    "allowEval": False,
    "allowScriptTags": False,
    "selfRequestsOnly": True,
    # No customer stays in the browser: Back asks the desk for the whole page again.
    "historyCacheSize": 0,
    "defaultSettleDelay": 0,
    "refreshOnHistoryMiss": True,
    "historyRestoreAsHxRequest": False,
    # In milliseconds; longer than the desk waits for Stigg, so that its own words still come.
    "timeout": round((settings.STIGG_DEADLINE_SECONDS + 7) * 1000),
    # The desk's errors are states of the page, so they are shown like any answer.
    "responseHandling": [
        {"code": "204", "swap": False},
        {"code": "[23]..", "swap": True},
        {"code": "[45]..", "swap": True, "error": True},
    ],
}
_TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# In the page itself, so that a first visit asks once less.
FAVICON = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>"
    "<path fill='#4a5fd0' d='M2 3h12v2H2zm0 4h8v2H2zm0 4h5v2H2z'/></svg>"
)


class Unindented(Extension):
    """Leaves one blank of each line's indentation, so that a first visit keeps its bound: words and
    attributes stay apart, also where `trim_blocks` takes the line end. A line with nothing but a
    tag of Jinja2's leaves none.

    It reads templates, not values: only a text that a template itself indents within `<pre>` or
    `<textarea>` would come out otherwise.
    """

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:  # noqa: ARG002 - Jinja2's
        bare = re.sub(r"^[ \t]+(?={%[^%]*%}$)", "", source, flags=re.MULTILINE)
        return re.sub(r"^[ \t]+", " ", bare, flags=re.MULTILINE)


class Environment(jinja2.Environment):
    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """One plain dict: Jinja2's own chain of two is read for each macro of a page, in Python."""
        return {**self.globals, **(d or {})}


def jinja_environment(**options: Any) -> Environment:
    """Jinja2 as Django sets it up: escaping is on."""
    options["undefined"] = StrictUndefined
    made = Environment(**options, trim_blocks=True, extensions=[Unindented])
    made.globals |= OPTIONAL
    made.globals |= {
        "copyable": copyable,
        "favicon": f"data:image/svg+xml,{quote(FAVICON, safe=' /:=')}",
        "htmx_config": htmlsafe_json_dumps(HTMX_CONFIG, separators=(",", ":")),
        "settings": settings,
        "htmx_script": htmx_script,
        "look_up": look_up,
        "now": timezone.now,
        "static": static,
        "url": url,
        "vendors_in_box": vendors_in_box,
        "zone": timezone.get_current_timezone,
    }
    made.filters |= {"ago": ago, "date": date, "icon": icon, "plural": plural, "straight": straight}
    return made


def url(name: str, *args: str) -> str:
    return reverse(name, args=args)


def straight(text: str) -> str:
    """Without the signs that turn what follows around: a title has no element that ends them. What
    is to be escaped is so afterwards too.
    """
    return type(text)(_TURNS.sub("", text))


def look_up(text: str, environment: Any) -> str:
    """The address that looks a text up in an environment; the empty box for one that is too
    long.
    """
    query = urlencode({"q": text, "environment": environment.name}, quote_via=quote)
    address = f"{reverse('lookup')}?{query}"
    fits = len(address) <= MAX_ADDRESS
    return address if fits else f"{reverse('home')}?environment={environment.name}"


@cache
def icon(name: str) -> Markup:
    """A drawing of `desk.css`; a filter, because Jinja2 applies those to constants only once."""
    return Markup('<i class="icon i-%s"></i>') % name


def copyable(value: str, what: str) -> Markup:
    """A text with a button that copies it, named "Copy what value".

    In Python, because a page has sixty: as a macro they made it an eighth slower.
    """
    shown, label = escape(value), escape(f"Copy {what} {value}")
    named = f'type="button" title="Copy" aria-label="{label}"'
    button = f'<button class="copy" {named}></button>'
    marked = f'<span class="copyable"><bdi class="id">{shown}</bdi>{button}</span>'
    return Markup(marked)  # noqa: S704 - escaped above


def ago(moment: datetime) -> str:
    """How long ago, in one unit and few letters: "now", "4 min", "1 h", "3 d"."""
    minutes = int((timezone.now() - moment).total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min" if minutes > 0 else "now"
    return f"{minutes // 60} h" if minutes < 24 * 60 else f"{minutes // (24 * 60)} d"


def date(moment: datetime, form: str) -> str:
    """A moment in the agent's time zone, to the second; the letters of `form` are those of Django's
    templates.
    """
    return dateformat.format(timezone.localtime(moment.replace(microsecond=0)), form)


def plural(count: int, one: str = "", many: str = "s") -> str:
    """The ending of a word: `second{{ count|plural }}`."""
    return one if count == 1 else many
