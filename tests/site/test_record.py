"""The record in real databases: complete under load, and only ever added to."""

import csv
import os
import sqlite3
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command

from integrations_app.simulator import Simulator
from tests.desks import MANAGE, ROOT, connected, open_desk

pytestmark = pytest.mark.slow  # each has a database of its own

# As a desk of the version before writes it: without the columns that came with the triggers
INSERT = (
    'INSERT INTO integrations_app_auditevent (at, "user", action, environment, customer_id,'
    " customer_name, query, ticket, outcome) VALUES "
)
OLD, NEW = "2024-01-01 12:00:00+00:00", "2126-01-01 12:00:00+00:00"
ONLY_ADDED_TO = "only ever added to"


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty one."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/desk.sqlite3"
    return str(request.getfixturevalue("postgres").new_database())


def rows(url: str, columns: str, where: str = "1 = 1") -> Sequence[tuple[Any, ...]]:
    with connected(url) as database:
        found = database.execute(
            f"SELECT {columns} FROM integrations_app_auditevent WHERE {where} ORDER BY id"  # noqa: S608 - this file's own words
        )
        return list(found.fetchall())


def insert(url: str, at: str, count: int, customer: str = "c") -> None:
    values = ", ".join(
        f"('{at}', 'mara', 'view', 'production', '{customer}', '', '', '', 'shown')"
        for _ in range(count)
    )
    with connected(url) as database:
        database.execute(INSERT + values)


def manage(url: str, *arguments: str) -> str:
    known = {
        "PATH": os.environ["PATH"],
        "ENV_FILE": "",
        "SECRET_KEY": "tests" * 12,
        "STIGG_API_KEY": "a-key-that-opens-nothing",
        "DATABASE_URL": url,
    }
    done = subprocess.run(
        [*MANAGE, *arguments], cwd=ROOT, env=known, check=True, capture_output=True, text=True
    )
    return done.stdout


def refused(url: str, statement: str) -> bool:
    with connected(url) as database:
        try:
            database.execute(statement)
        except (sqlite3.Error, psycopg.Error) as error:
            return ONLY_ADDED_TO in str(error)
    return False


def test_fifty_look_ups_at_once_leave_fifty_rows(database: str, stigg: Simulator) -> None:
    with open_desk(stigg, DATABASE_URL=database) as desk:
        agent = desk.sign_in()
        cookies = agent.cookies.get_dict()

        def look_up(number: int) -> str:
            with type(agent)() as browser:
                browser.trust_env = False
                address = f"{desk.url}/lookup?q=acme-corp&ticket=T-{number}"
                return browser.get(address, cookies=cookies, allow_redirects=False).text

        with ThreadPoolExecutor(50) as people:
            answers = list(people.map(look_up, range(50)))
    # Who finds the desk busy is told so, and is on record as well.
    assert not any('data-problem="database"' in answer for answer in answers)
    kept = rows(database, "ticket", "action = 'lookup'")
    assert sorted(kept) == sorted((f"T-{number}",) for number in range(50))


def test_no_row_changes_or_goes(database: str) -> None:
    manage(database, "migrate", "--verbosity=0")
    insert(database, OLD, 1)
    assert refused(database, "UPDATE integrations_app_auditevent SET customer_id = 'another'")
    assert refused(database, "DELETE FROM integrations_app_auditevent")
    if database.startswith("sqlite"):
        replace = INSERT.replace("INSERT", "INSERT OR REPLACE").replace("(at", "(id, at")
        again = f"(1, '{OLD}', 'otto', 'view', '', '', '', '', '', 'shown')"
        assert refused(database, f"{replace}{again}")
    else:
        assert refused(database, "TRUNCATE integrations_app_auditevent")
    assert rows(database, "customer_id, detail, request_id, address") == [("c", "", "", "")]


def test_pruning_takes_what_is_old_and_says_so(database: str) -> None:
    manage(database, "migrate", "--verbosity=0")
    insert(database, OLD, 2_500)
    insert(database, NEW, 1, "kept")
    assert "2,500 rows older than" in manage(database, "prune_record", "--older-than", "400d")
    assert [row[:2] for row in rows(database, "action, outcome, detail")] == [
        ("view", "shown"),
        ("prune", "begun"),
        ("prune", "2500 gone"),
    ]
    assert all("older than 20" in row[0] for row in rows(database, "detail", "action = 'prune'"))
    assert refused(database, "DELETE FROM integrations_app_auditevent WHERE customer_id = 'kept'")
    assert refused(database, "DELETE FROM integrations_app_auditevent WHERE action = 'prune'")


@pytest.mark.parametrize("days", ["400", "0d", "-1d", "400 d", "x", "1d\n", "999999d"])
def test_pruning_wants_a_number_of_days(days: str) -> None:
    with pytest.raises(CommandError, match="such as 400d"):
        call_command("prune_record", f"--older-than={days}")


def test_a_long_csv_comes_in_parts(database: str, stigg: Simulator) -> None:
    with open_desk(stigg, DATABASE_URL=database) as desk:
        agent = desk.sign_in()
        insert(database, OLD, 3_500)
        answer = agent.get(f"{desk.url}/record/csv/?user=mara&action=view", stream=True)
        assert answer.status_code == 200
        assert answer.headers["Transfer-Encoding"] == "chunked"
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert "attachment" in answer.headers["Content-Disposition"]
        lines = list(csv.reader(answer.content.decode("utf-8-sig").splitlines()))
    assert len(lines) == 1 + 3_500
    assert len({line[0] for line in lines}) == len(lines)
