"""Starting the desk: what it asks for, what it refuses, and that it says so before
anything runs.
"""

import os
import socket
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError

from integrations_app.management.commands import serve

pytestmark = pytest.mark.slow  # starts the desk in a process of its own

KEY = "a-key-that-opens-nothing"


def started(**environment: str) -> subprocess.CompletedProcess[str]:
    """`manage.py check` in a process of its own, which knows nothing but this environment."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("STIGG_", "DJANGO_"))
    }
    clean |= {
        "ENV_FILE": "",
        "DATABASE_URL": "sqlite://:memory:",
        "SECRET_KEY": "tests" * 12,
    } | environment
    command = [sys.executable, "manage.py", "check"]
    return subprocess.run(
        command, env=clean, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("environment", [{"STIGG_API_KEY": KEY}, {"STIGG_SIMULATOR": "true"}])
def test_it_starts_with_a_key_or_the_simulator(environment: dict[str, str]) -> None:
    assert started(**environment).returncode == 0


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "No Stigg key: set STIGG_API_KEY, or STIGG_SIMULATOR=true"),
        (
            {"STIGG_ENVIRONMENTS": "production,staging", "STIGG_STAGING_API_KEY": KEY},
            "set STIGG_PRODUCTION_API_KEY",
        ),
        (
            {"STIGG_ENVIRONMENTS": "admin", "STIGG_ADMIN_API_KEY": KEY},
            "admin is named twice, or is an address",
        ),
        ({"STIGG_ENVIRONMENTS": "eu,eu", "STIGG_EU_API_KEY": KEY}, "eu is named twice"),
        (
            {"STIGG_ENVIRONMENTS": "../x", "STIGG_../X_API_KEY": KEY},
            "'../x' must be lower-case letters",
        ),
        ({"STIGG_API_KEY": f"{KEY}\n"}, "STIGG_API_KEY holds spaces or unprintable characters"),
        (
            {"STIGG_API_KEY": KEY, "STIGG_API_URL": "http://api.stigg.io"},
            "API_URL must start with https://",
        ),
        (
            {"STIGG_API_KEY": KEY, "STIGG_BEARER_TOKEN": "t"},
            "API_KEY and BEARER_TOKEN are both set",
        ),
        ({"STIGG_API_KEY": KEY, "PORT": "0", "THREADS": "x"}, "PORT"),
    ],
)
def test_it_refuses_to_start_and_says_what_to_set(environment: dict[str, str], said: str) -> None:
    tried = started(**environment)
    assert tried.returncode != 0
    assert said in tried.stderr
    assert KEY not in tried.stderr + tried.stdout


def test_it_names_all_faults_at_once() -> None:
    said = started(STIGG_API_URL="ftp://x", PORT="0", THREADS="x", LOG_LEVEL="LOUD").stderr
    assert all(
        name in said for name in ("No Stigg key", "STIGG_API_URL", "PORT", "THREADS", "LOG_LEVEL")
    )


def test_it_does_not_share_a_port_with_another_desk(settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as other:
        settings.HOST, settings.PORT = other.getsockname()
        with pytest.raises(
            CommandError, match=f"127.0.0.1:{settings.PORT}: Address already in use. Set PORT."
        ):
            serve.refuse_taken_port()
    serve.refuse_taken_port()
