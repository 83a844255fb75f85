"""A backup of a desk that serves, and what is there again after it, by DEPLOY.md's own commands."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from integrations_app import simulator
from tests.desks import PASSWORD, ROOT, open_desk
from tests.services import Postgres
from tests.site.test_record import refused, rows
from tests.site.test_replicas import kill
from tests.site.test_workers import tried

pytestmark = pytest.mark.slow  # starts servers

PAGE = "/production/customers/acme-corp/integrations/"
LATER = "/production/customers/all-vendors/integrations/"
TEMPLATE = "https://billing.example.com/{syncedEntityId}"
MAKE_TEMPLATE = (
    "from integrations_app.models import LinkTemplate; LinkTemplate.objects.create("
    f"environment='production', vendor_identifier='ZUORA', template='{TEMPLATE}')"
)
POSTGRES, SQLITE = slice(0, 2), slice(2, 4)


def told() -> list[str]:
    """The commands of the section: back up, put back, for each database."""
    text = (ROOT / "docs/DEPLOY.md").read_text()
    section = text.split("## Backup and restore")[1].split("\n## ")[0]
    return re.findall(r"^    (.+)$", section, re.MULTILINE)


@dataclass
class Kept:
    """A database and the commands for it, run where they say."""

    url: str
    directory: Path
    back_up: str
    put_back: str
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, command: str) -> None:
        here = command.replace(".venv/bin/python", sys.executable)
        known = {"PATH": os.environ["PATH"]} | self.environment
        subprocess.run(["sh", "-ec", here], cwd=self.directory, env=known, check=True)

    def lose(self) -> None:
        """Everything, but for what SQLite left beside its file."""
        (self.directory / "var/desk.sqlite3").unlink()


class KeptByPostgres(Kept):
    def lose(self) -> None:
        server = self.url.rpartition("/")[0] + "/postgres"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS desk WITH (FORCE)")
            connection.execute("CREATE DATABASE desk")


def on_sqlite(directory: Path) -> Kept:
    (directory / "var").mkdir()
    back_up, put_back = told()[SQLITE]
    return Kept(f"sqlite:///{directory}/var/desk.sqlite3", directory, back_up, put_back)


def on_postgres(directory: Path, postgres: Postgres) -> Kept:
    url = urlsplit(postgres.url("desk"))
    known = {
        "PATH": f"{Path(postgres.command[0]).parent}:{os.environ['PATH']}",
        "PGHOST": str(url.hostname),
        "PGPORT": str(url.port),
        "PGUSER": str(url.username),
        "PGPASSWORD": postgres.password,
    }
    back_up, put_back = told()[POSTGRES]
    made = KeptByPostgres(url.geturl(), directory, back_up, put_back, known)
    made.lose()
    return made


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    if request.param == "sqlite":
        return on_sqlite(tmp_path)
    return on_postgres(tmp_path, request.getfixturevalue("postgres"))


def test_what_was_there_at_the_backup_is_there_again(kept: Kept) -> None:
    with simulator.start() as stigg, open_desk(stigg, DATABASE_URL=kept.url) as desk:
        agent = desk.sign_in()
        desk.manage("shell", "-c", MAKE_TEMPLATE)
        assert agent.get(desk.url + PAGE).ok
        kept.run(kept.back_up)
        assert agent.get(desk.url + LATER).ok
        kill(desk)  # SQLite's other files stay behind
        kept.run(kept.put_back)  # over what is there
        kept.lose()
        kept.run(kept.put_back)
        desk.start()
        assert PAGE in agent.get(desk.url).text  # still signed in, and a recent customer
        assert PAGE in tried(desk, PASSWORD)  # the home of who signs in
        assert TEMPLATE in agent.get(f"{desk.url}/admin/integrations_app/linktemplate/1/").text
    assert rows(kept.url, "customer_id", "action = 'view'") == [("acme-corp",)]
    assert refused(kept.url, "DELETE FROM integrations_app_auditevent")
    assert refused(kept.url, "UPDATE integrations_app_auditevent SET customer_id = 'another'")
