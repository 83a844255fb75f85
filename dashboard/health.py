"""Is the process alive?"""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Is the process alive? Touches neither the database nor Stigg."""
    return HttpResponse("ok", content_type="text/plain")
