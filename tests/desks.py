"""The desk as in production: `manage.py serve` in a process that knows a test's settings only."""

import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import requests
from django.contrib.auth.hashers import make_password
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from integrations_app import simulator
from tests.services import HOST, Server, running

ROOT = Path(__file__).parent.parent
MANAGE = (sys.executable, "manage.py")
NAME = "mara"
PASSWORD = "a long enough one"
# Without `createsuperuser`, which is a second process for each desk.
ACCOUNT = """
INSERT INTO auth_user (username, password, is_superuser, is_staff, is_active, date_joined,
    first_name, last_name, email)
VALUES ('{name}', '{password}', TRUE, TRUE, TRUE, CURRENT_TIMESTAMP, '', '', '')
"""
TRIES_TO_CONNECT = Retry(total=None, connect=100, backoff_factor=0.05, backoff_max=0.5)


class Desk(Server):
    """It says its address, and listens a moment later."""

    ready = "Integrations Desk: http"

    def __init__(self, environment: Mapping[str, str], port: int) -> None:
        self.environment = {**environment, "PORT": str(port)}
        self.url = f"http://{HOST}:{port}"
        super().__init__([*MANAGE, "serve", "--migrate"], port, cwd=ROOT, env=self.environment)

    def start(self) -> None:
        super().start()
        patient = browser()
        patient.mount("http://", HTTPAdapter(max_retries=TRIES_TO_CONNECT))
        patient.get(f"{self.url}/healthz").raise_for_status()

    def manage(self, *arguments: str, **environment: str) -> None:
        """Another command of `manage.py`, with the same settings."""
        known = self.environment | environment
        command = [*MANAGE, *arguments]
        subprocess.run(command, cwd=ROOT, env=known, check=True, stdout=subprocess.DEVNULL)

    def sign_in(self, name: str = NAME) -> requests.Session:
        """A browser of an agent who may do everything; the account is made first."""
        self.add_account(name)
        agent = browser()
        form = agent.get(f"{self.url}/accounts/login/").text
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
        assert token
        filled = {"login": name, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
        agent.post(f"{self.url}/accounts/login/", filled).raise_for_status()
        return agent

    def add_account(self, name: str = NAME) -> None:
        with connected(self.environment["DATABASE_URL"]) as database:
            database.execute(ACCOUNT.format(name=name, password=make_password(PASSWORD)))


def browser() -> requests.Session:
    """Without JavaScript, and blind to this machine's proxies."""
    session = requests.Session()
    session.trust_env = False
    return session


@contextmanager
def connected(url: str) -> Iterator[Any]:
    """A desk's database by SQL, past the desk."""
    if url.startswith("sqlite"):
        path = url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            yield connection
    else:
        with psycopg.connect(url, autocommit=True) as connection:
            yield connection


# Where the desks of this process collect their static files: the first one does.
static = tempfile.TemporaryDirectory(prefix="desk-static-")
# What a process needs of this one: where programs are, and to count what the tests cover there.
INHERITED = ("PATH", "COVERAGE_PROCESS_CONFIG")


def inherited() -> dict[str, str]:
    return {name: os.environ[name] for name in INHERITED if name in os.environ}


@contextmanager
def open_desk(stigg: simulator.Simulator, **environment: str) -> Iterator[Desk]:
    """A desk with a key for this Stigg, and these settings."""
    known = {
        "ENV_FILE": "",
        "DJANGO_SETTINGS_MODULE": "tests.desk_settings",
        "STATIC_ROOT": static.name,
        "STIGG_API_URL": stigg.url,
        "STIGG_API_KEY": next(iter(simulator.KEYS)),
        "SECRET_KEY": "tests" * 12,
        "ACCOUNT_CALLS_PER_MINUTE": "100000",  # one account stands for many agents
    }
    with running(partial(Desk, inherited() | known | environment)) as desk:
        yield desk
