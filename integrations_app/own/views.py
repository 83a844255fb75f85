"""The page of preferences, and the button that pins a customer."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from integrations_app.access.rules import environment_or_404
from integrations_app.own import pins
from integrations_app.own.preferences import PreferencesForm
from integrations_app.stigg.customer_ids import problem_with_customer_id

PINNED = "Pinned: it is on the look-up page, and comes first while you type."
NOT_PINNED = "No longer pinned."
FULL = f"Not pinned: you have {pins.MAX_PINS} pins in this environment, its limit. Unpin one first."


@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """What an agent has chosen, and a form to choose otherwise."""
    user: Any = request.user
    form = PreferencesForm(user, request.POST if request.method == "POST" else None)
    if form.is_valid():
        form.save()
        messages.success(request, "Saved.", extra_tags="saved")
        return HttpResponseRedirect(request.path)
    status = 400 if form.errors else 200
    return render(request, "account/preferences.html", {"form": form}, status=status)


@require_POST
def pin(request: HttpRequest, environment: str, customer_id: str) -> HttpResponse:
    """htmx gets the button as it is then, or the whole page, which says why not."""
    chosen = environment_or_404(request.user, environment)
    if problem_with_customer_id(customer_id):
        raise BadRequest
    said = _change(request, environment, customer_id)
    is_htmx = bool(getattr(request, "htmx", False))
    if is_htmx and said != FULL:
        context = {"environment": chosen, "customer_id": customer_id}
        context |= {"is_pinned": said == PINNED, "said": said}
        return render(request, "customer/_pin.html", context)
    messages.info(request, said, extra_tags="quiet")
    page = reverse("integrations", args=[environment, customer_id])
    return HttpResponseClientRedirect(page) if is_htmx else HttpResponseRedirect(page)


def _change(request: HttpRequest, environment: str, customer_id: str) -> str:
    """Do as the button said; in words what came of it."""
    if not request.POST.get("pinned"):
        pins.take(request, environment, customer_id)
        return NOT_PINNED
    return PINNED if pins.put(request, environment, customer_id) else FULL
