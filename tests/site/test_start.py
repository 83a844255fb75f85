"""Starting the desk: what it asks for, what it refuses, and that it says so before
anything runs.
"""

import os
import runpy
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.test import Client

from dashboard import deployment, state
from integrations_app import demo
from integrations_app.management.commands import serve
from tests.desks import ROOT, inherited
from tests.site.test_stopping import free_port

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
    return subprocess.run(
        [sys.executable, *arguments],
        env=inherited() | known(environment),
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )


def known(environment: Mapping[str, str]) -> dict[str, str]:
    secret = {} if "SECRET_KEY_FILE" in environment else {"SECRET_KEY": "tests" * 12}
    return {"ENV_FILE": "", **secret, **environment}


def read(environment: Mapping[str, str]) -> dict[str, Any]:
    """The settings that a process with nothing but this environment would have."""
    with mock.patch.dict(os.environ, known(environment), clear=True):
        return runpy.run_path(str(ROOT / "dashboard/settings.py"))


@pytest.mark.parametrize(
    "environment",
    [
        {"STIGG_API_KEY": KEY},
        {"STIGG_SIMULATOR": "true"},
        {**COMPANY, "OIDC_ONLY": "true", "OIDC_ROLE_MAP": '{"staff": ["viewer", "exporter"]}'},
        {"STIGG_API_KEY": KEY, "TRUSTED_PROXIES": "10.0.0.0/8,2001:db8::1", "REQUIRE_MFA": "true"},
    ],
)
def test_it_takes_a_key_or_the_simulator(environment: dict[str, str]) -> None:
    assert read(environment)["STIGG_SIMULATOR"] == ("STIGG_SIMULATOR" in environment)


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
            {"STIGG_API_KEY": KEY, "STIGG_BEARER_TOKEN": "t", "STIGG_ENVIRONMENT_ID": "e"},
            "API_KEY and BEARER_TOKEN are both set",
        ),
        ({"STIGG_API_KEY_FILE": "/nowhere"}, "STIGG_API_KEY_FILE must be a readable file"),
        (
            {"STIGG_API_KEY": KEY, "TICKET_PATTERN": "[A-Z"},
            "TICKET_PATTERN: is no regular expression of Python's: unterminated character set",
        ),
        (
            {"STIGG_API_KEY": KEY, "TRUSTED_PROXIES": "10.0.0.0/8,proxy"},
            "TRUSTED_PROXIES: value number 2 cannot be used.",
        ),
        (
            {"STIGG_API_KEY": KEY, "OIDC_ISSUER": "https://id.example.com"},
            "Set OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET together.",
        ),
        ({**COMPANY, "OIDC_ISSUER": "http://id.example.com"}, "OIDC_ISSUER: "),
        ({**COMPANY, "OIDC_ISSUER": "http://localhost.evil.example"}, "OIDC_ISSUER: "),
        ({"STIGG_API_KEY": KEY, "OIDC_ONLY": "true"}, "OIDC_ONLY=true needs OIDC_ISSUER."),
        ({**COMPANY, "OIDC_ROLE_MAP": '{"staff": "god"}'}, "OIDC_ROLE_MAP: Not like"),
        ({**COMPANY, "OIDC_ROLE_MAP": '["staff"]'}, "OIDC_ROLE_MAP: Not like"),
        ({**COMPANY, "OIDC_ROLE_MAP": "staff=viewer"}, "OIDC_ROLE_MAP: Not valid JSON"),
        ({"STIGG_API_KEY": KEY, "PORT": "0"}, "PORT: Must be greater than or equal to 1"),
        ({"STIGG_API_KEY": KEY, "THREADS": "x"}, "THREADS: Not a valid integer."),
        ({"STIGG_API_KEY": KEY, "DATABASE_URL": "foo://x"}, "DATABASE_URL: must be postgres://"),
        (
            {"STIGG_SIMULATOR": "true", "DATABASE_URL": "postgres://desk@db/desk"},
            "DATABASE_URL: the simulator's demo account must not reach a database of yours.",
        ),
        (
            {"STIGG_API_KEY": KEY, "DATABASE_URL": "postgres://desk@db/desk", "SECRET_KEY": ""},
            "SECRET_KEY: set it, the same for every desk",
        ),
        ({"STIGG_API_KEY": KEY, "SECRET_KEY": "x"}, "SECRET_KEY: is shorter than 32 characters"),
        # An empty one of these would let anybody sign a session
        *(
            ({"STIGG_API_KEY": KEY, "SECRET_KEY_FALLBACKS": given}, "SECRET_KEY_FALLBACKS: ")
            for given in (",", f"{'former' * 6},", "short")
        ),
        (
            {"STIGG_API_KEY": KEY, "SECRET_KEY_FILE": "/nonexistent"},
            "The value of SECRET_KEY_FILE must be a readable file path.",
        ),
        ({"STIGG_API_KEY": KEY, "TIME_ZONE": "Mars/Olympus"}, "TIME_ZONE: is no time zone"),
        ({"STIGG_API_KEY": KEY, "TIME_ZONE": ""}, "TIME_ZONE: is no time zone"),
        ({"STIGG_API_KEY": KEY, "BASE_PATH": "desk/"}, "BASE_PATH: is no path, such as /desk"),
        (
            {"STIGG_API_KEY": KEY, "STIGG_CA_BUNDLE": "/nonexistent"},
            "STIGG_CA_BUNDLE: is no readable file of certificates",
        ),
        (
            {"STIGG_API_KEY": KEY, "STIGG_PROXY": "nonsense"},
            "STIGG_PROXY: is no address of a proxy",
        ),
        ({"STIGG_API_KEY": KEY, "CACHE_URL": "memcached://c"}, "CACHE_URL: must be redis://"),
        ({"STIGG_API_KEY": KEY, "CACHE_URL": "redis://h1,h2"}, "CACHE_URL: must be redis://"),
        ({"STIGG_API_KEY": KEY, "WORKERS": "2"}, "WORKERS: more than one need CACHE_URL"),
        ({"STIGG_SIMULATOR": "true", "WORKERS": "2", "CACHE_URL": "redis://c"}, "WORKERS: more"),
        ({"STIGG_API_KEY": KEY, "WORKERS": "x"}, "WORKERS: Not a valid integer."),
        *(
            ({"STIGG_API_KEY": KEY, "SENTRY_DSN": f"https://{dsn}"}, "SENTRY_DSN: is no DSN")
            for dsn in ("sentry.example/1", f"{KEY}@sentry.example/desk", f"{KEY}@s.example:x/1")
        ),
        ({"STIGG_API_KEY": KEY, "HOST": "[::]"}, "HOST: is no address to listen on"),
    ],
)
def test_it_refuses_to_start_and_says_what_to_set(environment: dict[str, str], said: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        read(environment)
    assert said in str(refused.value)
    assert KEY not in str(refused.value)


SECRETS = ["SECRET_KEY", "STIGG_API_KEY", "OIDC_CLIENT_SECRET"]


@pytest.mark.parametrize("name", SECRETS)
def test_each_secret_may_come_from_a_file_that_ends_with_a_line(name: str, tmp_path: Path) -> None:
    kept = tmp_path / "secret"
    kept.write_text(f"{KEY}-from-a-file\n")
    environment = {key: value for key, value in COMPANY.items() if key != name}
    script = f"""
import dashboard.settings as s
plain = lambda value: value if isinstance(value, str) else value.get_secret_value()
held = [s.SECRET_KEY, s.STIGG_ENVIRONMENTS[0]["api_key"], s.OIDC_CLIENT_SECRET]
print(plain(held[{SECRETS.index(name)}]), s.OIDC_CLIENT_SECRET, s.STIGG_ENVIRONMENTS)
"""
    got = started(["-c", script], **environment, **{f"{name}_FILE": str(kept)}).stdout
    assert got.startswith(f"{KEY}-from-a-file ")
    assert KEY not in got.removeprefix(f"{KEY}-from-a-file ")


def test_a_production_start_passes_djangos_own_check() -> None:
    said = started(
        ["manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        **COMPANY,
        HTTPS="true",
        REQUIRE_MFA="true",
        ALLOWED_HOSTS="desk.example.com",
        SECRET_KEY="0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    )
    assert said.returncode == 0, said.stderr


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "desk.E001"),
        ({"STIGG_API_KEY": KEY, "DEBUG": "true"}, "desk.E002"),
        ({"STIGG_API_KEY": KEY, "ALLOWED_HOSTS": "*"}, "desk.E003"),
        ({"STIGG_API_KEY": KEY, "ALLOWED_HOSTS": "a.example,.example.com"}, "desk.E003"),
        ({"STIGG_API_KEY": KEY, "STIGG_API_URL": "http://localhost:1"}, "desk.E004"),
        ({"STIGG_API_KEY": KEY, "REPLICAS": "2", "CACHE_URL": "redis://c"}, "desk.E005"),
        (
            {"STIGG_API_KEY": KEY, "REPLICAS": "2", "DATABASE_URL": "postgres://desk@db/desk"},
            "desk.E006",
        ),
        ({"STIGG_API_KEY": KEY, "REQUIRE_MFA": "false"}, "desk.E007"),
    ],
)
def test_the_check_of_a_deployment_says_what_is_unsafe(
    environment: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = read({"REQUIRE_MFA": "true", **(environment or {"STIGG_SIMULATOR": "true"})})
    monkeypatch.setattr(deployment, "settings", SimpleNamespace(**known))
    assert [fault.id for fault in deployment.desk(None)] == [said]


def test_it_names_all_faults_at_once() -> None:
    said = started(STIGG_API_URL="ftp://x", PORT="0", THREADS="x", LOG_LEVEL="LOUD").stderr
    names = ("No Stigg key", "STIGG_API_URL", "PORT", "THREADS", "LOG_LEVEL")
    assert all(name in said for name in names)
    assert "Traceback" not in said
    assert len(said.splitlines()) == 1 + len(names)


@pytest.mark.parametrize("url", ["redis://c:6379/1", "rediss://:w@c", "valkey://c", "valkeys://c"])
def test_it_takes_redis_and_valkey(url: str) -> None:
    assert read({"STIGG_API_KEY": KEY, "CACHE_URL": url})["CACHES"]["default"]["LOCATION"]


def test_it_does_not_share_a_port_with_another_desk(settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as other:
        settings.HOST, settings.PORT = other.getsockname()
        said = f"Nothing can listen on 127.0.0.1:{settings.PORT}: Address already in use. Set PORT."
        assert serve.taken_port() == [said]
    assert serve.taken_port() == []


def test_a_database_that_is_not_there_is_one_sentence() -> None:
    dead = f"postgres://desk:secret-word@127.0.0.1:{free_port()}/desk"
    tried = started(["manage.py", "serve"], STIGG_API_KEY=KEY, DATABASE_URL=dead)
    assert tried.returncode == 1
    assert tried.stderr.startswith("CommandError: The database cannot be used: connection failed")
    assert len(tried.stderr.splitlines()) == 1
    assert "secret-word" not in tried.stderr


class TestTheKeyThatIsMade:
    def test_on_a_full_disk_none_is_made_and_nothing_left(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        full = mock.Mock(side_effect=OSError("No space left on device"))
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            state.kept_secret(tmp_path / "secret-key")
        assert list(tmp_path.iterdir()) == []

    def test_it_is_kept_and_nobody_else_reads_it(self, tmp_path: Path) -> None:
        path = tmp_path / "secret-key"
        made = state.kept_secret(path)
        assert len(made) >= 50
        assert state.kept_secret(path) == made
        assert path.stat().st_mode & 0o777 == 0o600
        assert list(tmp_path.iterdir()) == [path]

    def test_it_is_made_anew_where_a_full_disk_left_an_empty_one(self, tmp_path: Path) -> None:
        path = tmp_path / "secret-key"
        path.touch()
        assert state.kept_secret(path)

    def test_the_first_of_two_desks_that_start_together_wins(self, tmp_path: Path) -> None:
        path = tmp_path / "secret-key"

        def make_late() -> str:
            path.write_text("the other's")
            return "this one's"

        assert state.kept_secret(path, make_late) == "the other's"


def test_what_sqlite_keeps_for_each_of_32_threads_is_8_mb_in_all() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(state.SQLITE["init_command"])
        ((kept,),) = connection.execute("PRAGMA cache_size")
    assert 32 * -kept <= 8 * 1024


def test_a_directory_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (said,) = state.own_directory(tmp_path / "file" / "var")
    assert said.endswith("var: the desk must have this directory: Not a directory.")


class TestTheDemoAccounts:
    pytestmark = pytest.mark.django_db

    @pytest.fixture(autouse=True)
    def own_directory(self, settings: Any, tmp_path: Path) -> None:
        settings.VAR = tmp_path

    def test_there_is_one_for_each_role_with_the_same_password(self, client: Client) -> None:
        word, names = demo.accounts()
        assert demo.accounts() == (word, names)
        assert names == ["demo", "viewer", "exporter", "operator", "auditor"]
        for name in names:
            assert client.login(username=name, password=word)
        held = {user.username: {group.name for group in user.groups.all()} for user in everybody()}
        assert held == {"demo": set(), **{name: {name} for name in names[1:]}}
        assert [user.username for user in everybody().filter(is_superuser=True)] == ["demo"]

    def test_a_desk_that_had_one_account_gets_the_others(self, client: Client) -> None:
        word, _ = demo.accounts()
        everybody().exclude(username="demo").delete()
        assert demo.accounts() == (word, [*demo.NAMES])
        assert client.login(username="viewer", password=word)

    @pytest.mark.parametrize("name", demo.NAMES)
    def test_an_account_of_that_name_that_is_somebody_elses_is_left_alone(self, name: str) -> None:
        user = User.objects.create_user(name, password="a long enough one")
        before = user.password
        assert demo.accounts()[1] == [other for other in demo.NAMES if other != name]
        user.refresh_from_db()
        assert (user.password, user.is_superuser) == (before, False)
        assert not user.groups.exists()


def everybody() -> QuerySet[User]:
    return User.objects.all()
