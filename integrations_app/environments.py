"""The Stigg environments this desk is configured for: the only join of settings, client and simulator."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from integrations_app.stigg import ApiKey, Client, StiggError, UserToken
from integrations_app.transport import Limits


@dataclass(frozen=True, slots=True)
class Environment:
    """One Stigg environment. `live` says whether its links should lead to live records, not to test ones."""

    name: str
    label: str
    live: bool
    client: Client
    calls: ThreadPoolExecutor

    def gather(self, **calls: Callable[[], Any]) -> dict[str, Any]:
        """Make the calls side by side; each name gets its result, or the StiggError that stands for it."""
        running = {name: self.calls.submit(call) for name, call in calls.items()}
        return {name: _outcome(future) for name, future in running.items()}


def _outcome(future: Future[Any]) -> Any:
    try:
        return future.result()
    except StiggError as error:
        return error


@cache
def configured() -> Mapping[str, Environment]:
    """All environments by name, the default one first."""
    found = _simulated() if settings.STIGG_SIMULATOR else settings.STIGG_ENVIRONMENTS
    return {spec["name"]: _environment(spec) for spec in found}


def _environment(spec: Mapping[str, Any]) -> Environment:
    client = Client(
        spec["url"],
        _credentials(spec),
        limits=Limits(total=settings.STIGG_DEADLINE_SECONDS),
        pool_size=settings.THREADS,
        proxy=settings.STIGG_PROXY,
        ca_bundle=settings.STIGG_CA_BUNDLE,
    )
    calls = ThreadPoolExecutor(settings.THREADS, thread_name_prefix=f"stigg-{spec['name']}")
    return Environment(spec["name"], spec["label"], spec["live"], client, calls)


def _credentials(spec: Mapping[str, Any]) -> ApiKey | UserToken:
    if spec.get("bearer_token"):
        return UserToken(spec["bearer_token"], spec["environment_id"], spec["account_id"])
    return ApiKey(spec["api_key"])


@cache
def _simulator() -> Any:
    from integrations_app import simulator  # here, so that a desk with a key never loads it

    return simulator.start()


def _simulated() -> list[dict[str, Any]]:
    from integrations_app import simulator

    url = _simulator().url
    return [
        {"name": name, "label": name.capitalize(), "live": name == "production", "url": url, "api_key": key}
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
