"""The customer's page, and what stands where there is no page.

Each works without JavaScript; htmx makes it quick.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from integrations_app.audit.record import record
from integrations_app.customer.page import CustomerPage, open_customer
from integrations_app.customer.query import BadQuery, Query
from integrations_app.customer.ticket import Ticket, ticket
from integrations_app.htmx import page_of
from integrations_app.stigg.customer_ids import problem_with_customer_id
from integrations_app.upstream.environments import environment_or_404


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
    if problem := problem_with_customer_id(customer_id):
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
