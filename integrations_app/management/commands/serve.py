"""`manage.py serve`: bring the static files up to date, then run the desk's production server.

With `--migrate` the database too, for a desk that is alone; several have it as a step of their own.
"""

import fcntl
import hashlib
import json
import math
import os
import resource
import shutil
import socket
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser, call_command
from django.db import DatabaseError, connection

from dashboard import metrics, readiness
from integrations_app import demo
from integrations_app.upstream import environments

# What django-htmx ships besides the one file that pages load.
NOT_SERVED = [
    "django_htmx/ext/*",
    "django_htmx/htmx-2.js",
    "django_htmx/htmx-4*",
    "django_htmx/htmax-*",
]
# What the server keeps open at most: connections, and files beside them (databases, Stigg).
CONNECTIONS, OTHER_FILES = 4096, 512
# Granian's allocator keeps what large requests needed until it is busy again, but for this.
# https://jemalloc.net/jemalloc.3.html
ALLOCATOR = ("_RJEM_MALLOC_CONF", "background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0")


class Command(BaseCommand):
    help = "Collect static files, and serve the desk on HOST and PORT."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--migrate", action="store_true", help="bring the database up to date")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        if faults := [*taken_port(), *dead_database()]:
            raise CommandError("\n".join(faults))
        if options["migrate"]:
            call_command("migrate", verbosity=0, interactive=False)
        elif not readiness.is_migrated():
            raise CommandError(
                "The database lacks migrations. Run manage.py migrate, or serve --migrate."
            )
        prepare_files()
        self.stdout.write(self.greeting())
        self.stdout.flush()
        os.environ.setdefault(*ALLOCATOR)
        os.execv(sys.executable, [sys.executable, *server_arguments()])  # noqa: S606 - our own arguments, no shell

    def greeting(self) -> str:
        host = f"[{settings.HOST}]" if ":" in settings.HOST else settings.HOST
        address = f"Integrations Desk: http://{host}:{settings.PORT}{settings.BASE_PATH}/"
        if not settings.STIGG_SIMULATOR:
            labels = ", ".join(e["label"] for e in settings.STIGG_ENVIRONMENTS)
            alone = "\nOne worker: more need CACHE_URL." if settings.WORKERS == 1 else ""
            address += " (HTTPS=true: for your proxy alone)" if settings.HTTPS else ""
            return (
                f"{address}\nStigg environments: {labels}. Accounts: .venv/bin/python manage.py "
                f"add_agent NAME --role viewer{alone}"
            )
        demo.add_link_templates()
        word, names = demo.accounts()
        how = "The demo accounts have passwords that the desk does not know"
        if names:
            how = f"Sign in as {', '.join(names)}: password {word}"
        tries = "\n".join(
            f"  {customer_id:<34.34} {why}" for customer_id, why in environments.examples()
        )
        return f"{address}\nSimulated Stigg, no key. {how}\nTry:\n{tries}"


def taken_port() -> list[str]:
    """Another desk on the port would get the requests, or this one would; a sentence if so."""
    family = socket.AF_INET6 if ":" in settings.HOST else socket.AF_INET
    try:
        socket.create_server((settings.HOST, settings.PORT), family=family).close()
    except OSError as error:
        place, why = f"{settings.HOST}:{settings.PORT}", os.strerror(error.errno or 0)
        return [f"Nothing can listen on {place}: {why}. Set PORT."]
    return []


def dead_database() -> list[str]:
    """A sentence if the database cannot be reached, in its own words: they hold no password."""
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        why = " ".join(str(error).split())
        return [f"The database cannot be used: {why}. Set DATABASE_URL, or start it."]
    return []


def prepare_files() -> None:
    """What the server reads and writes in `var/`."""
    try:
        collect_static()
        if settings.WORKERS > 1:  # they count together, in an empty directory
            directory = settings.VAR / f"metrics-{settings.PORT}"
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir()
            os.environ[metrics.DIRECTORY] = str(directory)
    except OSError as error:
        raise CommandError(f"Nothing can be kept in {settings.VAR}: {error}.") from error


def connections() -> int:
    """An open file each, and granian asks for all that the system lets it have: with more
    connections than files it would spin and let nobody in.
    """
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return CONNECTIONS
    return min(CONNECTIONS, max(files - OTHER_FILES, files // 2))


def server_arguments() -> list[str]:
    """Python's, for `dashboard.server`. Its "backpressure" is all connections, idle ones too."""
    longest = max(settings.REQUEST_SECONDS, settings.STIGG_DEADLINE_SECONDS)
    options = {
        "target": "dashboard.asgi:application",
        "address": settings.HOST,
        "port": settings.PORT,
        "workers": settings.WORKERS,
        "backpressure": connections(),
        "header_seconds": settings.REQUEST_SECONDS,
        "workers_kill_timeout": math.ceil(longest) + 4,  # a request may still need its deadline
        "respawn_failed_workers": True,
        "log_level": "warning",
    }
    return ["-m", "dashboard.server", json.dumps(options)]


def collect_static() -> None:
    """It takes a second or two: only when what it depends on has changed, by one desk at a time."""
    stamp, current = settings.STATIC_ROOT / ".collected", fingerprint()
    with (settings.VAR / "collecting").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != current:
            how = {"clear": True, "ignore_patterns": NOT_SERVED}
            call_command("collectstatic", verbosity=0, interactive=False, **how)
            stamp.write_text(current)


def fingerprint() -> str:
    base: Path = settings.BASE_DIR
    own = ("requirements.txt", "dashboard/settings.py", "dashboard/static_files.py")
    makers = [*(base / name for name in own), Path(__file__)]
    files = [*(base / "static").rglob("*"), *makers]
    seen = "".join(f"{path}{path.stat().st_mtime_ns}" for path in sorted(files))
    return hashlib.sha256(seen.encode()).hexdigest()
