"""Customers that an agent has pinned, each in its environment."""

from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest

from integrations_app.audit.events import MAX_LENGTHS, of_account, views
from integrations_app.own.models import Pin
from integrations_app.stigg import printable

MAX_PINS = 20  # of an account in an environment
# By hand, because each page asks, and Django takes five times as long to put it together.
_ONE = """
SELECT * FROM integrations_app_pin WHERE user_id = %s AND environment = %s AND customer_id = %s
"""


def pins(request: HttpRequest, environment: str) -> list[Pin]:
    """The agent's, in the order of their names."""
    mine = _mine(request, environment=environment)
    return list(mine.order_by(Lower("customer_name"), "customer_id")[:MAX_PINS])


def matching(request: HttpRequest, environment: str, text: str) -> list[Pin]:
    """Those that have the text in their name or id."""
    asked = text.strip().casefold()
    return [
        pin
        for pin in pins(request, environment)
        if asked and asked in f"{pin.customer_name}\n{pin.customer_id}".casefold()
    ]


def is_pinned(request: HttpRequest, environment: str, customer_id: str, name: str) -> bool:
    """Whether it is; a pin learns a new name here, "" is none."""
    pin = next(iter(Pin.objects.raw(_ONE, [request.user.pk, environment, customer_id])), None)
    shown = printable(name)[: MAX_LENGTHS["customer_name"]]
    if pin and shown not in ("", pin.customer_name):
        Pin.objects.filter(pk=pin.pk).update(customer_name=shown)
    return bool(pin)


def put(request: HttpRequest, environment: str, customer_id: str) -> bool:
    """Pin it; False where there is no room. The name is the record's: what this agent saw last."""
    place = {"environment": environment, "customer_id": customer_id}
    seen = views(**of_account(request), **place).order_by("-id")
    name = seen.values_list("customer_name", flat=True).first() or ""
    of = {"user_id": request.user.pk, **place}
    pin, is_new = Pin.objects.get_or_create(**of, defaults={"customer_name": name})
    # Counted afterwards, so that several at once cannot be too many
    if is_new and _mine(request, environment=environment).count() > MAX_PINS:
        pin.delete()
        return False
    return True


def take(request: HttpRequest, environment: str, customer_id: str) -> None:
    _mine(request, environment=environment, customer_id=customer_id).delete()


def _mine(request: HttpRequest, **of: Any) -> QuerySet[Pin]:
    return Pin.objects.filter(**of | {"user_id": request.user.pk})
