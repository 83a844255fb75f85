"""The desk on production's servers: PostgreSQL keeps what must last, Redis what desks share."""

from pathlib import Path

import psycopg
import pytest

from integrations_app.simulator import Simulator
from tests.desks import NAME, open_desk
from tests.services import Postgres, Redis

pytestmark = pytest.mark.slow  # starts the desk in a process of its own

PAGE = "/production/customers/acme-corp/integrations/"
NEVER_OPENED = "/production/customers/all-vendors/integrations/"
ADMIN = ("auth/user", "integrations_app/linktemplate", "integrations_app/wronglink")
RECORD = 'SELECT "user", action, customer_id, outcome FROM integrations_app_auditevent ORDER BY id'


def test_postgresql_keeps_accounts_and_the_record(postgres: Postgres, stigg: Simulator) -> None:
    database_url = postgres.new_database()
    with open_desk(stigg, DATABASE_URL=database_url) as desk:
        agent = desk.sign_in()
        assert "Acme Inc." in agent.get(f"{desk.url}{PAGE}").text
        assert PAGE in agent.get(desk.url).text  # among the agent's recent customers
        for part in ADMIN:
            assert agent.get(f"{desk.url}/admin/{part}/").status_code == 200
    with psycopg.connect(database_url) as database:
        assert database.execute(RECORD).fetchall() == [
            (NAME, "sign-in", "", "signed-in"),
            (NAME, "view", "acme-corp", "shown"),
        ]


def test_desks_share_what_stigg_answered_through_redis(
    redis_server: Redis,
    stigg: Simulator,
    tmp_path: Path,
) -> None:
    database_url = f"sqlite:///{tmp_path}/desk.sqlite3"
    shared = {"DATABASE_URL": database_url, "CACHE_URL": redis_server.url()}
    with open_desk(stigg, **shared) as one, open_desk(stigg, **shared) as other:
        agent = one.sign_in()
        assert "Acme Inc." in agent.get(f"{one.url}{PAGE}").text
        stigg.fault(status=503)
        assert "Acme Inc." in agent.get(f"{other.url}{PAGE}").text
        assert agent.get(f"{other.url}{NEVER_OPENED}").status_code == 503
