"""The customer's page, and what stands where there is no page. Each works without JavaScript."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from dashboard import request_ids
from integrations_app.access import rules
from integrations_app.audit import events, tickets
from integrations_app.audit.events import Action
from integrations_app.customer.page import EXTRAS, CustomerPage, open_customer, prefetch_page
from integrations_app.customer.query import BadQuery, Query
from integrations_app.customer.ticket import Ticket, ticket
from integrations_app.htmx import page_of
from integrations_app.index.entries import remember
from integrations_app.own.pins import is_pinned
from integrations_app.own.preferences import preferences_of
from integrations_app.pages import render_page
from integrations_app.stigg import Customer
from integrations_app.stigg.customer_ids import problem_with_customer_id
from integrations_app.upstream.kept import Kept

Context = dict[str, Any]


def of_customer(view: Callable[[HttpRequest, Context], HttpResponseBase]) -> Callable[..., Any]:
    """A view of one customer gets what the address says, once there may be such a customer."""

    @wraps(view)
    def guarded(
        request: HttpRequest, environment: str, customer_id: str, **said: Any
    ) -> HttpResponseBase:
        chosen = rules.environment_or_404(request.user, environment)
        context = {"environment": chosen, "customer_id": customer_id, "page": ""} | said
        if problem := problem_with_customer_id(customer_id):
            return refuse(request, context, problem)
        context["page"] = reverse("integrations", args=[environment, customer_id])
        try:
            return view(request, context)
        except BadQuery as error:
            return refuse(request, context, *error.problems)

    return guarded


def refuse(
    request: HttpRequest, context: Context, *problems: str, title: str = "", status: int = 400
) -> HttpResponse:
    template = "_bad_address.html" if context.get("is_fragment") else "bad_address.html"
    context = context | {"problems": problems, "title": title}
    return render(request, f"customer/{template}", context, status=status)


def ask_for_ticket(request: HttpRequest, context: Context) -> HttpResponse | None:
    return tickets.asked_first(request, context["environment"].name, context["customer_id"])


def note(
    request: HttpRequest,
    context: Context,
    action: Action,
    outcome: str,
    customer: Customer | None,
    detail: str,
) -> None:
    name, customer_id = context["environment"].name, context["customer_id"]
    events.note(
        request,
        action,
        outcome,
        environment=name,
        customer_id=customer_id,
        customer_name=customer.name if customer else "",
        ticket=tickets.given(request, name, customer_id),
        detail=detail,
    )


@require_safe
def results(request: HttpRequest, environment: str, customer_id: str) -> HttpResponse:
    """The results region of the same page, for htmx. Opened by hand it leads to the page."""
    page = reverse("integrations", args=[environment, customer_id])
    if not getattr(request, "htmx", False):
        query = request.META.get("QUERY_STRING", "")
        return HttpResponseRedirect(f"{page}?{query}" if query else page)
    response: HttpResponse = integrations(request, environment, customer_id, is_fragment=True)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_safe
def ahead(request: HttpRequest, environment: str, customer_id: str) -> HttpResponse:
    """Asks for what the agent is about to open, in silence: no data leave the desk, so there is
    nothing to put on record before the page itself is opened.
    """
    chosen = rules.environment_or_404(request.user, environment)
    with suppress(BadQuery):
        query = _query(request)
        saves = request.headers.get("Save-Data", "").lower() == "on"
        if not saves and not problem_with_customer_id(customer_id) and not query.find:
            prefetch_page(chosen, customer_id, query)
    return HttpResponse(status=204)


def _query(request: HttpRequest) -> Query:
    """What the address asks for, and the agent's page size where it names none. Raises BadQuery."""
    usual = preferences_of(request.user).page_size
    return Query.read(dict(request.GET.lists()), usual=usual)


@require_safe
@of_customer
def integrations(request: HttpRequest, context: Context) -> HttpResponse:
    """A customer's integrations."""
    query = _query(request)
    if asking := ask_for_ticket(request, context):
        return asking
    environment, customer_id = context["environment"], context["customer_id"]
    # The trigger is what a page asks by itself that was shown without them
    is_late = getattr(getattr(request, "htmx", None), "trigger", "") == "late-states"
    extras = () if query.needs_states or is_late else EXTRAS
    refresh = "refresh" in request.GET
    opened = open_customer(environment, customer_id, query, refresh=refresh, extras=extras)
    # Filters and further pages of a customer that is open already are no new visit
    action = Action.PAGE if "is_fragment" in context else Action.VIEW
    note(request, context, action, opened.outcome, opened.customer, str(opened.query))
    if not opened.trouble:
        remember(environment.name, customer_id, opened.record_ids)
    return _show(request, context, opened)


def _show(request: HttpRequest, context: Context, opened: CustomerPage) -> HttpResponse:
    is_fragment = "is_fragment" in context
    address = f"{context['page']}{opened.query}"
    context |= {
        "is_fragment": is_fragment,
        "name": opened.name or context["customer_id"],
        "opened": opened,
        "seen_by": {} if is_fragment else _seen_by(request, context),
        "is_pinned": not is_fragment and _is_pinned(request, context, opened),
    }
    context["results"] = _results(request, context, request.build_absolute_uri(address))
    template = "customer/fragment.html" if is_fragment else "customer/page.html"
    response = render_page(request, template, context, status=opened.status, problem=opened.problem)
    # The same address again, as after "Refresh", is no step for the browser's Back.
    response.headers["HX-Replace-Url" if page_of(request) == address else "HX-Push-Url"] = address
    return response


def _results(request: HttpRequest, context: Context, address: str) -> str:
    """The results region, which looks the same until there are other answers, in equal hands: it
    gets neither the request nor any right but the one that its key has. Other environments are
    named where there is a problem, and such a page is not kept.
    """

    def made() -> str:
        shown = {**context, **rules.context(request), **request_ids.context(request)}
        shown["may"] = {rules.EXPORT} if may_export else set()
        shown["ticket"] = _ticket(context, address)
        return render_to_string("customer/_results.html", shown)

    may_export = rules.may(request.user, rules.EXPORT)
    zone = timezone.get_current_timezone_name()
    regions: Kept[str] = context["opened"].regions
    return regions.get_or_make((address, zone, may_export), made)


def _ticket(context: Context, address: str) -> Ticket | None:
    opened: CustomerPage = context["opened"]
    if opened.listing is None:
        return None
    return ticket(
        opened.listing,
        customer_id=context["customer_id"],
        name=opened.name,
        environment_label=context["environment"].label,
        address=address,
        at=opened.read_at or timezone.now(),
    )


def _seen_by(request: HttpRequest, context: Context) -> Mapping[str, datetime]:
    if not rules.may(request.user, rules.READ_RECORD):
        return {}
    return events.seen_by(request, context["environment"].name, context["customer_id"])


def _is_pinned(request: HttpRequest, context: Context, opened: CustomerPage) -> bool:
    return is_pinned(request, context["environment"].name, context["customer_id"], opened.name)
