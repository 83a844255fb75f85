"""/metrics, for who has the METRICS_TOKEN: all workers' counts added up."""

import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.dispatch import Signal
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"  # where workers count together; the library's own name
# For who keeps counts longer than a process lives: sent in a thread that may use the database
KEPT_EVERY = 15  # seconds
keeping = Signal()


def may_read(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    given = dict(headers).get(b"authorization", b"")
    return secrets.compare_digest(given, f"Bearer {settings.METRICS_TOKEN}".encode())


def written() -> bytes:
    """In Prometheus' text format."""
    directory = os.environ.get(DIRECTORY)
    if not directory:
        return generate_latest(REGISTRY)
    _forget_the_dead(directory)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, directory)
    return generate_latest(registry)


def _forget_the_dead(directory: str) -> None:
    """What a worker had in use is free; what it counted stays counted."""
    for kept in Path(directory).glob("gauge_live*.db"):
        process = int(kept.stem.rpartition("_")[2])
        with suppress(PermissionError):
            try:
                os.kill(process, 0)
            except ProcessLookupError:
                mark_process_dead(process, directory)
