"""Download a customer's rows: one export at a time for each agent, on record before it begins."""

from collections.abc import Iterable, Iterator, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from dashboard import request_ids
from integrations_app.access.rules import environment_or_404
from integrations_app.audit import events, tickets
from integrations_app.customer.export import FORMS, begin
from integrations_app.customer.query import BadQuery, Query
from integrations_app.pages import with_wait
from integrations_app.stigg import StiggError
from integrations_app.stigg.customer_ids import problem_with_customer_id
from integrations_app.upstream.copies import Memory
from integrations_app.upstream.environments import Environment
from integrations_app.upstream.problems import problem_for

STILL_SECONDS = 60  # an export that sends nothing for so long is none
UNDER_WAY = (
    "Another export of yours is on its way. Wait until it has come. If it was stopped, wait for "
    f"{STILL_SECONDS} seconds."
)
NO_EXPORT = "Nothing was exported"
_under_way = Memory(cache, "export")


@require_GET
def export(
    request: HttpRequest, environment: str, customer_id: str, *, form: str
) -> HttpResponseBase:
    """All rows of a customer under the filter in the address, as CSV, JSON or a ticket's text."""
    chosen = environment_or_404(request.user, environment)
    context: dict[str, Any] = {"environment": chosen, "customer_id": customer_id, "page": ""}
    if problem := problem_with_customer_id(customer_id):
        return _refuse(request, context, [problem], 400)
    context["page"] = reverse("integrations", args=[environment, customer_id])
    try:
        query = Query.read(dict(request.GET.lists())).filter
    except BadQuery as error:
        return _refuse(request, context, error.problems, 400)
    if asking := tickets.asked_first(request, environment, customer_id):
        return asking
    sending = Sending(str(request.user.pk), request_ids.current())
    if not _under_way.add(sending.agent, sending.request_id, STILL_SECONDS):
        return _refuse(request, context | {"title": NO_EXPORT}, [UNDER_WAY], 429)
    try:
        return _export(request, context, query, sending, form)
    except BaseException:
        sending.close()
        raise


def _refuse(
    request: HttpRequest, context: dict[str, Any], problems: Sequence[str], status: int
) -> HttpResponse:
    context = context | {"problems": problems}
    return render(request, "customer/bad_address.html", context, status=status)


def _export(
    request: HttpRequest, context: dict[str, Any], query: Query, sending: "Sending", form: str
) -> HttpResponseBase:
    environment, customer_id = context["environment"], context["customer_id"]
    now = timezone.now()
    try:
        begun = begin(environment, customer_id, query)
    except StiggError as error:
        sending.close()
        problem = problem_for(error)
        _note(request, environment, customer_id, problem.kind, query)
        said = [problem.title, problem.meaning, problem.action]
        refused = _refuse(request, context | {"title": NO_EXPORT}, said, problem.status)
        return with_wait(refused, problem)
    _note(request, environment, customer_id, form, query)
    write, content_type = FORMS[form]
    sending.parts = write(begun, now, request.build_absolute_uri(f"{context['page']}{query}"))
    # Compressing would gather many parts in one turn of one thread
    request.META.pop("HTTP_ACCEPT_ENCODING", None)
    name = f"{customer_id}-{environment.name}-{now:%Y-%m-%d-%H%M%S}.{form}"
    is_file = form != "text"  # a text is read, and copied
    disposition = content_disposition_header(as_attachment=is_file, filename=name) or ""
    headers = {"Content-Type": content_type, "Content-Disposition": disposition}
    return StreamingHttpResponse(sending, headers=headers)


@dataclass(slots=True)
class Sending:
    """An export on its way to an agent, who may begin another when it has ended. The request's id
    is its own: one that was left behind ends later, and not in place of another.
    """

    agent: str
    request_id: str
    parts: Iterable[str] = ()
    # Each part may be made in another thread, for which its calls are those of this request too
    context: Context = field(default_factory=copy_context)

    def __iter__(self) -> Iterator[str]:
        parts = iter(self.parts)
        while (part := self.context.run(next, parts, None)) is not None:
            _under_way.set(self.agent, self.request_id, STILL_SECONDS)
            yield part

    def close(self) -> None:
        if _under_way.get(self.agent) == self.request_id:
            _under_way.delete(self.agent)


def _note(
    request: HttpRequest, environment: Environment, customer_id: str, outcome: str, query: Query
) -> None:
    events.note(
        request,
        events.Action.EXPORT,
        outcome,
        environment=environment.name,
        customer_id=customer_id,
        ticket=tickets.given(request, environment.name, customer_id),
        detail=str(query),
    )
