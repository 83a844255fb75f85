"""The customer's page, and what stands where there is no page.

Each works without JavaScript; htmx makes it quick.
"""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from dashboard.middleware import page_of
from integrations_app.audit.record import record
from integrations_app.customer.listing import BadQuery, Query
from integrations_app.customer.page import CustomerPage, open_customer
from integrations_app.customer.ticket import Ticket, ticket
from integrations_app.lookup import guesses as pasted
from integrations_app.upstream import environments
from integrations_app.upstream.environments import Environment


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


def _customer(
    request: HttpRequest, name: str, customer_id: str, *, is_fragment: bool = False
) -> HttpResponse:
    environment = environment_or_404(name)
    context: dict[str, Any] = {"environment": environment, "customer_id": customer_id}
    try:
        query = _checked(request, customer_id, context)
    except BadQuery as error:
        refused = "customer/_bad_address.html" if is_fragment else "customer/bad_address.html"
        return render(request, refused, context | {"problems": error.problems}, status=400)
    opened = open_customer(environment, customer_id, query, refresh="refresh" in request.GET)
    if not is_fragment:
        _record_visit(request, name, customer_id, opened)
    address = f"{context['page']}{opened.query}"
    context |= {"opened": opened, "ticket": _ticket(request, context, opened, address)}
    response = render(
        request,
        "customer/fragment.html" if is_fragment else "customer/page.html",
        context,
        status=opened.status,
    )
    # The same address again, as after "Refresh", is no step for the browser's Back.
    response.headers["HX-Replace-Url" if page_of(request) == address else "HX-Push-Url"] = address
    if opened.problem and opened.problem.retry_after is not None:
        response.headers["Retry-After"] = str(opened.problem.retry_after)
    return response


def _checked(request: HttpRequest, customer_id: str, context: dict[str, Any]) -> Query:
    """The page's query. Raises BadQuery; where only the query is wrong, `context` has the page to
    go back to.
    """
    if problem := pasted.problem_with_customer_id(customer_id):
        raise BadQuery([problem])
    context["page"] = reverse("integrations", args=[context["environment"].name, customer_id])
    return Query.read(dict(request.GET.lists()))


def _ticket(
    request: HttpRequest, context: dict[str, Any], opened: CustomerPage, address: str
) -> Ticket | None:
    if opened.listing is None:
        return None
    name, label = opened.customer.name if opened.customer else None, context["environment"].label
    read_at, whole = opened.read_at or timezone.now(), request.build_absolute_uri(address)
    return ticket(context["customer_id"], name, label, opened.listing, whole, read_at)


def _record_visit(request: HttpRequest, name: str, customer_id: str, opened: CustomerPage) -> None:
    """Filters and further pages of a customer that is open already are no new visit."""
    outcome = opened.problem.kind if opened.problem else "shown"
    customer_name = opened.customer.name if opened.customer else ""
    record(
        request,
        "view",
        outcome,
        environment=name,
        customer_id=customer_id,
        customer_name=customer_name,
    )


def environment_or_404(name: str) -> Environment:
    """The configured environment of this name."""
    try:
        return environments.configured()[name]
    except KeyError:
        known = ", ".join(environments.configured())
        raise Http404(
            f"There is no environment of this name here. This desk has: {known}."
        ) from None


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Is the process alive? Touches neither the database nor Stigg."""
    return HttpResponse("ok", content_type="text/plain")


def _error(request: HttpRequest, status: int, kind: str, title: str, meaning: str) -> HttpResponse:
    context = {"kind": kind, "title": title, "meaning": meaning}
    return render(request, "error.html", context, status=status)


@login_not_required
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's signature
    return _error(
        request,
        400,
        "bad-input",
        "The desk cannot read this request",
        "Part of the address is not allowed.",
    )


@login_not_required
def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's signature
    return _error(
        request,
        403,
        "no-permission",
        "You may not do this",
        "Ask the operator of this desk for the right.",
    )


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Most often a form that was open in another tab while somebody signed in or out."""
    meaning = "Nothing was sent. Go back, reload the page, and try again."
    return _error(request, 403, "old-form", "This form is out of date", meaning)


@login_not_required
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    said = (
        str(exception)
        if isinstance(exception, Http404) and exception.args and isinstance(exception.args[0], str)
        else ""
    )
    return _error(
        request,
        404,
        "no-page",
        "There is no page at this address",
        said or "Check the address, or look up a customer.",
    )


@login_not_required
def server_error(request: HttpRequest) -> HttpResponse:
    """Also for when the database is the reason, so it asks nobody who is there."""
    request.user = AnonymousUser()
    return _error(
        request,
        500,
        "desk-fault",
        "The desk made a mistake",
        "It is on record. Try again, or tell the operator.",
    )
