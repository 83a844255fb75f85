"""A second net for keys and passwords: none gets into the log or a traceback's page."""

import json
from html import escape

from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter

SHORTEST = 8  # characters: anything shorter is also a part of honest words
_known: set[str] = set()


def hide(*values: str) -> None:
    """From now on `masked` takes these out, also as JSON and HTML write them."""
    for value in values:
        if len(value) >= SHORTEST:
            _known.update({value, json.dumps(value)[1:-1], escape(value)})


def masked(text: str) -> str:
    for value in sorted(_known, key=len, reverse=True):
        text = text.replace(value, "***")
    return text


class Reporter(ExceptionReporter):
    """Django's debug page, which shows every variable."""

    def get_traceback_html(self) -> SafeString:
        return SafeString(masked(super().get_traceback_html()))

    def get_traceback_text(self) -> SafeString:
        return SafeString(masked(super().get_traceback_text()))
