"""Pages about one link: asking before an unfamiliar address opens, and reporting a wrong link."""

from datetime import timedelta
from typing import Any

from ada_url import idna_to_unicode
from django.contrib import messages
from django.forms import modelform_factory
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from integrations_app.access.rules import environment_or_404
from integrations_app.audit.events import Action, note, was_shown
from integrations_app.stigg.customer_ids import problem_with_customer_id
from integrations_app.upstream.environments import Environment
from integrations_app.vendors import vendor_for

from . import departures
from .models import WrongLink, link_settings


@require_safe
def leave(request: HttpRequest) -> HttpResponse:
    """Names the host of an unfamiliar address and asks once. Judges it anew; never redirects."""
    try:
        departure = departures.read(request.GET.get("to", ""), str(request.user.pk))
        environment = environment_or_404(request.user, departure.environment)
    except departures.Refused as refused:
        note(request, Action.LEAVE, refused.kind)
        return _refused(request, refused.status, refused.title, refused.meaning)
    vendor = vendor_for(departure.vendor_identifier)
    link = link_settings(environment.name).judge(departure.url, vendor)
    opens = link.kind in ("verified", "unfamiliar")
    note(
        request,
        Action.LEAVE,
        "asked" if opens else "refused",
        environment=environment.name,
        customer_id=departure.customer_id,
        detail=f"{vendor.identifier} {link.host}".strip(),
    )
    if not opens:
        return _refused(request, 400, "This address cannot be opened", link.reason)
    written = idna_to_unicode(link.host)
    context = {
        "link": link,
        "vendor": vendor,
        "environment": environment,
        "customer_id": departure.customer_id,
        "written": written if written != link.host else "",
    }
    return render(request, "links/leave.html", context)


def _refused(request: HttpRequest, status: int, title: str, meaning: str) -> HttpResponse:
    context = {"kind": "cannot-leave", "title": title, "meaning": meaning}
    return render(request, "error.html", context, status=status)


@require_POST
def opened(request: HttpRequest, environment: str, customer_id: str) -> HttpResponse:
    """A link of this customer was followed: a page's script says so and waits for no answer."""
    integration = request.POST.get("integration", "")
    if len(integration) > MAX_INTEGRATION_ID or problem_with_customer_id(customer_id):
        return HttpResponse(status=400)
    note(
        request,
        Action.LINK,
        "opened",
        environment=environment_or_404(request.user, environment).name,
        customer_id=customer_id,
        detail=integration,
    )
    return HttpResponse(status=204)


# The row fills these in; the word comes from the agent
ROW_FIELDS = ("vendor_identifier", "integration_id", "host", "source")
WrongLinkForm = modelform_factory(WrongLink, fields=(*ROW_FIELDS, "word"))
MAX_INTEGRATION_ID = 255
MAX_REPORTS_A_DAY = 50
NOT_SHOWN = (
    "You can report the links of a customer whose page you opened in the last 24 hours. "
    "Open the customer's page, then report the link from its row."
)
TOO_MANY = (
    f"You have reported {MAX_REPORTS_A_DAY} links in the last 24 hours, which is as many as the "
    "desk takes. Tell an operator about this one."
)
INCOMPLETE = "The address of this report is not complete. Start from the customer's page."


@require_http_methods(["GET", "HEAD", "POST"])
def wrong_link(request: HttpRequest, environment: str, customer_id: str) -> HttpResponse:
    """Ask for an optional word about a wrong link, then send the report to the operators."""
    chosen = environment_or_404(request.user, environment)
    problem = problem_with_customer_id(customer_id)
    form = WrongLinkForm(request.POST if request.method == "POST" else request.GET)
    context: dict[str, Any] = {"environment": chosen, "customer_id": customer_id}
    if not problem and form.errors.keys() - {"word"}:
        problem = INCOMPLETE
    if problem:
        context |= {"page": "", "problems": [problem]}
        return render(request, "customer/bad_address.html", context, status=400)
    page = reverse("integrations", args=[environment, customer_id])
    status, problem = _not_allowed(request, environment, customer_id)
    if problem:
        context |= {"page": page, "problems": [problem], "title": "This link is not reported"}
        return render(request, "customer/bad_address.html", context, status=status)
    # The page reads its own query; under its own path nothing in it can lead elsewhere.
    back = f"{page}?{query}" if (query := form.data.get("back", "").removeprefix("?")) else page
    if request.method == "POST" and form.is_valid():
        _keep(request, chosen, customer_id, form.save(commit=False))
        return HttpResponseRedirect(back)
    context |= {
        "form": form,
        "back": back,
        "hidden": [(name, form.data.get(name, "")) for name in (*ROW_FIELDS, "back")],
        "vendor": vendor_for(form.cleaned_data["vendor_identifier"]),
    }
    return render(request, "links/wrong_link.html", context, status=400 if form.errors else 200)


def _not_allowed(request: HttpRequest, environment: str, customer_id: str) -> tuple[int, str]:
    """The status, and why this agent may not report a link of this customer; "" if they may."""
    if not was_shown(request, environment, customer_id):
        return 403, NOT_SHOWN
    since = timezone.now() - timedelta(days=1)
    reports = WrongLink.objects.filter(user=request.user.get_username(), at__gte=since)
    return (429, TOO_MANY) if reports.count() >= MAX_REPORTS_A_DAY else (200, "")


def _keep(
    request: HttpRequest, environment: Environment, customer_id: str, report: WrongLink
) -> None:
    """What a browser cannot be asked is read here: who reports, which template built the link."""
    report.user = request.user.get_username()
    report.environment = environment.name
    report.customer_id = customer_id
    if report.source == WrongLink.Source.TEMPLATE:
        templates = link_settings(environment.name).templates
        report.template = templates.get(report.vendor_identifier, "")
    note(
        request,
        Action.REPORT,
        "sent",
        environment=environment.name,
        customer_id=customer_id,
        detail=f"{report.vendor_identifier} {report.integration_id} {report.host}",
    )
    report.save()
    messages.success(request, "Thank you. Your report was sent to the operators.")
