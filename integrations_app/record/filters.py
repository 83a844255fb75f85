"""What the page of the record is asked for: who, whom, which ticket, what, and when."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.http import urlencode

from integrations_app.audit.events import MAX_LENGTHS, Action, AuditEvent

ROWS = 100
MAX_ID = 2**63 - 1
# Those that every database knows
DAYS = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2999, 12, 31))]


class Filter(forms.Form):
    """All that is given must hold, of rows that the reader `may_see`; `before` is the cursor."""

    user = forms.CharField(required=False, max_length=150, label="Person")
    customer = forms.CharField(
        required=False, max_length=MAX_LENGTHS["customer_id"], label="Customer's id"
    )
    ticket = forms.CharField(required=False, max_length=MAX_LENGTHS["ticket"])
    action = forms.ChoiceField(
        required=False, choices=[("", "Everything"), *Action.choices], label="What"
    )
    since = forms.DateField(required=False, label="From", validators=DAYS)
    until = forms.DateField(required=False, label="To", validators=DAYS)
    before = forms.IntegerField(required=False, min_value=1, max_value=MAX_ID)

    def __init__(self, asked: QueryDict, may_see: QuerySet[AuditEvent]) -> None:
        super().__init__(asked)
        self.may_see = may_see
        self.problems = [
            f"{self[name].label}: {' '.join(map(str, said))}" for name, said in self.errors.items()
        ]

    def rows(self) -> QuerySet[AuditEvent]:
        """Those that fit, newest first."""
        given = self.cleaned_data
        wanted: dict[str, Any] = {
            "user": given["user"],
            "customer_id": given["customer"],
            "ticket": given["ticket"],
            "action": given["action"],
            "at__gte": given["since"] and _midnight(given["since"]),
            "at__lt": given["until"] and _midnight(given["until"] + timedelta(days=1)),
            "id__lt": given["before"],
        }
        fitting = {name: value for name, value in wanted.items() if value}
        return self.may_see.filter(**fitting).order_by("-id")

    def query(self, before: int | None = None) -> str:
        """The same filter as an address; without a cursor its first page."""
        asked = {name: self.data.get(name) for name in self.fields} | {"before": before}
        pairs = {name: value for name, value in asked.items() if value}
        return f"?{urlencode(pairs)}" if pairs else ""


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
