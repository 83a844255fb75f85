"""A signal that says stop is heard at every moment of the server's life, and workers are replaced.

The server alone, with the smallest application: it starts and stops in a moment.
"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from threading import Event
from typing import Any

import pytest
import requests

from tests.desks import ROOT, browser

pytestmark = pytest.mark.slow  # starts servers

TRIES = int(os.environ.get("STOP_TRIES", "6"))  # many: STOP_TRIES=100 pytest -n 0 this file
AT_ONCE = 2
START_SECONDS = 2.0  # of this server; a signal comes at any moment of it
KILL_SECONDS, PATIENCE_SECONDS = 20, 40
CLIENTS = 8


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def start(port: int, **options: Any) -> subprocess.Popen[str]:
    known = {
        "target": "tests.site.small:application",
        "port": port,
        "header_seconds": 10,
        "workers": 2,
        "workers_kill_timeout": KILL_SECONDS,
        "respawn_failed_workers": True,
        "respawn_interval": 0.5,
        "log_level": "warning",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "dashboard.server", json.dumps(known | options)],
        cwd=ROOT,
        # Coverage begins in a process before its first line, and swallows a SIGINT there.
        env={name: said for name, said in os.environ.items() if name != "COVERAGE_PROCESS_CONFIG"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=hear_interrupts,
    )


def hear_interrupts() -> None:
    """A shell that runs the tests in the background has its children ignore SIGINT, for good."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def group(server: subprocess.Popen[str]) -> set[int]:
    """The server's processes that live."""
    said = subprocess.run(
        ["ps", "-o", "pid=,stat=", "-g", str(server.pid)], capture_output=True, text=True
    ).stdout
    lines = [line.split() for line in said.splitlines()]
    return {int(process) for process, state in lines if not state.startswith("Z")}


@contextmanager
def serving(**options: Any) -> Iterator[tuple[subprocess.Popen[str], str]]:
    port = free_port()
    server = start(port, **options)
    url = f"http://127.0.0.1:{port}/"
    try:
        wait_until(lambda: answers(url))
        yield server, url
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def answers(url: str) -> bool:
    with suppress(requests.ConnectionError):
        return browser().get(url, timeout=PATIENCE_SECONDS).ok
    return False


def wait_until(is_so: Any) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize("to", [os.kill, os.killpg], ids=["one process", "the group"])
@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_at_any_moment_of_the_start_is_heard(told: signal.Signals, to: Any) -> None:
    moments = [random.uniform(0, START_SECONDS) for _ in range(TRIES)]
    with ThreadPoolExecutor(AT_ONCE) as tries:
        ends = list(tries.map(partial(stopped_after, told=told, to=to), moments))
    for moment, (said, left) in zip(moments, ends, strict=True):
        assert left == set(), f"told after {moment:.3f} s"
        assert "Killing" not in said, f"told after {moment:.3f} s"


def stopped_after(moment: float, told: signal.Signals, to: Any) -> tuple[str, set[int]]:
    """What a server says that is told so many seconds after its start, and what it leaves."""
    server = start(port=0)
    with suppress(subprocess.TimeoutExpired):
        server.wait(moment)
    try:
        to(server.pid, told)
        said, _ = server.communicate(timeout=KILL_SECONDS + PATIENCE_SECONDS)
        return said, group(server)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)


@pytest.mark.parametrize("to", [os.kill, os.killpg], ids=["one process", "the group"])
@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_without_a_word_and_without_a_failure(told: signal.Signals, to: Any) -> None:
    with serving() as (server, _):
        to(server.pid, told)
        assert server.wait(PATIENCE_SECONDS) == 0
        assert server.stdout
        assert server.stdout.read() == ""
        assert group(server) == set()


def test_a_worker_that_dies_is_replaced_and_nobody_is_refused() -> None:
    with serving() as (server, url):
        first, *_ = group(server) - {server.pid}
        os.kill(first, signal.SIGKILL)
        assert answers(url)
        wait_until(lambda: len(group(server) - {first}) == 3)
        assert answers(url)


def test_a_rolling_restart_replaces_all_workers_and_nobody_is_refused() -> None:
    """Each client comes with a new connection as soon as it is answered, so that some are always
    taken in a worker's last moment.
    """
    with serving() as (server, url), ThreadPoolExecutor(CLIENTS) as clients:
        before = group(server) - {server.pid}
        os.kill(server.pid, signal.SIGHUP)
        over = Event()
        asking = [clients.submit(asks_on_and_on, url, over) for _ in range(CLIENTS)]
        wait_until(lambda: not before & group(server))
        over.set()
        assert all(each.result() for each in asking)


def asks_on_and_on(url: str, over: Event) -> bool:
    """Whether every answer was one."""
    while not over.is_set():
        if not answers(url):
            return False
    return True


def test_workers_end_with_the_process_that_would_replace_them() -> None:
    with serving() as (server, _):
        os.kill(server.pid, signal.SIGKILL)
        server.wait()
        wait_until(lambda: group(server) == set())
