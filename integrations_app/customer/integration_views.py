"""One integration's own page: it asks before an unfamiliar link opens, and takes reports."""

from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods, require_POST

from integrations_app.audit import events
from integrations_app.audit.events import Action
from integrations_app.customer.integration import IntegrationPage, Sought, open_integration
from integrations_app.customer.views import Context, ask_for_ticket, note, of_customer, refuse
from integrations_app.links import reports
from integrations_app.links.models import WrongLink
from integrations_app.pages import render_page

MAX_INTEGRATION_ID = 255
NOT_REPORTED = "This link is not reported"
NO_LINK = "This integration has no link that could be wrong."


@require_http_methods(["GET", "HEAD", "POST"])
@of_customer
def integration(request: HttpRequest, context: Context) -> HttpResponse:
    """One integration of a customer; a POST reports its link as wrong."""
    record = request.GET.get("record", "")
    sought = Sought(context["customer_id"], context["integration_id"], record)
    if sought.problem:
        return refuse(request, context, sought.problem)
    if asking := ask_for_ticket(request, context):
        return asking
    opened = open_integration(context["environment"], sought, refresh="refresh" in request.GET)
    context |= {"shown": opened, "sought": sought, "name": opened.name or sought.customer_id}
    _note(request, context, opened)
    if request.method == "POST":
        return _report(request, context, opened)
    return _show(request, context, opened, reports.WrongLinkForm())


@require_POST
@of_customer
def opened(request: HttpRequest, context: Context) -> HttpResponse:
    """A link of this customer was followed: a page's script says so and waits for no answer."""
    integration_id = request.POST.get("integration", "")
    if len(integration_id) > MAX_INTEGRATION_ID:
        return HttpResponse(status=400)
    events.note(
        request,
        Action.LINK,
        "opened",
        environment=context["environment"].name,
        customer_id=context["customer_id"],
        detail=integration_id,
    )
    return HttpResponse(status=204)


def _report(request: HttpRequest, context: Context, opened: IntegrationPage) -> HttpResponse:
    """Where Stigg does not answer, the page says so and keeps what was written."""
    of = {name: context[name] for name in ("customer_id", "integration_id")}
    report = WrongLink(environment=context["environment"].name, **of)
    form = reports.WrongLinkForm(request.POST, instance=report)
    if reports.are_too_many(request):
        return refuse(request, context, reports.TOO_MANY, title=NOT_REPORTED, status=429)
    if opened.row and not opened.row.can_be_reported:
        return refuse(request, context, NO_LINK, title=NOT_REPORTED)
    if not opened.row or not form.is_valid():
        return _show(request, context, opened, form)
    reports.keep(request, form.save(commit=False), opened.row.vendor, opened.row.offer)
    return HttpResponseRedirect(opened.row.own_page)


def _show(
    request: HttpRequest, context: Context, opened: IntegrationPage, form: "ModelForm[WrongLink]"
) -> HttpResponse:
    context["form"] = form
    status = 400 if form.errors and not opened.problem else opened.status
    template = "customer/integration.html"
    return render_page(request, template, context, status=status, problem=opened.problem)


def _note(request: HttpRequest, context: Context, opened: IntegrationPage) -> None:
    """Also whether the page asked about an unfamiliar link, and which host that has."""
    unfamiliar = opened.row.offer.unfamiliar if opened.row else None
    outcome = "asked" if unfamiliar else opened.outcome
    vendor = opened.row.vendor.identifier if opened.row else ""
    said = (vendor, unfamiliar.host if unfamiliar else "", context["integration_id"])
    detail = " ".join(filter(None, said))
    note(request, context, Action.INTEGRATION, outcome, opened.customer, detail)
