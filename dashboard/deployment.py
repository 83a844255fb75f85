"""What `manage.py check --deploy` says beside Django's own checks."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


class Deployment(AppConfig):
    """Named in INSTALLED_APPS, so that Django imports this module and knows the check."""

    name = "dashboard"


@register(Tags.security, deploy=True)
def desk(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:  # noqa: ARG001 - Django's signature
    urls = [environment["url"] for environment in settings.STIGG_ENVIRONMENTS]
    shares = settings.REPLICAS > 1
    faults = {
        "STIGG_SIMULATOR is set: what the desk shows is made up.": settings.STIGG_SIMULATOR,
        "DEBUG is set: a fault shows settings and customers' data to whoever meets it.": (
            settings.DEBUG
        ),
        "ALLOWED_HOSTS lets any host in: name the desk's own.": any(
            host.startswith(("*", ".")) for host in settings.ALLOWED_HOSTS
        ),
        "A Stigg address is http: the key can be read on its way.": any(
            url.startswith("http:") for url in urls
        ),
        "Several desks need one DATABASE_URL, of PostgreSQL.": shares
        and "sqlite" in settings.DATABASES["default"]["ENGINE"],
        "Several desks need one CACHE_URL: each would have limits of its own.": shares
        and not settings.CACHE_URL,
        "A password alone opens accounts: set REQUIRE_MFA, or OIDC_ONLY.": not (
            settings.REQUIRE_MFA or settings.OIDC_ONLY
        ),
    }
    numbered = enumerate(faults.items(), 1)
    return [Error(said, id=f"desk.E00{number}") for number, (said, is_so) in numbered if is_so]
