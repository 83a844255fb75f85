"""The ticket that a customer is looked up for. With REQUIRE_TICKET nothing is shown without one:
an agent gives it once for each customer and 24 hours, on a page that keeps what was asked.
"""

import re
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect

from integrations_app.audit.events import MAX_LENGTHS, Action, AuditEvent, note, of_account
from integrations_app.htmx import page_of


def in_address(request: HttpRequest) -> str:
    return request.GET.get("ticket", "").strip()


def problem(request: HttpRequest) -> str:
    """What is wrong with the ticket in the address; "" for one that may be, and for none."""
    ticket = in_address(request)
    if not ticket.isprintable() or len(ticket) > MAX_LENGTHS["ticket"]:
        return f"A ticket is printable text of at most {MAX_LENGTHS['ticket']} characters."
    if ticket and not re.fullmatch(settings.TICKET_PATTERN, ticket):
        return "That is not how this desk's tickets are written."
    return ""


def is_missing(request: HttpRequest) -> bool:
    """REQUIRE_TICKET is set, and the address has none that fits."""
    return settings.REQUIRE_TICKET and (not in_address(request) or bool(problem(request)))


def given(request: HttpRequest, environment: str, customer_id: str) -> str:
    """The ticket of the agent's last look-up here in 24 hours; "" where none is required."""
    if not settings.REQUIRE_TICKET:
        return ""
    giving = (Action.TICKET, Action.LOOK_UP)  # that it is used later does not give it anew
    of = {"environment": environment, "customer_id": customer_id, "action__in": giving}
    return _last(request, 24, **of)


def _last(request: HttpRequest, hours: int, **of: Any) -> str:
    since = timezone.now() - timedelta(hours=hours)
    mine = AuditEvent.objects.filter(**of_account(request), at__gte=since, **of)
    newest = mine.exclude(ticket="").order_by("-id").values_list("ticket", flat=True)
    return newest.first() or ""


def asked_first(request: HttpRequest, environment: str, customer_id: str) -> HttpResponse | None:
    """A page instead of the customer's, where a ticket is required and not given yet."""
    if not settings.REQUIRE_TICKET:
        return None
    if not is_missing(request):
        note(
            request,
            Action.TICKET,
            "given",
            environment=environment,
            customer_id=customer_id,
            ticket=in_address(request),
        )
        query = request.GET.copy()
        del query["ticket"]
        return HttpResponseRedirect(f"{request.path}?{query.urlencode()}".removesuffix("?"))
    if not problem(request) and given(request, environment, customer_id):
        return None
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(page_of(request))
    return ask(request)


def ask(request: HttpRequest, method: str | None = "GET") -> HttpResponse:
    """The form that asks, with the ticket of the agent's last hour in it."""
    asked = [(name, value) for name, values in request.GET.lists() for value in values]
    context = {
        "asked": [(name, value) for name, value in asked if name != "ticket"],
        "written": in_address(request) or _last(request, 1),
        "wrong": problem(request),
        "method": method,
    }
    return render(request, "record/ticket.html", context, status=400 if context["wrong"] else 200)
