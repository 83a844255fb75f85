"""Real servers for tests: PostgreSQL and Redis on free ports of 127.0.0.1, their data in a
directory that goes.

The fixtures `postgres` and `redis_server` last as long as the run. A test that stops a server opens
one of its own, with `open_postgres` or `open_redis`. Where a program is not installed, its tests
are skipped and the run says so at its end; with `REQUIRE_SERVICES` in the environment they fail.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

HOST = "127.0.0.1"
START_SECONDS = 60
STOP_SECONDS = 20
PORTS_TRIED = 3


class NotStarted(Exception):
    """The program ended, or was not ready in time. The text is all that it said."""


class Server:
    """A program that listens on `port`, and says `ready` once it does.

    A test may stop it and start it again. `options` go to `subprocess.Popen`: its environment, its
    directory, the user it runs as.
    """

    ready = "eady to accept connections"
    stop_signal = signal.SIGTERM

    def __init__(self, command: Sequence[str], port: int, **options: Any) -> None:
        self.command = command
        self.port = port
        self.options = options
        self.said: list[str] = []
        self.listens = False

    def start(self) -> None:
        """Return when it is ready."""
        self.said.clear()
        self.listens = False
        self.process = subprocess.Popen(
            self.command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **self.options,
        )
        settled = threading.Event()
        threading.Thread(target=self._listen, args=(settled,), daemon=True).start()
        settled.wait(START_SECONDS)
        if not self.listens:
            self.stop()
            raise NotStarted("".join(self.said))

    def stop(self) -> None:
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _listen(self, settled: threading.Event) -> None:
        """Read all that it says: a program whose output nobody reads stands still in the end."""
        for line in self.process.stdout or ():
            self.said.append(line)
            if self.ready in line:
                self.listens = True
                settled.set()
        settled.set()


AnyServer = TypeVar("AnyServer", bound=Server)


@contextmanager
def running(on_port: Callable[[int], AnyServer]) -> Iterator[AnyServer]:
    """A server on a free port. Another program may take the port first, so several are tried."""
    server = _started(on_port, PORTS_TRIED)
    try:
        yield server
    finally:
        server.stop()


def _started(on_port: Callable[[int], AnyServer], tries: int) -> AnyServer:
    server = on_port(_free_port())
    try:
        server.start()
    except NotStarted:
        if tries == 1:
            raise
        return _started(on_port, tries - 1)
    return server


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def _installed(program: str, package: str, *directories: Path) -> Path:
    """The path of a program, on PATH or in these directories."""
    places = os.pathsep.join([os.environ.get("PATH", os.defpath), *map(str, directories)])
    if found := shutil.which(program, path=places):
        return Path(found)
    reason = f"no {program} on this machine: install {package}"
    if os.environ.get("REQUIRE_SERVICES"):
        pytest.fail(reason)
    pytest.skip(reason)


class Redis(Server):
    def __init__(self, program: Path, directory: str, port: int) -> None:
        options = ["--bind", HOST, "--port", str(port), "--dir", directory, "--save", ""]
        super().__init__([str(program), *options], port)

    def url(self, database: int = 0) -> str:
        """What `CACHE_URL` takes."""
        return f"redis://{HOST}:{self.port}/{database}"


@contextmanager
def open_redis() -> Iterator[Redis]:
    program = _installed("redis-server", "redis-server")
    with (
        tempfile.TemporaryDirectory() as directory,
        running(partial(Redis, program, directory)) as redis,
    ):
        yield redis


class Postgres(Server):
    stop_signal = signal.SIGINT  # its fast shutdown, which waits for no client

    def __init__(self, cluster: "Cluster", port: int) -> None:
        settings = {
            "listen_addresses": HOST,
            "port": port,
            "unix_socket_directories": "",
            "fsync": "off",
        }
        set_to = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        super().__init__([*cluster.command("postgres"), *set_to], port, **cluster.options)
        self.password = cluster.password

    def url(self, database: str = "postgres") -> str:
        """What `DATABASE_URL` takes."""
        return f"postgres://desk:{quote(self.password)}@{HOST}:{self.port}/{database}"

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"desk_{secrets.token_hex(4)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)


class Cluster:
    """PostgreSQL's files and programs. It refuses to run as root: then it runs as nobody."""

    def __init__(self, directory: Path) -> None:
        debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
        self.programs = _installed("postgres", "postgresql", *debian).resolve().parent
        self.directory = directory
        self.password = secrets.token_urlsafe()
        self.options: dict[str, Any] = {"cwd": directory}
        if os.geteuid() == 0:
            self.options |= {
                "user": "nobody",
                "group": pwd.getpwnam("nobody").pw_gid,
                "extra_groups": [],
            }

    def command(self, program: str) -> list[str]:
        return [str(self.programs / program), "-D", str(self.directory / "data")]

    def initialise(self) -> None:
        password_file = self.directory / "password"
        password_file.write_text(self.password)
        if owner := self.options.get("user"):
            shutil.chown(self.directory, owner)
            shutil.chown(password_file, owner)
        who = ["--username=desk", "--auth=scram-sha-256", f"--pwfile={password_file}"]
        command = [*self.command("initdb"), *who, "--encoding=UTF8", "--locale=C", "--no-sync"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **self.options)


@contextmanager
def open_postgres() -> Iterator[Postgres]:
    with tempfile.TemporaryDirectory() as directory:
        cluster = Cluster(Path(directory))
        cluster.initialise()
        with running(partial(Postgres, cluster)) as postgres:
            yield postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with open_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    with open_redis() as server:
        yield server
