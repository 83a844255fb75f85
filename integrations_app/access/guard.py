"""The middleware that lets an account do what `rules` allow, and nothing that they do not name."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin

from integrations_app.access import rules
from integrations_app.htmx import page_of, whole_page


class Guard(MiddlewareMixin):
    """Comes after those that ask for a sign-in and a second factor."""

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        rule = rules.needed(request.resolver_match) if request.resolver_match else None
        if rule == rules.ANYBODY or rules.may(request.user, rule):
            return None
        if getattr(request, "htmx", None):
            return whole_page(page_of(request), 403)  # which then says why
        if request.path == reverse("home") and rules.may(request.user, rules.READ_RECORD):
            return redirect("record")  # sign-in leads to the former
        why = "no-permission" if rules.rights(request.user).may else "no-role"
        words = rules.WORDS.get(rule or "", "do this")
        return render(request, "account/refused.html", {"why": why, "words": words}, status=403)
