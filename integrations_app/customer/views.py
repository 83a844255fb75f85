"""The customer's page, and what stands where there is no page.

Each works without JavaScript; htmx makes it quick.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from dashboard import request_ids
from integrations_app.access import rules
from integrations_app.access.rules import environment_or_404
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
from integrations_app.stigg.customer_ids import problem_with_customer_id
from integrations_app.upstream.kept import Kept


@require_safe
def integrations(request: HttpRequest, environment: str, customer_id: str) -> HttpResponse:
    """A customer's integrations."""
    return _customer(request, environment, customer_id)


@require_safe
def results(request: HttpRequest, environment: str, customer_id: str) -> HttpResponse:
    """The results region of the same page, for htmx. Opened by hand it leads to the page."""
    page = reverse("integrations", args=[environment, customer_id])
    if not getattr(request, "htmx", False):
        query = request.META.get("QUERY_STRING", "")
        return HttpResponseRedirect(f"{page}?{query}" if query else page)
    response = _customer(request, environment, customer_id, is_fragment=True)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_safe
def ahead(request: HttpRequest, environment: str, customer_id: str) -> HttpResponse:
    """Asks for what the agent is about to open, so that it is at hand then.

    It answers nothing: no data leave the desk, so there is nothing to put on record before the page
    itself is opened. It is given up in silence for whatever reason.
    """
    chosen = environment_or_404(request.user, environment)
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


def _customer(
    request: HttpRequest, name: str, customer_id: str, *, is_fragment: bool = False
) -> HttpResponse:
    environment = environment_or_404(request.user, name)
    context = {"environment": environment, "customer_id": customer_id, "is_fragment": is_fragment}
    if problem := problem_with_customer_id(customer_id):
        return _bad_address(request, context, [problem])
    page = reverse("integrations", args=[name, customer_id])
    try:
        query = _query(request)
    except BadQuery as error:
        return _bad_address(request, context | {"page": page}, error.problems)
    if asking := tickets.asked_first(request, name, customer_id):
        return asking
    extras = () if query.needs_states or _asks_for_states(request) else EXTRAS
    refresh = "refresh" in request.GET
    opened = open_customer(environment, customer_id, query, refresh=refresh, extras=extras)
    _note(request, context, opened)
    if not opened.trouble:
        remember(name, customer_id, opened.record_ids)
    return _show(request, context | {"page": page}, opened)


def _asks_for_states(request: HttpRequest) -> bool:
    """What a page asks by itself that was shown without them."""
    return getattr(getattr(request, "htmx", None), "trigger", "") == "late-states"


def _bad_address(
    request: HttpRequest, context: dict[str, Any], problems: Sequence[str]
) -> HttpResponse:
    template = "_bad_address.html" if context["is_fragment"] else "bad_address.html"
    context = {"page": "", "problems": problems} | context
    return render(request, f"customer/{template}", context, status=400)


def _show(request: HttpRequest, context: dict[str, Any], opened: CustomerPage) -> HttpResponse:
    template = "customer/fragment.html" if context["is_fragment"] else "customer/page.html"
    address = f"{context['page']}{opened.query}"
    context |= {
        "name": (opened.customer and opened.customer.name) or context["customer_id"],
        "opened": opened,
        "seen_by": _seen_by(request, context),
        "is_pinned": _is_pinned(request, context, opened),
    }
    context["results"] = _results(request, context, request.build_absolute_uri(address))
    response = render_page(request, template, context, status=opened.status, problem=opened.problem)
    # The same address again, as after "Refresh", is no step for the browser's Back.
    response.headers["HX-Replace-Url" if page_of(request) == address else "HX-Push-Url"] = address
    return response


def _results(request: HttpRequest, context: dict[str, Any], address: str) -> str:
    """The results region, which looks the same until there are other answers, in equal hands."""

    def made() -> str:
        shown = {**context, **rules.context(request), **request_ids.context(request)}
        shown["ticket"] = _ticket(context, address)
        return render_to_string("customer/_results.html", shown)

    may_export = rules.may(request.user, rules.EXPORT)
    zone = timezone.get_current_timezone_name()
    regions: Kept[str] = context["opened"].regions
    return regions.get_or_make((address, zone, may_export), made)


def _ticket(context: dict[str, Any], address: str) -> Ticket | None:
    opened: CustomerPage = context["opened"]
    if opened.listing is None:
        return None
    return ticket(
        opened.listing,
        customer_id=context["customer_id"],
        name=opened.customer.name if opened.customer else None,
        environment_label=context["environment"].label,
        address=address,
        at=opened.read_at or timezone.now(),
    )


def _note(request: HttpRequest, context: dict[str, Any], opened: CustomerPage) -> None:
    """Filters and further pages of a customer that is open already are no new visit."""
    name, customer_id = context["environment"].name, context["customer_id"]
    events.note(
        request,
        Action.PAGE if context["is_fragment"] else Action.VIEW,
        opened.problem.kind if opened.problem else "shown",
        environment=name,
        customer_id=customer_id,
        customer_name=opened.customer.name if opened.customer else "",
        ticket=tickets.given(request, name, customer_id),
        detail=str(opened.query),
    )


def _seen_by(request: HttpRequest, context: dict[str, Any]) -> Mapping[str, datetime]:
    if context["is_fragment"] or not rules.may(request.user, rules.READ_RECORD):
        return {}
    return events.seen_by(request, context["environment"].name, context["customer_id"])


def _is_pinned(request: HttpRequest, context: dict[str, Any], opened: CustomerPage) -> bool:
    if context["is_fragment"]:
        return False
    name = (opened.customer and opened.customer.name) or ""
    return is_pinned(request, context["environment"].name, context["customer_id"], name)
