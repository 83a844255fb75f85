"""One integration's own page: it asks before an unfamiliar link opens, and takes reports of a wrong
one. Works without JavaScript.
"""

from typing import Any

from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from integrations_app.access.rules import environment_or_404
from integrations_app.audit import events, tickets
from integrations_app.customer.integration import IntegrationPage, Sought, open_integration
from integrations_app.links import reports
from integrations_app.links.models import WrongLink
from integrations_app.pages import render_page
from integrations_app.stigg.customer_ids import problem_with_customer_id

NOT_REPORTED = "This link is not reported"
NO_LINK = "This integration has no link that could be wrong."


@require_http_methods(["GET", "HEAD", "POST"])
def integration(
    request: HttpRequest, environment: str, customer_id: str, integration_id: str
) -> HttpResponse:
    """One integration of a customer; a POST reports its link as wrong."""
    chosen = environment_or_404(request.user, environment)
    sought = Sought(customer_id, integration_id, request.GET.get("record", ""))
    page = reverse("integrations", args=[environment, customer_id])
    context: dict[str, Any] = {"environment": chosen, "customer_id": customer_id, "page": page}
    if problem := problem_with_customer_id(customer_id):
        return _refuse(request, context | {"page": ""}, problem)
    if sought.problem:
        return _refuse(request, context, sought.problem)
    if asking := tickets.asked_first(request, environment, customer_id):
        return asking
    opened = open_integration(chosen, sought, refresh="refresh" in request.GET)
    _note(request, environment, sought, opened)
    if request.method == "POST":
        return _report(request, context, sought, opened)
    return _show(request, context, sought, opened, reports.WrongLinkForm())


def _refuse(
    request: HttpRequest, context: dict[str, Any], problem: str, status: int = 400
) -> HttpResponse:
    context |= {"problems": [problem]}
    return render(request, "customer/bad_address.html", context, status=status)


def _report(
    request: HttpRequest, context: dict[str, Any], sought: Sought, opened: IntegrationPage
) -> HttpResponse:
    """Where Stigg does not answer, the page says so and keeps what was written."""
    of = {
        "environment": context["environment"].name,
        "customer_id": sought.customer_id,
        "integration_id": sought.integration_id,
    }
    form = reports.WrongLinkForm(request.POST, instance=WrongLink(**of))
    if reports.are_too_many(request):
        return _refuse(request, context | {"title": NOT_REPORTED}, reports.TOO_MANY, 429)
    if opened.row and not opened.row.can_be_reported:
        return _refuse(request, context | {"title": NOT_REPORTED}, NO_LINK)
    if not opened.row or not form.is_valid():
        return _show(request, context, sought, opened, form)
    reports.keep(request, form.save(commit=False), opened.row.vendor, opened.row.offer)
    return HttpResponseRedirect(opened.row.own_page)


def _show(
    request: HttpRequest,
    context: dict[str, Any],
    sought: Sought,
    opened: IntegrationPage,
    form: "ModelForm[WrongLink]",
) -> HttpResponse:
    context |= {
        "shown": opened,
        "sought": sought,
        "form": form,
        "name": (opened.customer and opened.customer.name) or sought.customer_id,
    }
    status = 400 if form.errors and not opened.problem else opened.status
    template = "customer/integration.html"
    return render_page(request, template, context, status=status, problem=opened.problem)


def _note(request: HttpRequest, environment: str, sought: Sought, opened: IntegrationPage) -> None:
    """Also whether the page asked about an unfamiliar link, and which host that has."""
    unfamiliar = opened.row.offer.unfamiliar if opened.row else None
    kind = opened.problem.kind if opened.problem else "asked" if unfamiliar else "shown"
    vendor = opened.row.vendor.identifier if opened.row else ""
    host = unfamiliar.host if unfamiliar else ""
    events.note(
        request,
        events.Action.INTEGRATION,
        kind,
        environment=environment,
        customer_id=sought.customer_id,
        customer_name=opened.customer.name if opened.customer else "",
        ticket=tickets.given(request, environment, sought.customer_id),
        detail=" ".join(filter(None, [vendor, host, sought.integration_id])),
    )
