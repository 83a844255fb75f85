"""CSV that a spreadsheet reads and does not calculate."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

MARK = "\ufeff"  # by which spreadsheets know UTF-8
CONTENT_TYPE = "text/csv; charset=utf-8"


def lines(rows: Iterable[Sequence[object]]) -> str:
    out = StringIO()
    csv.writer(out).writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: object) -> str:
    """A spreadsheet calculates what begins with one of these; an apostrophe makes it text.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip()[:1] in tuple("=+-@") or text[:1] in ("\t", "\r") else text
