"""The look-up page, what a look-up leads to, and the suggestions under its box."""

import re
import time
from typing import Any
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from integrations_app.audit.record import ROOM, Recent, recents, record
from integrations_app.lookup.elsewhere import SCOUT_SECONDS, elsewhere
from integrations_app.lookup.find import find, find_each, may_search
from integrations_app.lookup.finding import Finding, Hit
from integrations_app.lookup.guesses import MAX_TERMS, Pasted, split
from integrations_app.lookup.suggest import suggest
from integrations_app.stigg import clean
from integrations_app.upstream import environments
from integrations_app.upstream.environments import Environment, environment_or_404

NOTHING_READABLE = (
    "There is nothing in that text that could be looked up. Paste an id, an e-mail or a name."
)
NOT_FILLED_IN = (
    "The help desk sent the name of a placeholder, not its value. Paste the "
    "e-mail, and tell the operator."
)
UNFILLED = re.compile(r"\{\{[^{}]*\}\}")
BAD_TICKET = (
    f"A ticket is printable text of at most {ROOM['ticket']} characters. Press Find "
    "to go on without it."
)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The look-up page."""
    return _home(request, _chosen(request))


def _home(
    request: HttpRequest, chosen: Environment, text: str = "", problem: str = ""
) -> HttpResponse:
    context = _box(chosen, text) | {
        "problem": problem,
        "recents": _recents(request),
        "examples": environments.examples(),
    }
    return render(request, "lookup/home.html", context, status=400 if problem else 200)


@require_safe
def lookup(request: HttpRequest) -> HttpResponse:
    """Find the customer that a pasted text means: straight to the one, a choice of several, or what
    was tried.
    """
    chosen, query = _chosen(request), _query(request)
    if not query.strip():
        return HttpResponseRedirect(f"{reverse('home')}?{urlencode({'environment': chosen.name})}")
    pasted, ticket = split(query), request.GET.get("ticket", "").strip()
    if problem := _problem(pasted, ticket):
        return _refused(request, chosen, "; ".join(pasted.terms) or clean(query), problem)
    if len(pasted.terms) > 1:
        return _several(request, chosen, pasted, ticket)
    return _one(request, chosen, pasted.terms[0], ticket)


def _query(request: HttpRequest) -> str:
    """The text as it was meant.

    Help desks put an e-mail into a link as it is, and a "+" in it must stay one.

    A form would have written the "@" as %40; where it stands bare, nobody has written blanks as "+"
    either.
    """
    pairs = request.META.get("QUERY_STRING", "").split("&")
    bare = next((pair.removeprefix("q=") for pair in pairs if pair.startswith("q=")), "")
    if "@" not in bare:
        return request.GET.get("q", "")
    return unquote_to_bytes(bare.encode("latin-1", "replace")).decode("utf-8", "replace")


def _problem(pasted: Pasted, ticket: str) -> str:
    if not ticket.isprintable() or len(ticket) > ROOM["ticket"]:
        return BAD_TICKET
    if any(UNFILLED.search(term) for term in pasted.terms):
        return NOT_FILLED_IN
    return "" if pasted.terms else NOTHING_READABLE


def _one(request: HttpRequest, chosen: Environment, term: str, ticket: str) -> HttpResponse:
    ends = time.monotonic() + settings.STIGG_DEADLINE_SECONDS
    finding = find(chosen, term, _own_hosts(request))
    if not finding.kinds or "unknown_address" in finding.kinds:
        return _refused(request, chosen, term, finding.notes[0])
    hit = finding.certain
    known = {"customer_id": hit.customer_id, "customer_name": hit.name} if hit else {}
    place = hit.environment if hit else chosen
    record(
        request,
        "lookup",
        finding.outcome,
        environment=place.name,
        query=term,
        ticket=ticket,
        **known,
    )
    return HttpResponseRedirect(_page(hit)) if hit else _choice(request, chosen, finding, ends)


def _choice(
    request: HttpRequest, chosen: Environment, finding: Finding, ends: float
) -> HttpResponse:
    """The page for no certain customer: several to choose from, a miss, or trouble."""
    missed = not finding.hits and not finding.problem
    left = max(0, min(SCOUT_SECONDS, ends - time.monotonic()))
    others = elsewhere(finding, _own_hosts(request), left) if missed else None
    context = _box(chosen, finding.text) | {"finding": finding, "elsewhere": others}
    response = render(request, "lookup/found.html", context, status=finding.status)
    if finding.problem and finding.problem.retry_after is not None:
        response.headers["Retry-After"] = str(finding.problem.retry_after)
    return response


def _several(
    request: HttpRequest, chosen: Environment, pasted: Pasted, ticket: str
) -> HttpResponse:
    findings = find_each(chosen, pasted.terms, _own_hosts(request))
    text = "; ".join(pasted.terms)
    record(request, "lookup", "list", environment=chosen.name, query=text, ticket=ticket)
    context = _box(chosen, text) | {
        "findings": findings,
        "left_out": pasted.left_out,
        "limit": MAX_TERMS,
    }
    return render(request, "lookup/list.html", context)


def _refused(request: HttpRequest, chosen: Environment, text: str, problem: str) -> HttpResponse:
    record(request, "lookup", "bad-input", environment=chosen.name, query=text)
    return _home(request, chosen, text, problem)


@require_safe
def suggestions(request: HttpRequest) -> HttpResponse:
    """Customers that fit what is being typed, as options under the box.

    Never an error: then there are none.
    """
    context = {"hits": suggest(_chosen(request), request.GET.get("q", ""))}
    return render(request, "lookup/_suggestions.html", context)


def _chosen(request: HttpRequest) -> Environment:
    return environment_or_404(
        request.GET.get("environment") or next(iter(environments.configured()))
    )


def _box(chosen: Environment, text: str) -> dict[str, Any]:
    """What every page with the large box needs; `may_search` decides what the box says it takes."""
    return {"environment": chosen, "text": text, "may_search": may_search(chosen)}


def _recents(request: HttpRequest) -> list[tuple[Recent, Environment]]:
    """The agent's last customers, but for those of environments that this desk no longer has."""
    places = environments.configured()
    return [
        (recent, places[recent.environment])
        for recent in recents(request)
        if recent.environment in places
    ]


def _own_hosts(request: HttpRequest) -> list[str]:
    return [request.get_host(), *settings.ALLOWED_HOSTS]


def _page(hit: Hit) -> str:
    return reverse("integrations", args=[hit.environment.name, hit.customer_id])
