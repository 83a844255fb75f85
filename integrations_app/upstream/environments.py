"""The Stigg environments of this desk: the only join of settings, client and simulator."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.utils.crypto import salted_hmac
from pydantic import SecretStr

from integrations_app import traces
from integrations_app.stigg import ApiKey, Client, CustomerNotFound, Limits, StiggError, UserToken

from .copies import Memory
from .fresh_or_copy import Visit
from .limits import RetryBudget, Room
from .upstream import Upstream

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Environment:
    """One Stigg environment. `live` says whether its links should lead to live records, its
    settings begin with `prefix`, `among` names all environments that whoever looks here may see.
    """

    name: str
    label: str
    live: bool
    upstream: Upstream
    prefix: str = "STIGG_"
    among: frozenset[str] = frozenset()

    def visit(self, *, refresh: bool = False, searches: bool = False) -> Visit:
        """A page's calls to this environment; with `refresh` they go past what is kept. `searches`
        have places of their own, and cost no page its place.
        """
        return Visit(self.upstream, refresh=refresh, searches=searches)

    def log(self, call: str, error: StiggError) -> None:
        """For the operator: no customer data, no key, and Stigg's trace id when there is one. An id
        that Stigg does not know is an agent's slip, and wakes nobody.
        """
        said = {"environment": self.name, "call": call, "detail": str(error), **error.for_log}
        level = logging.INFO if isinstance(error, CustomerNotFound) else logging.WARNING
        logger.log(level, "stigg call failed", extra=said)


@lru_cache
def configured() -> Mapping[str, Environment]:
    """All environments by name, the default one first."""
    specs = _specs()
    if settings.STIGG_SIMULATOR:
        specs = [{**spec, "url": simulated_stigg().url} for spec in specs]
    shared = _shared(len(specs))
    return {spec["name"]: _environment(spec, shared) for spec in specs}


@lru_cache
def among(limits: frozenset[str] | None) -> Mapping[str, Environment]:
    """Those of these names, None for all: none of them knows one that is not among them."""
    seen = frozenset(configured()) if limits is None else limits.intersection(configured())
    return {
        name: replace(found, among=seen) for name, found in configured().items() if name in seen
    }


def names() -> list[str]:
    """Of all environments; asks for no Stigg."""
    return [spec["name"] for spec in _specs()]


def _specs() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = settings.STIGG_ENVIRONMENTS
    return simulated() if settings.STIGG_SIMULATOR else found


def _shared(environments: int) -> tuple[Room, Room, RetryBudget]:
    """The places for pages, those for searches, and the budget: all environments share them."""
    return _room(environments), _room(environments), RetryBudget()


def _room(environments: int) -> Room:
    """Seven eighths of the threads may wait. A sixteenth of all is each environment's own, but
    together no more than half of the places. The last eighth is for accounts that hold none.
    """
    places = settings.THREADS * 7 // 8
    own = max(min(settings.THREADS // 16, places // (2 * environments)), 1)
    common = max(places - own * environments, 0)
    return Room(own, common, kept=min(settings.THREADS // 8, common // 2))


def _environment(spec: Mapping[str, Any], shared: tuple[Room, Room, RetryBudget]) -> Environment:
    upstream = Upstream(
        spec["name"],
        _client(spec),
        Memory(cache, f"stigg:{spec['name']}:{_fingerprint(spec)}"),
        *shared,
        threads=settings.THREADS * 8,
        deadline_seconds=settings.STIGG_DEADLINE_SECONDS,
        stale_seconds=settings.STALE_SECONDS,
        account_calls=settings.ACCOUNT_CALLS_PER_MINUTE,
    )
    return Environment(spec["name"], spec["label"], spec["live"], upstream, spec["prefix"])


@lru_cache
def beside() -> traces.Threads:
    """For what a page need not wait for: searches, the next page, other environments."""
    return traces.Threads(settings.THREADS, thread_name_prefix="beside")


def _fingerprint(spec: Mapping[str, Any]) -> str:
    """Another key may be another environment, and must not find this one's answers."""
    whole = f"{spec['url']} {_credentials(spec).secret} {spec.get('environment_id')}"
    return salted_hmac("stigg answers", whole, algorithm="sha256").hexdigest()[:16]


def _client(spec: Mapping[str, Any]) -> Client:
    total = settings.STIGG_DEADLINE_SECONDS
    return Client(
        spec["url"],
        _credentials(spec),
        # When a kept connection is dead, there is time left to ask on another.
        limits=Limits(read=min(5.0, total * 5 / 8), total=total),
        pool_size=settings.THREADS * 2,
        proxy=settings.STIGG_PROXY,
        ca_bundle=settings.STIGG_CA_BUNDLE,
    )


def _credentials(spec: Mapping[str, Any]) -> ApiKey | UserToken:
    if spec.get("bearer_token"):
        token = spec["bearer_token"].get_secret_value()
        return UserToken(token, spec["environment_id"], spec["account_id"])
    return ApiKey(spec["api_key"].get_secret_value())


@lru_cache
def simulated_stigg() -> Any:
    """The one simulated Stigg of this process, started when it is first asked for."""
    from integrations_app import simulator  # here, so that a desk with a key never loads it

    running = simulator.start()
    logger.info("simulated Stigg started", extra={"url": running.url})
    return running


def simulated() -> list[dict[str, Any]]:
    """The simulated environments, but for their `url`: that is known once their Stigg runs."""
    from integrations_app import simulator

    return [
        {
            "name": name,
            "label": name.capitalize(),
            "live": name == "production",
            "api_key": SecretStr(key),
            "prefix": f"STIGG_{name.upper()}_",
        }
        for key, name in simulator.KEYS.items()
    ]


def examples() -> list[tuple[str, str]]:
    """Customers to try, with the reason; none when the desk talks to Stigg."""
    if not settings.STIGG_SIMULATOR:
        return []
    from integrations_app import simulator

    return list(simulator.EXAMPLES)
