"""The roles that the company's groups bring, by OIDC_ROLE_MAP."""

import logging
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, User

from dashboard.sign_in import ROLES

logger = logging.getLogger(__name__)


def claims(told: Mapping[str, Any]) -> dict[str, Any]:
    """What the company says of somebody: its ID token, and over it what /userinfo says."""
    return {**told["id_token"], **told.get("userinfo", {})}


def give_roles(user: User, told: Mapping[str, Any]) -> None:
    """Those that its groups bring today. Without OIDC_ROLE_MAP, and of others, none changes."""
    if not settings.OIDC_ROLE_MAP:
        return
    groups = claims(told).get(settings.OIDC_GROUPS_CLAIM) or []
    named = [groups] if isinstance(groups, str) else [g for g in groups if isinstance(g, str)]
    due = {role for group in named for role in settings.OIDC_ROLE_MAP.get(group, ())}
    held = {group.name for group in user.groups.filter(name__in=ROLES)}
    if due != held:
        user.groups.remove(*Group.objects.filter(name__in=held - due))
        user.groups.add(*Group.objects.filter(name__in=due - held))
        logger.info("roles changed", extra={"account": user.pk, "roles": sorted(due)})
