"""What the tests share: the desk against one simulated Stigg, a signed-in agent, and a real
browser.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, get_ident

import pytest
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django import DjangoDbBlocker
from pytest_django.live_server_helper import LiveServer

from integrations_app import simulator, traces
from integrations_app.audit.events import AuditEvent
from integrations_app.index import entries
from integrations_app.simulator import data, graph
from integrations_app.upstream import environments, fresh_or_copy
from tests.accounts import account, browser_of, made_again_when_emptied
from tests.browser import chromium

pytest_plugins = ["tests.services"]
# How long an example takes says how busy the machine is; the agent and its Stigg stay for all.
UNCHECKED = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("desk", deadline=None, suppress_health_check=UNCHECKED)
settings.load_profile("desk")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
]

# Rows of the record may be deleted, and still not changed.
EMPTIED = {
    "sqlite": ["DROP TRIGGER record_kept"],
    "postgresql": [
        "DROP TRIGGER record_kept ON integrations_app_auditevent",
        "DROP TRIGGER record_guard ON integrations_app_auditevent",
        """CREATE TRIGGER record_guard BEFORE UPDATE ON integrations_app_auditevent
        FOR EACH ROW EXECUTE FUNCTION record_guard()""",
    ],
}


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Most tests wait: for a browser, for a server, for a process that ends; none of `make quick`,
    which says `-n logical`.
    """
    processors = os.cpu_count() or 1
    return processors if config.getoption("numprocesses") == "logical" else 2 * processors


@pytest.fixture(scope="session", autouse=True)
def made_customers() -> None:
    """The first search makes thousands of customers. On a slow machine that takes longer than the
    desk waits, so no test is left to be the first.
    """
    for environment in simulator.KEYS.values():
        for field in graph.FIELDS:
            graph.column(environment, field)
        for customer in data.listed(environment):
            assert customer.document


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Django empties every table after a test with a live server, which the record refuses:
    tests/site/test_record.py looks at that in databases of its own.
    """
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        for statement in EMPTIED[connection.vendor]:
            cursor.execute(statement)


@pytest.fixture(scope="session", autouse=True)
def roles(django_db_blocker: None) -> None:
    made_again_when_emptied()


@pytest.fixture
def stigg() -> Iterator[simulator.Simulator]:
    """The simulated Stigg that the desk talks to, both as they are at their start."""
    with started_anew() as running:
        yield running


@contextmanager
def started_anew() -> Iterator[simulator.Simulator]:
    """A desk that remembers nothing, and a Stigg of its own: what an earlier test left running asks
    the Stigg of that test, and its answers are kept under that Stigg's name.
    """
    for known in vars(environments).values():
        if hasattr(known, "cache_clear"):
            known.cache_clear()
    cache.clear()
    entries.written.clear()
    traces.begin("")  # no account of an earlier request
    with environments.simulated_stigg() as running:
        yield running


def settle() -> None:
    """Wait for the calls that no page waits for."""
    environments.beside().shutdown()
    environments.beside.cache_clear()


@pytest.fixture(scope="session", autouse=True)
def patience() -> Iterator[None]:
    """On a slow machine an extra may take longer than a page waits for it; tests that are about
    this set it themselves.
    """
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(fresh_or_copy, "EXTRA_SECONDS", 20.0)
        yield


@pytest.fixture(scope="session", autouse=True)
def index_is_written_at_once() -> Iterator[None]:
    """A thread of its own would not see what a test has put into the database."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(entries.writer, "submit", lambda call, *of: call(*of))
        changed.setattr(entries, "close_old_connections", int)
        yield


@pytest.fixture
def agent(db: None, stigg: simulator.Simulator) -> Client:
    """A signed-in browser without JavaScript."""
    browser = browser_of(account())
    QuerySet(AuditEvent).delete()  # a test's record begins with what the test does
    return browser


class Underway:
    """The requests that the live server is working on, by its thread: a browser gives some up, and
    goes. One that began before this was there ends unnoticed.
    """

    def __init__(self) -> None:
        self._paths: dict[int, str] = {}
        self._changed = Condition()

    def began(self, environ: dict[str, str], **_: object) -> None:
        with self._changed:
            self._paths[get_ident()] = environ["PATH_INFO"]

    def ended(self, **_: object) -> None:
        with self._changed:
            self._paths.pop(get_ident(), None)
            self._changed.notify_all()

    def settle(self) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: not self._paths, timeout=60), self._paths


@pytest.fixture
def underway(stigg: simulator.Simulator) -> Iterator[Underway]:
    """What a test leaves behind ends before the next one begins."""
    requests = Underway()
    request_started.connect(requests.began)
    request_finished.connect(requests.ended)
    yield requests
    stigg.stop()  # nobody waits for its delays
    requests.settle()
    request_started.disconnect(requests.began)
    request_finished.disconnect(requests.ended)


@pytest.fixture(scope="session")
def chrome() -> Iterator[Browser]:
    path = chromium.find()
    assert path, "REQUIRE_BROWSER is set and there is no Chromium"
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=QUIET)


@pytest.fixture
def visit(
    chrome: Browser, live_server: LiveServer, transactional_db: None, underway: Underway
) -> Iterator[Page]:
    """A page of a signed-in agent; whatever it writes to its console as an error fails the test."""
    client = browser_of(account())
    QuerySet(AuditEvent).delete()  # a test's record begins with what the test does
    context = chrome.new_context(
        base_url=live_server.url, permissions=["clipboard-read", "clipboard-write"]
    )
    context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )
    page, errors = context.new_page(), list[str]()
    page.set_default_timeout(10_000)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console",
        lambda message: errors.append(message.text) if "Content Security" in message.text else None,
    )
    page.goto("/")
    yield page
    context.close()
    assert errors == []
