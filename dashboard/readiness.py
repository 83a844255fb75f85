"""Whether the desk can serve. Stigg is not asked: while it is down, no desk is better."""

import time
from typing import Any

from django.core.cache import cache
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor

KEPT_SECONDS = 1.0  # anybody may ask, as often as they like
_kept: tuple[float, dict[str, Any]] = (float("-inf"), {})


def is_migrated() -> bool:
    """Whether the database has every migration of this code. It may have more, of a newer one."""
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def report() -> dict[str, Any]:
    """For one thread, which keeps no connection: those are for pages."""
    global _kept
    if time.monotonic() - _kept[0] > KEPT_SECONDS:
        _kept = time.monotonic(), answered(_failing(), _degraded())
    return _kept[1]


def answered(failing: list[str], degraded: list[str]) -> dict[str, Any]:
    return {"ready": not failing, "not_ready": failing, "degraded": degraded}


def _failing() -> list[str]:
    try:
        return [] if is_migrated() else ["migrations"]
    except Error:
        return ["database"]
    finally:
        connection.close()


def _degraded() -> list[str]:
    cache.get("ready")  # so that it tries
    return ["cache"] if getattr(cache, "fails", False) else []
