"""The record of who looked up and opened which customer, and what an agent opened last.

One row per look-up and per opened customer's page, written before the answer, never changed. Plain
text without foreign keys, so that it outlives accounts and environments. Of Stigg's data it keeps a
customer's id and name, nothing else: the name because a list of bare ids helps nobody find back.
Keys are never near it.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import models
from django.http import HttpRequest
from django.utils import timezone

from integrations_app.stigg import printable

MAX_RECENTS = 10
# Of an agent's newest views, so that a long day at one customer costs no more
MAX_VIEWS_READ = 200
# In characters
MAX_LENGTHS = {"customer_id": 255, "customer_name": 100, "query": 200, "ticket": 64}


class AuditEvent(models.Model):
    """What one agent did. `outcome` is what came of it: shown, one, several, none, list, or the
    kind of problem.
    """

    at = models.DateTimeField(auto_now_add=True)
    user = models.CharField(max_length=150)
    action = models.CharField(max_length=16)
    environment = models.CharField(max_length=31)
    customer_id = models.CharField(max_length=MAX_LENGTHS["customer_id"], blank=True)
    customer_name = models.CharField(max_length=MAX_LENGTHS["customer_name"], blank=True)
    query = models.CharField(max_length=MAX_LENGTHS["query"], blank=True)
    ticket = models.CharField(max_length=MAX_LENGTHS["ticket"], blank=True)
    outcome = models.CharField(max_length=32)

    class Meta:
        indexes = (
            models.Index(fields=["user", "action", "outcome", "-at"], name="recent_customers"),
        )

    def __str__(self) -> str:
        return (
            f"{self.at:%Y-%m-%d %H:%M} {self.user} {self.action} {self.customer_id} {self.outcome}"
        )

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk:
            raise TypeError("the record is only ever added to")
        super().save(*args, **kwargs)


def note(
    request: HttpRequest, action: str, outcome: str, *, environment: str, **known: str | None
) -> None:
    """Add one event. `known` may hold customer_id, customer_name, query and ticket; each is made
    printable and cut.
    """
    fields = {name: printable(text or "")[: MAX_LENGTHS[name]] for name, text in known.items()}
    AuditEvent.objects.create(
        user=request.user.get_username(),
        action=action,
        outcome=outcome,
        environment=environment,
        **fields,
    )


def was_shown(request: HttpRequest, environment: str, customer_id: str) -> bool:
    """Has the agent opened this customer's page in the last 24 hours?"""
    return AuditEvent.objects.filter(
        user=request.user.get_username(),
        action="view",
        outcome="shown",
        at__gte=timezone.now() - timedelta(days=1),
        environment=environment,
        customer_id=customer_id,
    ).exists()


class Recent(NamedTuple):
    """A customer that an agent opened, and when last."""

    customer_id: str
    name: str
    environment: str
    at: datetime


def recents(request: HttpRequest) -> list[Recent]:
    """The agent's last ten customers, newest first, by one indexed query."""
    views = AuditEvent.objects.filter(
        user=request.user.get_username(), action="view", outcome="shown"
    )
    newest = views.order_by("-at").values_list("customer_id", "customer_name", "environment", "at")[
        :MAX_VIEWS_READ
    ]
    last: dict[tuple[str, str], Recent] = {}
    for row in map(Recent._make, newest):
        last.setdefault((row.environment, row.customer_id), row)
    return list(last.values())[:MAX_RECENTS]
