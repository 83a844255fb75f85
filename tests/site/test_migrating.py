"""Migrations are a step of their own, which several may begin at once and which takes its time."""

import subprocess
from pathlib import Path

import pytest

from tests.desks import MANAGE, ROOT
from tests.services import Postgres
from tests.site.test_start import KEY, started

pytestmark = pytest.mark.slow  # starts other processes

TOGETHER = 3
SECRET = "tests" * 12
# A page's bounds, shortened so that half a second is beyond both of them.
HURRIED = "?options=-c%20statement_timeout%3D100ms"
SLOW = """
import django
django.setup()
from django.db import OperationalError, connection
from dashboard.postgres.base import DatabaseWrapper
from integrations_app.management.commands.migrate import alone
DatabaseWrapper.patience = 0.2

def is_slow():
    try:
        connection.cursor().execute("SELECT pg_sleep(0.5)")
    except OperationalError:
        return "too slow"
    return "done"

print(is_slow())
with alone(connection):
    print(is_slow())
print(is_slow())
"""


def migrate_together(database_url: str) -> list[tuple[int, str]]:
    """What each of several says that begin at once, and its exit code."""
    environment = {"ENV_FILE": "", "STIGG_API_KEY": KEY, "SECRET_KEY": SECRET}
    running = [
        subprocess.Popen(
            [*MANAGE, "migrate", "--verbosity", "0"],
            cwd=ROOT,
            env=environment | {"DATABASE_URL": database_url},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(TOGETHER)
    ]
    said = [process.communicate()[0] for process in running]
    return [(process.returncode, text) for process, text in zip(running, said, strict=True)]


def test_several_may_migrate_an_empty_postgresql_at_once(postgres: Postgres) -> None:
    assert migrate_together(postgres.new_database()) == [(0, "")] * TOGETHER


def test_several_may_migrate_an_empty_sqlite_at_once(tmp_path: Path) -> None:
    assert migrate_together(f"sqlite:///{tmp_path}/desk.sqlite3") == [(0, "")] * TOGETHER


def test_a_migration_may_take_longer_than_a_page_waits(postgres: Postgres) -> None:
    database = {"DATABASE_URL": f"{postgres.new_database()}{HURRIED}"}
    settings = {"DJANGO_SETTINGS_MODULE": "dashboard.settings"}
    tried = started(["-c", SLOW], STIGG_API_KEY=KEY, **database, **settings)
    assert tried.stdout.split("\n") == ["too slow", "done", "too slow", ""], tried.stderr


def test_a_desk_does_not_serve_before_its_database_is_migrated(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/desk.sqlite3"
    tried = started(["manage.py", "serve"], STIGG_API_KEY=KEY, DATABASE_URL=database)
    assert tried.returncode == 1
    assert tried.stderr == (
        "CommandError: The database lacks migrations. Run manage.py migrate, or serve --migrate.\n"
    )
