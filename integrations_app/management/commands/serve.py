"""`manage.py serve`: bring the database and the static files up to date, then run the desk's
production server.
"""

import hashlib
import math
import os
import resource
import socket
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command

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


class Command(BaseCommand):
    help = "Migrate, collect static files, and serve the desk on HOST and PORT."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        refuse_taken_port()
        call_command("migrate", verbosity=0, interactive=False)
        collect_static()
        self.stdout.write(self.greeting())
        self.stdout.flush()
        os.execv(sys.executable, [sys.executable, *server_arguments()])  # noqa: S606 - our own arguments, no shell

    def greeting(self) -> str:
        address = f"Integrations Desk: http://{settings.HOST}:{settings.PORT}/"
        if not settings.STIGG_SIMULATOR:
            names = ", ".join(e["label"] for e in settings.STIGG_ENVIRONMENTS)
            return (
                f"{address}\nStigg environments: {names}. Accounts: .venv/bin/python manage.py "
                "createsuperuser"
            )
        demo.add_link_templates()
        tries = "\n".join(
            f"  {customer_id:<34.34} {why}" for customer_id, why in environments.examples()
        )
        return (
            f"{address}\nSimulated Stigg, no key. Sign in as demo with password "
            f"{demo.password()}\nTry:\n{tries}"
        )


def refuse_taken_port() -> None:
    """Granian would share a port with another desk, and each would get some of the requests."""
    family = socket.AF_INET6 if ":" in settings.HOST else socket.AF_INET
    with socket.socket(family) as probe:
        # Connections that have just ended are no reason
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.HOST, settings.PORT))
        except OSError as error:
            place = f"{settings.HOST}:{settings.PORT}"
            raise CommandError(
                f"Nothing can listen on {place}: {error.strerror}. Set PORT."
            ) from None


def connections() -> int:
    """How many the server may hold. Each is an open file, of which granian asks for all that the
    system lets it have; with more connections than files it would spin and let nobody in.
    """
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return CONNECTIONS
    return min(CONNECTIONS, max(files - OTHER_FILES, files // 2))


def server_arguments() -> list[str]:
    """Granian, with HTTP/1 only. Its "backpressure" is the number of connections, idle ones too."""
    seconds = settings.REQUEST_SECONDS
    options = {
        "--interface": "asginl",
        "--host": settings.HOST,
        "--port": settings.PORT,
        "--http": 1,
        "--backpressure": connections(),
        "--http1-header-read-timeout": seconds * 1000,
        # A signal in the first moments of a worker is lost; a request may still need its deadline.
        "--workers-kill-timeout": math.ceil(max(seconds, settings.STIGG_DEADLINE_SECONDS)) + 2,
        "--log-level": "warning",
    }
    flags = ["--no-ws", "--respawn-failed-workers", "dashboard.asgi:application"]
    return ["-m", "granian", *(str(word) for pair in options.items() for word in pair), *flags]


def collect_static() -> None:
    """Collecting takes a second or two, so it is done only when something it depends on has
    changed.
    """
    stamp, current = settings.STATIC_ROOT / ".collected", fingerprint()
    if not stamp.exists() or stamp.read_text() != current:
        how = {"verbosity": 0, "interactive": False, "clear": True, "ignore_patterns": NOT_SERVED}
        call_command("collectstatic", **how)
        stamp.write_text(current)


def fingerprint() -> str:
    makers = [
        settings.BASE_DIR / "requirements.txt",
        settings.BASE_DIR / "dashboard/settings.py",
        Path(__file__),
    ]
    files = [*Path(settings.BASE_DIR / "static").rglob("*"), *makers]
    seen = "".join(f"{path}{path.stat().st_mtime_ns}" for path in sorted(files))
    return hashlib.sha256(seen.encode()).hexdigest()
