"""The record as auditors read it: a page, and the same rows as CSV. Either is itself on record."""

from collections.abc import Iterator

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from integrations_app import spreadsheets
from integrations_app.access import rules
from integrations_app.audit.events import Action, AuditEvent, note
from integrations_app.record.filters import ROWS, Filter

COLUMNS = (
    *("id", "at", "user", "user_id", "action", "environment", "customer_id", "customer_name"),
    *("query", "detail", "outcome", "ticket", "request_id", "address"),
)
CSV_ROWS = 1000  # read at once


@require_safe
def record(request: HttpRequest, *, as_csv: bool = False) -> HttpResponseBase:
    """The rows that fit, newest first: a page of them, or all as CSV."""
    asked = Filter(request.GET, rules.seen_of(AuditEvent.objects.all(), request.user))
    if not asked.is_valid():
        return render(request, "record/page.html", {"filter": asked, "rows": []}, status=400)
    rows = list(asked.rows()[: ROWS + 1])
    note(request, Action.RECORD, "csv" if as_csv else "shown", detail=request.META["QUERY_STRING"])
    if as_csv:
        name = f"record-{timezone.now():%Y-%m-%d-%H%M%S}.csv"
        response = StreamingHttpResponse(_csv(asked), content_type=spreadsheets.CONTENT_TYPE)
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response
    older = asked.query(rows[ROWS - 1].pk) if len(rows) > ROWS else ""
    context = {"filter": asked, "rows": rows[:ROWS], "older": older}
    return render(request, "record/page.html", context)


def _csv(asked: Filter) -> Iterator[str]:
    """Read in steps, so that nothing holds all."""
    yield spreadsheets.MARK + spreadsheets.lines([COLUMNS])
    rows = asked.rows()
    while found := list(rows[:CSV_ROWS].values_list(*COLUMNS)):
        yield spreadsheets.lines(found)
        rows = asked.rows().filter(id__lt=found[-1][0])
