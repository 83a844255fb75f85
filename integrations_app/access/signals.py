"""What the desk does when somebody signs in, fails to, or is disabled."""

import logging
from collections.abc import Collection
from typing import Any

from allauth.mfa import signals as mfa
from django.contrib.auth.models import Group, Permission, User
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_save
from django.dispatch import Signal, receiver
from django.http import HttpRequest

from dashboard.client_address import client_address
from dashboard.request_ids import current_request
from dashboard.sessions import end_all, note_use
from integrations_app.access.models import EnvironmentLimit
from integrations_app.access.second_factor import HAS_ONE, METHODS
from integrations_app.audit.events import Action, note

logger = logging.getLogger(__name__)


# What is on record of an account's fields, when one becomes false, and true
CHANGES = {
    "is_superuser": (Action.ROLE, ("superuser-no-more", "superuser")),
    "is_active": (Action.ACCOUNT, ("disabled", "enabled")),
    "password": (Action.ACCOUNT, ("password", "password")),
}


@receiver(user_logged_in)
def signed_in(request: HttpRequest, user: User, **_: Any) -> None:
    note_use(request.session, began=True)
    extra = {"account": user.pk, "address": client_address(request)}
    logger.info("signed in", extra=extra)
    by = " ".join(each.get("type", each["method"]) for each in request.session.get(METHODS, ()))
    note(request, Action.SIGN_IN, "signed-in", account=user, detail=by)


@receiver(mfa.authentication_failed)
def second_factor_failed(request: HttpRequest, user: User, **_: Any) -> None:
    extra = {"account": user.pk, "address": client_address(request)}
    logger.warning("second factor failed", extra=extra)
    note(request, Action.SECOND_FACTOR_FAILED, "failed", account=user)


@receiver([mfa.authenticator_added, mfa.authenticator_reset])
def second_factor_added(request: HttpRequest, authenticator: Any, **_: Any) -> None:
    note(request, Action.ACCOUNT, "second-factor-added", detail=authenticator.type)


@receiver(mfa.authenticator_removed)
def second_factor_removed(request: HttpRequest, authenticator: Any, **_: Any) -> None:
    request.session.pop(HAS_ONE, None)  # it may have been the last
    note(request, Action.ACCOUNT, "second-factor-removed", detail=authenticator.type)


@receiver(pre_save, sender=User)
def before_account_is_saved(
    instance: User, update_fields: Collection[str] | None, **_: Any
) -> None:
    """A sign-in alone saves single fields: its time, a better hash of the same password."""
    if update_fields is not None and CHANGES.keys().isdisjoint({*update_fields} - {"password"}):
        return
    before = User.objects.filter(pk=instance.pk).first() or User(password=instance.password)
    for field, (action, outcomes) in CHANGES.items():
        now = getattr(instance, field)
        if now != getattr(before, field):
            note(current_request(), action, outcomes[bool(now)], detail=instance.username)


@receiver(post_delete, sender=User)
@receiver(post_delete, sender=Group)
def deleted(instance: User | Group, **_: Any) -> None:
    """A role is taken from all who had it."""
    action = Action.ACCOUNT if isinstance(instance, User) else Action.ROLE
    note(current_request(), action, "deleted", detail=str(instance))


@receiver(post_save, sender=User)
def account_saved(instance: User, **_: Any) -> None:
    """A disabled account's sessions end for good: enabling it does not bring them back."""
    if not instance.is_active and end_all(instance.pk):
        note(current_request(), Action.SESSIONS_ENDED, "disabled", detail=instance.username)


ROLE_CHANGES = {"post_add": "given", "post_remove": "taken", "pre_clear": "all-taken"}


@receiver(m2m_changed, sender=User.groups.through)
def roles_changed(instance: User | Group, action: str, pk_set: set[int] | None, **_: Any) -> None:
    """By admin, a command or the company's groups: whoever sends the request, it is on record."""
    if action not in ROLE_CHANGES or pk_set == set():
        return
    held: Any = instance.user_set if isinstance(instance, Group) else instance.groups
    some = held.all() if pk_set is None else held.model.objects.filter(pk__in=pk_set)
    names = ", ".join(map(str, some.order_by("pk")))
    said = f"{names}: {instance}" if isinstance(instance, Group) else f"{instance}: {names}"
    note(current_request(), Action.ROLE, ROLE_CHANGES[action], detail=said)


@receiver(m2m_changed, sender=Group.permissions.through)
@receiver(m2m_changed, sender=User.user_permissions.through)
def permissions_changed(instance: Any, action: str, pk_set: set[int] | None, **_: Any) -> None:
    """What a role, or one account, may from now on."""
    if action not in ROLE_CHANGES or pk_set == set() or isinstance(instance, Permission):
        return
    held = instance.user_permissions if isinstance(instance, User) else instance.permissions
    some = held.all() if pk_set is None else Permission.objects.filter(pk__in=pk_set)
    names = ", ".join(some.order_by("pk").values_list("codename", flat=True))
    note(current_request(), Action.ROLE, ROLE_CHANGES[action], detail=f"{instance}: {names}")


@receiver([post_save, post_delete], sender=EnvironmentLimit)
def limit_changed(instance: EnvironmentLimit, signal: Signal, **_: Any) -> None:
    outcome = "limited" if signal is post_save else "limit-taken"
    note(current_request(), Action.ROLE, outcome, detail=f"{instance.user}: {instance}")
