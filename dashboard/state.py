"""Where the desk keeps what lasts: the settings of its database and its cache, and its secret key.

What is wrong comes as sentences, which never quote an address: a password may be part of it.
"""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url

# A page must not wait for a database that does not answer. In seconds, but for milliseconds in
# tcp_user_timeout. https://www.postgresql.org/docs/current/libpq-connect.html
POSTGRES = {
    "connect_timeout": 2,
    "tcp_user_timeout": 5_000,
    "keepalives_idle": 30,
    "options": "-c statement_timeout=5s -c lock_timeout=3s",
}
# Each thread has a connection, for which SQLite would keep 2 MB in the end; the system's cache has
# the same pages. cache_size is in KiB where it is negative.
SQLITE: dict[str, Any] = {
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-256;",
    "transaction_mode": "IMMEDIATE",
    "timeout": 1.5,  # seconds to wait for another writer, before the page says so
}
REDIS = {"redis": "redis", "rediss": "rediss", "valkey": "redis", "valkeys": "rediss"}


def database(url: str, own: Path, *, is_simulated: bool) -> tuple[dict[str, Any], list[str]]:
    """Django's setting: the database of this URL, or `own`, a file for SQLite."""
    try:
        found: dict[str, Any] = dict(
            dj_database_url.parse(url or f"sqlite:///{own}", conn_max_age=60)
        )
    except ValueError:
        found = {"ENGINE": ""}
    faults = []
    if url and is_simulated:
        faults.append(
            "DATABASE_URL: the simulator's demo account must not reach a database of yours. "
            "Set a Stigg key, or remove DATABASE_URL."
        )
    if found["ENGINE"] == "django.db.backends.postgresql":
        found["ENGINE"] = "dashboard.postgres"
        found["OPTIONS"] = POSTGRES | (found.get("OPTIONS") or {})
        found["CONN_HEALTH_CHECKS"] = True
    elif found["ENGINE"] == "django.db.backends.sqlite3":
        found["ENGINE"] = "dashboard.sqlite"
        found["OPTIONS"] = dict(SQLITE)
    else:
        faults.append("DATABASE_URL: must be postgres://… or sqlite:///….")
    return found, faults


def cache(url: str) -> tuple[dict[str, Any], list[str]]:
    """Django's setting: the Redis or Valkey of this URL, or a cache in the process."""
    if not url:
        own = "dashboard.own_cache.Cache"
        return {"BACKEND": own, "LOCATION": "desk", "OPTIONS": {"MAX_ENTRIES": 1000}}, []
    scheme, colon, rest = url.partition(":")
    location = f"{REDIS.get(scheme, scheme)}{colon}{rest}"
    found = {"BACKEND": "dashboard.cache.Cache", "LOCATION": location}
    fault = "CACHE_URL: must be redis://host:port/0 or valkey://…."
    return found, [] if _is_redis(location) else [fault]


def _is_redis(url: str) -> bool:
    try:
        parts = urlsplit(url)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    one_host = bool(parts.hostname) and "," not in parts.netloc
    return parts.scheme in REDIS.values() and one_host and has_port


def own_directory(path: Path) -> list[str]:
    """Make it, for the desk alone to read; a sentence where that cannot be."""
    try:
        path.mkdir(exist_ok=True)
        path.chmod(0o700)
    except OSError as error:
        return [f"{path}: the desk must have this directory: {error.strerror}."]
    return []


def kept_secret(path: Path, make: Callable[[], str] = lambda: secrets.token_urlsafe(50)) -> str:
    """What is in this file, made where there is none: whole, and the same for two who start."""
    if path.exists() and not path.stat().st_size:
        path.unlink()
    if not path.exists():
        new = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        try:
            _write(new, make())
            with suppress(FileExistsError):
                os.link(new, path)
        finally:
            new.unlink(missing_ok=True)
    return path.read_text()


def _write(path: Path, text: str) -> None:
    """When this returns, it is on the disk."""
    path.touch(mode=0o600)
    with path.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
