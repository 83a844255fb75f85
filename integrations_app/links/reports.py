"""An agent's report that a link is wrong: which link it was is read here, not from the browser."""

from datetime import timedelta

from django.contrib import messages
from django.forms import modelform_factory
from django.http import HttpRequest
from django.utils import timezone

from integrations_app.audit.events import Action, note
from integrations_app.vendors.vendor import Vendor

from .models import HOST_LENGTH, VENDOR_LENGTH, WrongLink
from .offers import Offer

MAX_REPORTS_A_DAY = 50
TOO_MANY = (
    f"You have reported {MAX_REPORTS_A_DAY} links in the last 24 hours, which is as many as the "
    "desk takes. Tell an operator about this one."
)

# What the agent adds, if anything
WrongLinkForm = modelform_factory(WrongLink, fields=("word",))


def are_too_many(request: HttpRequest) -> bool:
    since = timezone.now() - timedelta(days=1)
    reports = WrongLink.objects.filter(user=request.user.get_username(), at__gte=since)
    return reports.count() >= MAX_REPORTS_A_DAY


def keep(request: HttpRequest, report: WrongLink, vendor: Vendor, offer: Offer) -> None:
    """Of the row's link, or of Stigg's own beside it: of the address only its host is kept."""
    link, template = offer.link, offer.template
    if offer.other and "stiggs" in request.POST:
        link, template = offer.other, ""
    report.user = request.user.get_username()
    report.vendor_identifier = vendor.identifier[:VENDOR_LENGTH]
    report.host = link.host[:HOST_LENGTH]
    report.template = template
    report.source = WrongLink.Source.TEMPLATE if template else WrongLink.Source.STIGG
    note(
        request,
        Action.REPORT,
        "sent",
        environment=report.environment,
        customer_id=report.customer_id,
        detail=f"{report.vendor_identifier} {report.integration_id} {report.host}",
    )
    report.save()
    messages.success(request, "Thank you. Your report was sent to the operators.")
