"""Starting the desk: what it asks for, what it refuses, and that it says so before
anything runs.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError

from integrations_app.management.commands import serve

pytestmark = pytest.mark.slow  # starts the desk in a process of its own

KEY = "a-key-that-opens-nothing"

COMPANY = {
    "STIGG_API_KEY": KEY,
    "OIDC_ISSUER": "https://id.example.com",
    "OIDC_CLIENT_ID": "desk",
    "OIDC_CLIENT_SECRET": KEY,
}


def started(
    arguments: Sequence[str] = ("manage.py", "check"), **environment: str
) -> subprocess.CompletedProcess[str]:
    """Python in a process of its own, which knows nothing but this environment."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("STIGG_", "DJANGO_"))
    }
    clean |= {
        "ENV_FILE": "",
        "DATABASE_URL": "sqlite://:memory:",
        **({} if "SECRET_KEY_FILE" in environment else {"SECRET_KEY": "tests" * 12}),
    } | environment
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, env=clean, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "environment",
    [
        {"STIGG_API_KEY": KEY},
        {"STIGG_SIMULATOR": "true"},
        {**COMPANY, "OIDC_ONLY": "true", "OIDC_ROLE_MAP": '{"staff": ["viewer", "exporter"]}'},
        {"STIGG_API_KEY": KEY, "TRUSTED_PROXIES": "10.0.0.0/8,2001:db8::1", "REQUIRE_MFA": "true"},
    ],
)
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
        ({"STIGG_API_KEY_FILE": "/nowhere"}, "STIGG_API_KEY_FILE must be a readable file"),
        (
            {"STIGG_API_KEY": KEY, "TRUSTED_PROXIES": "10.0.0.0/8,proxy"},
            "'TRUSTED_PROXIES': ",
        ),
        (
            {"STIGG_API_KEY": KEY, "OIDC_ISSUER": "https://id.example.com"},
            "Set OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET together.",
        ),
        ({**COMPANY, "OIDC_ISSUER": "http://id.example.com"}, "'OIDC_ISSUER': "),
        ({**COMPANY, "OIDC_ISSUER": "http://localhost.evil.example"}, "'OIDC_ISSUER': "),
        ({"STIGG_API_KEY": KEY, "OIDC_ONLY": "true"}, "OIDC_ONLY=true needs OIDC_ISSUER."),
        ({**COMPANY, "OIDC_ROLE_MAP": '{"staff": "god"}'}, "'OIDC_ROLE_MAP': ['Not like"),
        ({**COMPANY, "OIDC_ROLE_MAP": '["staff"]'}, "'OIDC_ROLE_MAP': ['Not like"),
        ({**COMPANY, "OIDC_ROLE_MAP": "staff=viewer"}, "'OIDC_ROLE_MAP': ['Not valid JSON"),
    ],
)
def test_it_refuses_to_start_and_says_what_to_set(environment: dict[str, str], said: str) -> None:
    tried = started(**environment)
    assert tried.returncode != 0
    assert said in tried.stderr
    assert KEY not in tried.stderr + tried.stdout


SECRETS = ["SECRET_KEY", "STIGG_API_KEY", "OIDC_CLIENT_SECRET"]


@pytest.mark.parametrize("name", SECRETS)
def test_each_secret_may_come_from_a_file_that_ends_with_a_line(name: str, tmp_path: Path) -> None:
    kept = tmp_path / "secret"
    kept.write_text(f"{KEY}-from-a-file\n")
    environment = {key: value for key, value in COMPANY.items() if key != name}
    read = f"""
import dashboard.settings as s
plain = lambda value: value if isinstance(value, str) else value.get_secret_value()
held = [s.SECRET_KEY, s.STIGG_ENVIRONMENTS[0]["api_key"], s.OIDC_CLIENT_SECRET]
print(plain(held[{SECRETS.index(name)}]), s.OIDC_CLIENT_SECRET, s.STIGG_ENVIRONMENTS)
"""
    got = started(["-c", read], **environment, **{f"{name}_FILE": str(kept)}).stdout
    assert got.startswith(f"{KEY}-from-a-file ")
    assert KEY not in got.removeprefix(f"{KEY}-from-a-file ")


def test_a_production_start_passes_djangos_own_check() -> None:
    said = started(
        ["manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        **COMPANY,
        HTTPS="true",
        ALLOWED_HOSTS="desk.example.com",
        SECRET_KEY="0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    )
    assert said.returncode == 0, said.stderr


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
