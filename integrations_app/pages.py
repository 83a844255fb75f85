"""How a page is sent on which something may have gone wrong."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from integrations_app.upstream.problems import Problem

MAX_ADDRESS = 6_000  # in bytes, of a page of the desk: many proxies take 8,192


def render_page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    status: int,
    problem: Problem | None,
) -> HttpResponse:
    return with_wait(render(request, template, context, status=status), problem)


def with_wait(response: HttpResponse, problem: Problem | None) -> HttpResponse:
    """The page, with `Retry-After` where the problem says how many seconds to wait."""
    if problem and problem.retry_after is not None:
        response.headers["Retry-After"] = str(problem.retry_after)
    return response
