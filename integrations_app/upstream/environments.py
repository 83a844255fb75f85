"""The Stigg environments this desk is configured for: the only join of settings, client and
simulator.
"""

import logging
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import Http404, HttpRequest
from django.utils.crypto import salted_hmac

from integrations_app.stigg import ApiKey, Client, Limits, StiggError, UserToken
from integrations_app.upstream.copies import Memory
from integrations_app.upstream.limits import RetryBudget, Slots
from integrations_app.upstream.upstream import Upstream
from integrations_app.upstream.visit import Visit

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Environment:
    """One Stigg environment.

    `live` says whether its links should lead to live records, not to test ones.
    """

    name: str
    label: str
    live: bool
    upstream: Upstream

    def visit(self, *, refresh: bool = False) -> Visit:
        """A page's calls to this environment; with `refresh` they go past what is kept."""
        return Visit(self.upstream, refresh=refresh)

    def log(self, call: str, error: StiggError) -> None:
        """A failed call, for the operator: no customer data, no key, and Stigg's trace id when
        there is one.
        """
        words = {
            "kind": error.kind,
            "detail": str(error),
            "code": error.code,
            "trace_id": error.trace_id,
        }
        logger.warning("stigg call failed", extra={"environment": self.name, "call": call, **words})


@lru_cache
def configured() -> Mapping[str, Environment]:
    """All environments by name, the default one first."""
    if not settings.STIGG_SIMULATOR:
        return {spec["name"]: _environment(spec) for spec in settings.STIGG_ENVIRONMENTS}
    url = _simulator().url
    return {spec["name"]: _environment({**spec, "url": url}) for spec in simulated()}


def environment_or_404(name: str) -> Environment:
    """The configured environment of this name."""
    try:
        return configured()[name]
    except KeyError:
        known = ", ".join(configured())
        raise Http404(
            f"There is no environment of this name here. This desk has: {known}."
        ) from None


def _environment(spec: Mapping[str, Any]) -> Environment:
    return Environment(spec["name"], spec["label"], spec["live"], _upstream(spec))


def _upstream(spec: Mapping[str, Any]) -> Upstream:
    """Half of the threads may wait on Stigg; half of those on one environment, where there are
    several.
    """
    alone = len(settings.STIGG_ENVIRONMENTS) == 1 and not settings.STIGG_SIMULATOR
    places = threading.BoundedSemaphore(settings.THREADS // (2 if alone else 4))
    return Upstream(
        _client(spec),
        Memory(cache, f"stigg:{spec['name']}:{_fingerprint(spec)}"),
        Slots(_places(), places),
        ThreadPoolExecutor(settings.THREADS, thread_name_prefix=f"stigg-{spec['name']}"),
        _retries(),
        deadline_seconds=settings.STIGG_DEADLINE_SECONDS,
        stale_seconds=settings.STALE_SECONDS,
    )


@lru_cache
def _places() -> threading.Semaphore:
    return threading.BoundedSemaphore(settings.THREADS // 2)


@lru_cache
def _retries() -> RetryBudget:
    return RetryBudget()


def _fingerprint(spec: Mapping[str, Any]) -> str:
    """Another key may be another environment: it must not find this one's answers in a shared
    cache.
    """
    secret = spec.get("bearer_token") or spec["api_key"]
    return salted_hmac(
        "stigg answers", f"{spec['url']} {secret} {spec.get('environment_id')}"
    ).hexdigest()[:16]


def _client(spec: Mapping[str, Any]) -> Client:
    return Client(
        spec["url"],
        _credentials(spec),
        limits=Limits(total=settings.STIGG_DEADLINE_SECONDS),
        pool_size=settings.THREADS,
        proxy=settings.STIGG_PROXY,
        ca_bundle=settings.STIGG_CA_BUNDLE,
    )


def _credentials(spec: Mapping[str, Any]) -> ApiKey | UserToken:
    if spec.get("bearer_token"):
        return UserToken(spec["bearer_token"], spec["environment_id"], spec["account_id"])
    return ApiKey(spec["api_key"])


@lru_cache
def _simulator() -> Any:
    from integrations_app import simulator  # here, so that a desk with a key never loads it

    running = simulator.start()
    logger.info("simulated Stigg started", extra={"url": running.url})
    return running


def simulated() -> list[dict[str, Any]]:
    """The simulated environments, but for their `url`: that is known once their Stigg runs."""
    from integrations_app import simulator

    return [
        {"name": name, "label": name.capitalize(), "live": name == "production", "api_key": key}
        for key, name in simulator.KEYS.items()
    ]


def examples() -> list[tuple[str, str]]:
    """Customers to try, with the reason; none when the desk talks to Stigg."""
    if not settings.STIGG_SIMULATOR:
        return []
    from integrations_app import simulator

    return list(simulator.EXAMPLES)


def context(request: HttpRequest) -> dict[str, Any]:  # noqa: ARG001 - Django passes it to every context processor
    """What every page says about where it looks."""
    return {"environments": list(configured().values()), "simulated": settings.STIGG_SIMULATOR}
