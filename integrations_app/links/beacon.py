"""What a page's script tells when a link is followed."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from integrations_app.access.rules import environment_or_404
from integrations_app.audit.events import Action, note
from integrations_app.stigg.customer_ids import problem_with_customer_id

MAX_INTEGRATION_ID = 255


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
