"""What the desk does when somebody signs in, fails to, or is disabled."""

import logging
from typing import Any

from allauth.mfa import signals as mfa
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest

from dashboard.client_address import client_address
from dashboard.sessions import end_all, note_use
from integrations_app.access.second_factor import HAS_ONE

logger = logging.getLogger(__name__)


@receiver(user_logged_in)
def signed_in(request: HttpRequest, user: User, **_: Any) -> None:
    note_use(request.session, began=True)
    extra = {"account": user.pk, "address": client_address(request)}
    logger.info("signed in", extra=extra)


@receiver(mfa.authentication_failed)
def second_factor_failed(request: HttpRequest, user: User, **_: Any) -> None:
    extra = {"account": user.pk, "address": client_address(request)}
    logger.warning("second factor failed", extra=extra)


@receiver(mfa.authenticator_removed)
def second_factor_removed(request: HttpRequest, **_: Any) -> None:
    request.session.pop(HAS_ONE, None)  # it may have been the last


@receiver(post_save, sender=User)
def account_saved(instance: User, **_: Any) -> None:
    """A disabled account's sessions end for good: enabling it does not bring them back."""
    if not instance.is_active:
        end_all(instance.pk)
