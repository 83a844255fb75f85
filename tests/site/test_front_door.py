"""The production server over real sockets: no connection keeps anybody out, however it behaves."""

import os
import re
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

import pytest
from django.conf import settings

from integrations_app.management.commands import serve
from tests.bench import front_door, storm

pytestmark = pytest.mark.slow  # starts the desk in a process of its own

THREADS, CONNECTIONS, PATIENCE_SECONDS = 4, 300, 20
PAGE = "/production/customers/acme-corp/integrations/"
# What `manage.py serve` runs with: the production settings, but for where things are kept.
SETTINGS = """
from pathlib import Path
from dashboard.settings import *
VAR = Path({folder!r})
DATABASES["default"]["NAME"] = VAR / "door.sqlite3"
STATIC_ROOT = VAR / "static"
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # tests sign in often
REQUEST_SECONDS = {seconds}
"""
# As on a system that lets a process open fewer files than CONNECTIONS until it asks for more.
SERVE = """
import os, resource, sys
_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (256, most))
os.execv(sys.executable, [sys.executable, "manage.py", "serve", "--migrate"])
"""


@dataclass
class Desk:
    """A desk that `manage.py serve` started, with the demo's password."""

    process: subprocess.Popen[str]
    port: int
    password: str

    def door(self) -> front_door.Door:
        return front_door.Door(self.process, self.port, cookie="")

    def get(self, path: str, browser: OpenerDirector | None = None) -> str:
        address = f"http://127.0.0.1:{self.port}{path}"
        with (browser or build_opener()).open(address, timeout=PATIENCE_SECONDS) as answer:
            return str(answer.read().decode())

    def signed_in(self) -> OpenerDirector:
        """A browser in which the demo has signed in, with a whole form."""
        browser = build_opener(HTTPCookieProcessor(CookieJar()))
        found = re.search(
            'csrfmiddlewaretoken" value="([^"]+)', self.get("/accounts/login/", browser)
        )
        assert found
        form = {"csrfmiddlewaretoken": found[1], "login": "demo", "password": self.password}
        address = f"http://127.0.0.1:{self.port}/accounts/login/"
        with browser.open(address, urlencode(form).encode(), PATIENCE_SECONDS) as answer:
            assert answer.url == f"http://127.0.0.1:{self.port}/"
        return browser

    def answer_to(self, request: bytes) -> bytes:
        """All that comes back on a connection that sends this and no more."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE_SECONDS) as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65_536), b""))

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Asks for `/healthz` in between, which is a wait for the server's own clock."""
        until = time.monotonic() + PATIENCE_SECONDS
        while not is_so():
            assert time.monotonic() < until
            self.get("/healthz")


@contextmanager
def serving(folder: Path, seconds: int) -> Iterator[Desk]:
    """`manage.py serve`, which gives a request so many seconds to arrive."""
    (folder / "door_settings.py").write_text(SETTINGS.format(folder=str(folder), seconds=seconds))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        "DJANGO_SETTINGS_MODULE": "door_settings",
        "PYTHONPATH": str(folder),
        "STIGG_DEADLINE_SECONDS": "8",
        "THREADS": str(THREADS),
        "PORT": str(port),
    }
    process = storm.start(["-c", SERVE], environment)
    try:
        assert process.stdout
        greeting = process.stdout.readline() + process.stdout.readline()
        storm.wait_for(port)
        yield Desk(process, port, password=greeting.split()[-1])
    finally:
        for found in storm.processes(process):
            with suppress(ProcessLookupError):
                os.kill(found, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with serving(tmp_path_factory.mktemp("desk"), seconds=60) as started:
        yield started


@pytest.mark.parametrize("kind", front_door.KINDS)
def test_nobody_is_kept_out_by_connections_that_are(kind: str, desk: Desk) -> None:
    door = desk.door()
    before = door.held()
    try:
        opened = door.open(CONNECTIONS, front_door.KINDS[kind])
    except PermissionError:
        pytest.skip("this machine lets no connection vanish")
    assert desk.get("/healthz") == "ok"
    assert "Acme" in desk.get(PAGE, desk.signed_in())
    for connection in opened:
        connection.close()
    if kind != "vanished in a body":  # of these nobody can know before their time is over
        desk.wait_until(lambda: door.held().sockets < before.sockets + CONNECTIONS / 10)
    assert door.held().threads < before.threads + CONNECTIONS / 10


@pytest.mark.parametrize("kind", ["a big head, unfinished", "a large body, unfinished"])
def test_the_memory_that_a_crowd_needed_is_given_back(kind: str, tmp_path: Path) -> None:
    with serving(tmp_path, seconds=60) as desk:  # which has not had a crowd yet
        door = desk.door()
        before, needed = door.held().megabytes, CONNECTIONS * 0.05
        opened = door.open(CONNECTIONS, front_door.KINDS[kind])
        desk.wait_until(lambda: door.held().megabytes > before + needed)
        for connection in opened:
            connection.close()
        desk.wait_until(lambda: door.held().megabytes < before + needed * 2 / 3)


def test_what_does_not_arrive_in_time_is_let_go_and_delays_no_stop(tmp_path: Path) -> None:
    half_a_head = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1"
    half_a_body = front_door.SIGN_IN + b"Content-Length: 9\r\n\r\nuser"
    with serving(tmp_path, seconds=1) as desk, ThreadPoolExecutor() as clients:
        answers = list(clients.map(desk.answer_to, [b"", half_a_head, half_a_body]))
        assert answers[:2] == [b"", b""]
        assert answers[2].startswith(b"HTTP/1.1 408 ")
        assert answers[2].endswith(b"This request did not arrive in time. Send it again.")
        unfinished = desk.door().open(2 * THREADS, front_door.half_a_body)
        desk.process.send_signal(signal.SIGTERM)
        assert desk.process.wait(PATIENCE_SECONDS) == 0
        assert unfinished


@pytest.mark.parametrize("length", [b"Content-Length: 9999999", b"Transfer-Encoding: chunked"])
def test_a_body_that_no_form_of_ours_has_is_refused_before_it_ends(
    length: bytes, desk: Desk
) -> None:
    large = b"%x\r\n%b" % (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 99, b"a" * 140_000)
    answer = desk.answer_to(front_door.SIGN_IN + length + b"\r\n\r\n" + large)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.endswith(b"This request is larger than the desk takes.")


def test_it_leaves_http_2_to_a_proxy(desk: Desk) -> None:
    assert desk.answer_to(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == b""


ALLOWED = {resource.RLIM_INFINITY: 4096, 20_000: 4096, 1024: 512, 64: 32}


@pytest.mark.parametrize("files", ALLOWED)
def test_it_takes_no_more_connections_than_it_may_open_files(
    files: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, files))
    assert serve.connections() == ALLOWED[files]
