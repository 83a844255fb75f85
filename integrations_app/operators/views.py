"""The operators' page: how Stigg and the desk do, what is wrong, and what to do about it."""

from collections.abc import Mapping
from operator import attrgetter

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from integrations_app.access import rules
from integrations_app.audit.events import Action, note
from integrations_app.operators.advice import advice
from integrations_app.operators.counts import BOUNDS_MS, keep, signed_in
from integrations_app.operators.figures import DAY, HOUR, Figures
from integrations_app.operators.words import milliseconds, told

MAX_SESSIONS = 100
EVERYWHERE = ""  # where the record tells of no environment


@require_safe
def operations(request: HttpRequest) -> HttpResponse:
    """The environments that the operator sees, in the last hour and the last day."""
    rules.environment_or_404(request.user, "")
    seen = rules.environments(request.user)
    note(request, Action.OPERATIONS, "shown")
    keep()
    names = [*seen, *([] if rules.rights(request.user).limits else [EVERYWHERE])]
    hour, day = HOUR.read(names), DAY.read(names)
    found = [*advice(None, hour.get(EVERYWHERE, Figures()))]
    for name in seen:
        found += advice(seen[name], hour[name])
    context = {
        "places": {name: _place(hour[name], day[name]) for name in seen},
        "seen": seen,
        "advice": sorted(found, key=attrgetter("is_over")),
        "is_asked": any(hour[name].calls for name in seen),
        "milliseconds": milliseconds,
        "bounds": ", ".join(map(milliseconds, BOUNDS_MS[:-1])),
        "sessions": signed_in().select_related("user")[:MAX_SESSIONS],
        "signed_in": signed_in().count(),
    }
    return render(request, "operators/page.html", context)


def _place(hour: Figures, day: Figures) -> Mapping[str, object]:
    in_words = told(hour), told(day)
    return {
        "is_empty": day == Figures(),
        "rows": [(name, [column[name] for column in in_words]) for name in in_words[0]],
        "charts": [(window, window.steps(of)) for window, of in ((HOUR, hour), (DAY, day))],
    }
