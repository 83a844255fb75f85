"""Download a customer's rows: one export at a time for each agent, on record before it begins."""

from collections.abc import Iterable, Iterator
from contextvars import Context as Variables
from contextvars import copy_context
from dataclasses import dataclass, field

from django.core.cache import cache
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from dashboard import request_ids
from integrations_app.audit.events import Action
from integrations_app.customer.export import FORMS, begin
from integrations_app.customer.query import Query
from integrations_app.customer.views import Context, ask_for_ticket, note, of_customer, refuse
from integrations_app.pages import with_wait
from integrations_app.stigg import StiggError
from integrations_app.upstream.copies import Memory
from integrations_app.upstream.problems import problem_for

STILL_SECONDS = 60  # an export that sends nothing for so long is none
UNDER_WAY = (
    "Another export of yours is on its way. Wait until it has come. If it was stopped, wait for "
    f"{STILL_SECONDS} seconds."
)
NO_EXPORT = "Nothing was exported"
_under_way = Memory(cache, "export")


@require_GET
@of_customer
def export(request: HttpRequest, context: Context) -> HttpResponseBase:
    """All rows of a customer under the filter in the address, as CSV, JSON or a ticket's text."""
    query = Query.read(dict(request.GET.lists())).filter
    if asking := ask_for_ticket(request, context):
        return asking
    sending = Sending(str(request.user.pk), request_ids.current())
    if not _under_way.add(sending.agent, sending.request_id, STILL_SECONDS):
        return refuse(request, context, UNDER_WAY, title=NO_EXPORT, status=429)
    try:
        return _export(request, context, query, sending)
    except BaseException:
        sending.close()
        raise


def _export(
    request: HttpRequest, context: Context, query: Query, sending: "Sending"
) -> HttpResponseBase:
    environment, customer_id, form = (
        context[name] for name in ("environment", "customer_id", "form")
    )
    now = timezone.now()
    try:
        begun = begin(environment, customer_id, query)
    except StiggError as error:
        sending.close()
        problem = problem_for(error)
        note(request, context, Action.EXPORT, problem.kind, None, str(query))
        said = (problem.title, problem.meaning, problem.action)
        refused = refuse(request, context, *said, title=NO_EXPORT, status=problem.status)
        return with_wait(refused, problem)
    note(request, context, Action.EXPORT, form, None, str(query))
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
    """On its way to an agent, who may begin another when it has ended: by the request's id, so that
    one that was left behind ends later, and not in place of another.
    """

    agent: str
    request_id: str
    parts: Iterable[str] = ()
    # Each part may be made in another thread, for which its calls are those of this request too
    variables: Variables = field(default_factory=copy_context)

    def __iter__(self) -> Iterator[str]:
        parts = iter(self.parts)
        while (part := self.variables.run(next, parts, None)) is not None:
            _under_way.set(self.agent, self.request_id, STILL_SECONDS)
            yield part

    def close(self) -> None:
        if _under_way.get(self.agent) == self.request_id:
            _under_way.delete(self.agent)
