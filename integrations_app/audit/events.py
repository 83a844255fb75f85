"""The record of who saw which customer and who changed what, and what an agent opened last.

A row is written before the answer is shown, and never changed: the model refuses, and so do
triggers in the database (migration 0003). Plain text without foreign keys, so that it outlives
accounts and environments. Of Stigg's data it keeps a customer's id and name, nothing else.
"""

import logging
from contextlib import nullcontext
from datetime import datetime
from typing import Any, NamedTuple, NoReturn

from django.conf import settings
from django.contrib.auth.models import User
from django.db import Error, OperationalError, connection, models, transaction
from django.http import HttpRequest

from dashboard import request_ids
from dashboard.client_address import client_address
from integrations_app import metrics
from integrations_app.stigg import printable

logger = logging.getLogger(__name__)

MAX_RECENTS = 10
MAX_SEEN_BY = 5
# Of the newest views, so that a long day at one customer costs no more
MAX_VIEWS_READ = 200
# In characters
MAX_LENGTHS = {
    "customer_id": 255,
    "customer_name": 100,
    "query": 200,
    "ticket": 64,
    "detail": 255,
}
ONLY_ADDED_TO = "the record is only ever added to"


class NotRecorded(OperationalError):
    """An event could not be written, so nothing is shown (RECORD_STRICT)."""


class Action(models.TextChoices):
    """What somebody did, and what the page of the record calls it."""

    LOOK_UP = "lookup", "Look-up"
    SUGGESTIONS = "suggest", "Suggestions while typing"
    VIEW = "view", "Customer opened"
    PAGE = "page", "Page or filter of a customer"
    EXPORT = "export", "Rows exported"
    TICKET = "ticket", "Ticket given"
    LINK = "link", "Link opened"
    INTEGRATION = "integration", "Integration opened"
    # Of rows from before an integration's own page asked
    LEAVE = "leave", "Unfamiliar link asked about"
    REPORT = "report", "Wrong link reported"
    LINK_SETTINGS = "link-settings", "Link template or trusted host"
    ROLE = "role", "Role"
    ACCOUNT = "account", "Account's password, factors or state"
    SIGN_IN = "sign-in", "Sign-in"
    SIGN_IN_FAILED = "sign-in-failed", "Sign-in failed"
    SECOND_FACTOR_FAILED = "second-factor", "Second factor failed"
    LOCK_OUT = "lock-out", "Sign-in locked"
    SESSIONS_ENDED = "sessions-ended", "Signed out everywhere"
    BREAK_GLASS = "break-glass", "Glass broken"
    RECORD = "record", "Record read"
    OPERATIONS = "operations", "Operations read"
    PRUNE = "prune", "Record pruned"


class Events(models.QuerySet["AuditEvent"]):
    """Rows are read and added; `manage.py prune_record` goes round this with a plain QuerySet."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError(ONLY_ADDED_TO)

    update = delete = bulk_update = update_or_create = _refuse


class AuditEvent(models.Model):
    """`outcome` is what came of it, of a look-up shown, one, several, none, list or a problem's
    kind; `detail` what there is to say beside: the filter, the link, the role.
    """

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    user = models.CharField(max_length=150)
    user_id = models.BigIntegerField(null=True)
    action = models.CharField(max_length=16)
    environment = models.CharField(max_length=31)
    customer_id = models.CharField(max_length=MAX_LENGTHS["customer_id"], blank=True)
    customer_name = models.CharField(max_length=MAX_LENGTHS["customer_name"], blank=True)
    query = models.CharField(max_length=MAX_LENGTHS["query"], blank=True)
    ticket = models.CharField(max_length=MAX_LENGTHS["ticket"], blank=True)
    outcome = models.CharField(max_length=32)
    detail = models.CharField(max_length=MAX_LENGTHS["detail"], blank=True, db_default="")
    request_id = models.CharField(max_length=64, blank=True, db_default="")
    address = models.CharField(max_length=45, blank=True, db_default="")
    # Of a row that says so, the triggers let older ones go
    pruned_before = models.DateTimeField(null=True)

    objects = models.Manager.from_queryset(Events)()

    class Meta:
        indexes = (
            models.Index(fields=["user", "action", "outcome", "-at"], name="recent_customers"),
            models.Index(fields=["customer_id", "action", "-id"], name="record_by_customer"),
            models.Index(fields=["ticket", "-id"], name="record_by_ticket"),
            models.Index(fields=["action", "-id"], name="record_by_action"),
        )

    def __str__(self) -> str:
        return (
            f"{self.at:%Y-%m-%d %H:%M} {self.user} {self.action} {self.customer_id} {self.outcome}"
        )

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk:
            raise TypeError(ONLY_ADDED_TO)
        super().save(*args, **kwargs)

    def delete(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError(ONLY_ADDED_TO)

    @property
    def action_label(self) -> str:
        return dict(Action.choices).get(self.action, self.action)


def note(
    request: HttpRequest | None,
    action: Action,
    outcome: str,
    *,
    account: User | None = None,
    environment: str = "",
    pruned_before: datetime | None = None,
    **known: str | None,
) -> None:
    """Add one event of `account`, or of whoever sent the request; a command has neither.

    `known` is made printable and cut. Raises NotRecorded where RECORD_STRICT, else the log says so.
    """
    user = account or (request and request.user)
    event = AuditEvent(
        user=user.get_username() if user else "",
        user_id=user.pk if user else None,
        action=action,
        outcome=outcome,
        environment=environment,
        request_id=request_ids.current(),
        address=client_address(request) if request else "",
        pruned_before=pruned_before,
        **{name: printable(text or "")[: MAX_LENGTHS[name]] for name, text in known.items()},
    )
    try:
        # One statement needs no transaction but the one that it fails in
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            event.save()
        metrics.RECORDED.labels(action, outcome).inc()
    except Error:
        metrics.NOT_RECORDED.labels(environment, action).inc()
        if settings.RECORD_STRICT:
            raise NotRecorded from None  # a database's words may quote the row
        said = {"action": str(action), "account": event.user_id, "outcome": outcome}
        logger.error("not recorded", extra=said | {"environment": environment})  # noqa: TRY400 - likewise


def of_account(request: HttpRequest) -> dict[str, Any]:
    """Rows of this account, and not of a former one with its name, which the indexes go by."""
    return {"user": request.user.get_username(), "user_id": request.user.pk}


def views(**of: Any) -> models.QuerySet[AuditEvent]:
    """Customers' pages that were shown."""
    return AuditEvent.objects.filter(action=Action.VIEW, outcome="shown", **of)


def seen_by(request: HttpRequest, environment: str, customer_id: str) -> dict[str, datetime]:
    """The last few others who opened a customer's page, and when last: one indexed query."""
    shown = views(environment=environment, customer_id=customer_id)
    others = shown.exclude(user=request.user.get_username()).order_by("-id")
    last: dict[str, datetime] = {}
    for name, at in others.values_list("user", "at")[:MAX_VIEWS_READ]:
        last.setdefault(name, at)
    return dict(list(last.items())[:MAX_SEEN_BY])


class Recent(NamedTuple):
    """A customer that an agent opened, and when last."""

    customer_id: str
    name: str
    environment: str
    at: datetime


def recents(request: HttpRequest) -> list[Recent]:
    """The agent's last ten customers, newest first, by one indexed query."""
    mine = views(**of_account(request)).order_by("-at")
    rows = mine.values_list("customer_id", "customer_name", "environment", "at")
    last: dict[tuple[str, str], Recent] = {}
    for row in map(Recent._make, rows[:MAX_VIEWS_READ]):
        last.setdefault((row.environment, row.customer_id), row)
    return list(last.values())[:MAX_RECENTS]
