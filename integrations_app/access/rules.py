"""Who may do what, and who sees which environment: the one place that decides.

A superuser may do everything and sees every environment. Others may what their roles (Django
groups) allow, and see the environments that they are limited to; without limits all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest
from django.urls import ResolverMatch
from django.utils.functional import SimpleLazyObject

from integrations_app.access.models import PERMISSIONS
from integrations_app.upstream.environments import Environment, among

WORDS = {name: words.removeprefix("Can ") for name, words in PERMISSIONS}
LOOK_UP, EXPORT, OPERATE, READ_RECORD = WORDS
# For addresses that need no permission
ANYBODY, SIGNED_IN = "anybody", "signed in"

# What each address needs, by its name. One that is neither here nor below is nobody's.
NEEDED = {
    LOOK_UP: "home help lookup suggestions results ahead integrations integration opened pin",
    EXPORT: "export-csv export-json export-text",
    OPERATE: "operations",
    READ_RECORD: "record record-csv",
    ANYBODY: (
        "account_login mfa_authenticate mfa_login_webauthn account_logout account_inactive"
        " openid_connect_login openid_connect_callback socialaccount_login_cancelled"
    ),
}
_BY_NAME = {name: rule for rule, names in NEEDED.items() for name in names.split()}
_BELOW = {"accounts/": SIGNED_IN, "admin/": OPERATE}

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Rights:
    """`limits` are the names of the only environments that it sees; None: it sees all."""

    may: frozenset[str] = frozenset()
    limits: frozenset[str] | None = None


def needed(match: ResolverMatch) -> str | None:
    """What an address needs: a permission, ANYBODY, SIGNED_IN; None when nobody has said so."""
    if match.url_name in _BY_NAME and not match.namespaces:
        return _BY_NAME[match.url_name]
    return next((rule for start, rule in _BELOW.items() if match.route.startswith(start)), None)


def may(user: User | AnonymousUser, rule: str | None) -> bool:
    """Whether the account may do this; `rule` is a permission, or SIGNED_IN."""
    return user.is_authenticated if rule == SIGNED_IN else rule in rights(user).may


def rights(user: User | AnonymousUser) -> Rights:
    """All of an account's, by one query a request; a superuser's by none."""
    if not isinstance(user, User) or not user.is_active:
        return Rights()
    if user.is_superuser:
        return Rights(frozenset(WORDS))
    known: Rights | None = getattr(user, "_rights", None)
    if known is None:
        known = _read(user)
        setattr(user, "_rights", known)  # noqa: B010 - kept with the account of this request
    return known


# By hand, because putting it together costs Django six times what the databases need for it.
_RIGHTS = """
SELECT 'may', permission.codename
FROM auth_permission permission
JOIN django_content_type type ON type.id = permission.content_type_id
WHERE type.app_label = 'integrations_app' AND permission.id IN (
    SELECT permission_id FROM auth_user_user_permissions WHERE user_id = %s
    UNION ALL
    SELECT given.permission_id
    FROM auth_group_permissions given
    JOIN auth_user_groups member ON member.group_id = given.group_id
    WHERE member.user_id = %s
)
UNION ALL
SELECT 'limit', environment FROM integrations_app_environmentlimit WHERE user_id = %s
"""


def _read(user: User) -> Rights:
    with connection.cursor() as cursor:
        cursor.execute(_RIGHTS, [user.pk] * 3)
        rows = cursor.fetchall()
    names = frozenset(name for kind, name in rows if kind == "limit")
    held = frozenset(name for kind, name in rows if kind == "may")
    return Rights(held.intersection(WORDS), names or None)


def environments(user: User | AnonymousUser) -> Mapping[str, Environment]:
    """Those that the account sees, by name, its default one first."""
    return among(rights(user).limits) if may(user, LOOK_UP) or may(user, OPERATE) else {}


def environment_or_404(user: User | AnonymousUser, name: str) -> Environment:
    """One that the account sees, its default one for ""; a hidden one is like one that is not."""
    mine = environments(user)
    if not mine:
        raise Http404(
            f"You see none of this desk's environments. Ask {settings.SUPPORT_CONTACT} for one."
        )
    if name and name not in mine:
        raise Http404(f"You have no environment of this name. Yours: {', '.join(mine)}.")
    return mine[name or next(iter(mine))]


def seen_of(rows: QuerySet[Row], user: User | AnonymousUser) -> QuerySet[Row]:
    """Those rows whose environment the account sees; without limits also of one that is gone."""
    limits = rights(user).limits
    return rows if limits is None else rows.filter(environment__in=limits)


def context(request: HttpRequest) -> dict[str, Any]:
    """What every page says about where it looks; an account is asked for only where one shows."""
    mine = SimpleLazyObject(lambda: [*environments(request.user).values()])
    may_do = SimpleLazyObject(lambda: rights(request.user).may)
    return {"environments": mine, "may": may_do, "simulated": settings.STIGG_SIMULATOR}
