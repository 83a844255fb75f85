"""The look-up page, what a look-up leads to, and the suggestions under its box."""

import re
import time
from typing import Any
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from integrations_app.access import rules
from integrations_app.audit import events, tickets
from integrations_app.audit.events import Action, Recent, recents
from integrations_app.lookup.emails import EMAIL_PATTERN
from integrations_app.lookup.find import find, find_each, may_search
from integrations_app.lookup.hits import (
    DOMAIN,
    EMAIL,
    NAME,
    OTHERWISE,
    PART_OF_EMAIL,
    PART_OF_ID,
    PART_OF_NAME,
    Finding,
    Hit,
)
from integrations_app.lookup.other_environments import SCOUT_SECONDS, Elsewhere, elsewhere
from integrations_app.lookup.pasted_text import Reading, read
from integrations_app.lookup.plain import NOT_FILLED_IN
from integrations_app.lookup.suggest import suggest, with_pins
from integrations_app.lookup.terms import MAX_PASTE_LENGTH, MAX_TERMS
from integrations_app.lookup.whole_ticket import Joined, join
from integrations_app.own.pins import matching, pins
from integrations_app.own.preferences import first_environment
from integrations_app.pages import MAX_ADDRESS, render_page
from integrations_app.upstream import environments
from integrations_app.upstream.environments import Environment

NOTHING_READABLE = (
    "There is nothing in that text that could be looked up. Paste an id, an e-mail or a name."
)
Context = dict[str, Any]
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_OPENED_BY = {
    EMAIL: "an e-mail",
    NAME: "a name",
    OTHERWISE: "a name that is written otherwise",
    DOMAIN: "an e-mail domain",
    PART_OF_NAME: "a part of a name",
    PART_OF_ID: "a part of an id",
    PART_OF_EMAIL: "a part of an e-mail",
}


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The look-up page."""
    name = request.GET.get("environment") or first_environment(request.user)
    return _home(request, rules.environment_or_404(request.user, name))


def _home(
    request: HttpRequest, chosen: Environment, text: str = "", problem: str = ""
) -> HttpResponse:
    context = _box(chosen, text) | {
        "problem": problem,
        "ticket_number": "" if tickets.problem(request) else tickets.in_address(request),
        "pins": pins(request, chosen.name),
        "recents": _recents(request),
        "examples": environments.examples(),
    }
    return render(request, "lookup/home.html", context, status=400 if problem else 200)


@csrf_exempt  # it does what a link to it does
@require_http_methods(["GET", "HEAD", "POST"])
def lookup(request: HttpRequest) -> HttpResponse:
    """What the box sends has an address of its own, unless the text is too long for one."""
    if request.method == "POST":
        address = f"{request.path}?{request.POST.urlencode()}"
        if len(address) <= MAX_ADDRESS:
            return HttpResponseRedirect(address)
        request.GET = request.POST
    chosen, (query, emails) = _chosen(request), _query(request)
    if not query.strip() and not tickets.in_address(request):
        return HttpResponseRedirect(f"{reverse('home')}?{urlencode({'environment': chosen.name})}")
    text = _UNPRINTABLE.sub("\ufffd", "; ".join(filter(str.strip, query.splitlines())))
    reading = read("\n".join([query, *emails]), _own_hosts(request))
    if tickets.is_missing(request):
        return tickets.ask(request, request.method)
    if problem := _problem(reading, query, tickets.problem(request)):
        return _refused(request, chosen, text, problem)
    answer = {"one": _one, "list": _several, "ticket": _ticket}[reading.form]
    return answer(request, _box(chosen, text) | {"reading": reading})


def _query(request: HttpRequest) -> tuple[str, list[str]]:
    """The text as it was meant, and e-mails that it may have held instead.

    Help desks put an e-mail into a link as it is, and a "+" in it must stay one. A form would have
    written the "@" as %40; where it stands bare, nobody has written blanks as "+" either. Beside a
    %40 both are read, unless our own form has sent it: either alone could be another person.
    """
    pairs = request.META.get("QUERY_STRING", "").split("&")
    bare = next((pair.removeprefix("q=") for pair in pairs if pair.startswith("q=")), "")
    as_it_is = unquote_to_bytes(bare.encode("latin-1", "replace")).decode("utf-8", "replace")
    if "@" in bare:
        return as_it_is, []
    in_doubt = "+" in bare and "typed" not in request.GET
    emails = EMAIL_PATTERN.findall(as_it_is) if in_doubt else []
    return request.GET.get("q", ""), [email for email in emails if "+" in email]


def _problem(reading: Reading, query: str, with_ticket: str) -> str:
    if with_ticket:
        return f"{with_ticket} Press Find to go on without it."
    if reading.form == "placeholder" or not query.strip():
        return NOT_FILLED_IN
    return "" if reading.terms else (reading.notes or (NOTHING_READABLE,))[0]


def _one(request: HttpRequest, context: Context) -> HttpResponse:
    ends = time.monotonic() + settings.STIGG_DEADLINE_SECONDS
    chosen, reading = context["environment"], context["reading"]
    finding = find(chosen, reading.terms[0], _own_hosts(request))
    if not finding.kinds or "unknown_address" in finding.kinds:
        return _refused(request, chosen, context["text"], finding.notes[0])
    return _answer(request, context | {"finding": finding}, finding, "lookup/found.html", ends)


def _ticket(request: HttpRequest, context: Context) -> HttpResponse:
    ends = time.monotonic() + settings.STIGG_DEADLINE_SECONDS
    chosen, reading = context["environment"], context["reading"]
    joined = join(chosen, reading.terms, _own_hosts(request), reading.possible_ids)
    return _answer(request, context | {"joined": joined}, joined, "lookup/ticket.html", ends)


def _answer(
    request: HttpRequest, context: Context, came: Finding | Joined, template: str, ends: float
) -> HttpResponse:
    """Straight to the one customer, else several to choose from, a miss, or trouble."""
    chosen, text, problem = context["environment"], context["text"], came.problem
    if hit := came.certain if context["reading"].is_whole else None:
        _note(request, "one", hit.environment, text, hit)
        return _opened(request, hit)
    if came.hits:
        outcome, status = "several", 200
    else:
        outcome, status = (problem.kind, problem.status) if problem else ("none", 404)
    _note(request, outcome, chosen, text)
    context["elsewhere"] = _others(request, chosen, came.missed, ends, text)
    return render_page(request, template, context, status=status, problem=problem)


def _others(
    request: HttpRequest, chosen: Environment, missed: list[str], ends: float, text: str
) -> Elsewhere | None:
    """What the other environments have of it: shown, so on record there too."""
    if not missed:
        return None
    left = max(0, min(SCOUT_SECONDS, ends - time.monotonic()))
    others = elsewhere(chosen, missed, _own_hosts(request), left)
    for place in {found.environment.name: found.environment for found in others.found}.values():
        _note(request, "elsewhere", place, text)
    return others


def _several(request: HttpRequest, context: Context) -> HttpResponse:
    chosen = context["environment"]
    findings = find_each(chosen, context["reading"].terms, _own_hosts(request))
    _note(request, "list", chosen, context["text"])
    return render(request, "lookup/list.html", context | {"findings": findings})


def _note(
    request: HttpRequest, outcome: str, chosen: Environment, text: str, hit: Hit | None = None
) -> None:
    events.note(
        request,
        Action.LOOK_UP,
        outcome,
        environment=chosen.name,
        query=text,
        ticket=tickets.in_address(request),
        customer_id=hit.customer_id if hit else "",
        customer_name=hit.name if hit else "",
    )


def _opened(request: HttpRequest, hit: Hit) -> HttpResponse:
    """To the customer's page; what is weaker than an id is said there, once."""
    if hit.why[0] in _OPENED_BY:
        by = " and ".join(_OPENED_BY[why] for why in hit.why if why in _OPENED_BY)
        said = f"Opened by {by}, not by an id: check that this is the customer of your ticket."
        messages.info(request, said, extra_tags="quiet")
    return HttpResponseRedirect(_page(hit))


def _refused(request: HttpRequest, chosen: Environment, text: str, problem: str) -> HttpResponse:
    events.note(request, Action.LOOK_UP, "bad-input", environment=chosen.name, query=text)
    return _home(request, chosen, text, problem)


@require_safe
def suggestions(request: HttpRequest) -> HttpResponse:
    """Options under the box. Never an error: then there are none. By hand it leads to the page."""
    if not getattr(request, "htmx", False):
        where = urlencode({"environment": _chosen(request).name})
        return HttpResponseRedirect(f"{reverse('home')}?{where}")
    chosen, text = _chosen(request), request.GET.get("q", "")
    hits: tuple[Hit, ...] = ()
    if not tickets.is_missing(request):
        mine = matching(request, chosen.name, text)
        hits = with_pins(chosen, suggest(chosen, text), mine)
    events.note(
        request,
        Action.SUGGESTIONS,
        str(len(hits)),
        environment=chosen.name,
        query=text,
        ticket=tickets.in_address(request),
    )
    return render(request, "lookup/_suggestions.html", {"hits": hits})


def _chosen(request: HttpRequest) -> Environment:
    return rules.environment_or_404(request.user, request.GET.get("environment", ""))


def _box(chosen: Environment, text: str) -> Context:
    """What every page with the large box needs; `may_search` decides what the box says it takes."""
    return {
        "environment": chosen,
        "text": text,
        "may_search": may_search(chosen),
        "most_terms": MAX_TERMS,
        "most_read": MAX_PASTE_LENGTH,
    }


def _recents(request: HttpRequest) -> list[tuple[Recent, Environment]]:
    """The agent's last customers, but for those of environments that the agent no longer sees."""
    places = rules.environments(request.user)
    return [
        (recent, places[recent.environment])
        for recent in recents(request)
        if recent.environment in places
    ]


def _own_hosts(request: HttpRequest) -> list[str]:
    return [request.get_host(), *settings.ALLOWED_HOSTS]


def _page(hit: Hit) -> str:
    return reverse("integrations", args=[hit.environment.name, hit.customer_id]) + hit.row
