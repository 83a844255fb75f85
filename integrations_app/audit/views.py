"""The record as auditors read it: a page, and the same rows as CSV. Either is itself on record."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from integrations_app.audit.events import Action, note
from integrations_app.audit.filters import ROWS, Filter

auditors = permission_required("integrations_app.read_record", raise_exception=True)
COLUMNS = (
    "id",
    "at",
    "user",
    "user_id",
    "action",
    "environment",
    "customer_id",
    "customer_name",
    "query",
    "detail",
    "outcome",
    "ticket",
    "request_id",
    "address",
)
CSV_ROWS = 1000  # read at once


@require_safe
@auditors
def record(request: HttpRequest) -> HttpResponse:
    """A page of the record, newest first."""
    asked = Filter(request.GET)
    if not asked.is_valid():
        return render(request, "record/page.html", {"filter": asked, "rows": []}, status=400)
    rows = list(asked.rows()[: ROWS + 1])
    older = asked.query(rows[ROWS - 1].pk) if len(rows) > ROWS else ""
    note(request, Action.RECORD, "shown", detail=request.META["QUERY_STRING"])
    context = {"filter": asked, "rows": rows[:ROWS], "older": older}
    return render(request, "record/page.html", context)


@require_safe
@auditors
def as_csv(request: HttpRequest) -> HttpResponseBase:
    """All rows of a filter, read in steps: nothing holds them all."""
    asked = Filter(request.GET)
    if not asked.is_valid():
        return render(request, "record/page.html", {"filter": asked, "rows": []}, status=400)
    note(request, Action.RECORD, "csv", detail=request.META["QUERY_STRING"])
    name = f"record-{timezone.now():%Y-%m-%d-%H%M%S}.csv"
    return StreamingHttpResponse(
        _csv(asked),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _csv(asked: Filter) -> Iterator[str]:
    """With the mark by which spreadsheets know UTF-8."""
    yield f"\ufeff{_lines([COLUMNS])}"
    rows = asked.rows()
    while found := list(rows[:CSV_ROWS].values_list(*COLUMNS)):
        yield _lines(found)
        rows = asked.rows().filter(id__lt=found[-1][0])


def _lines(rows: Iterable[Sequence[object]]) -> str:
    out = StringIO()
    csv.writer(out).writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: object) -> str:
    """A spreadsheet calculates what begins with one of these; an apostrophe makes it text.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip()[:1] in tuple("=+-@") or text[:1] in ("\t", "\r") else text
