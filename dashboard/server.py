"""The production server: granian, with workers that share one socket and lose no signal.

Its options are granian's own (https://github.com/emmett-framework/granian), and `header_seconds`.
SIGTERM and SIGINT end the server, with what is in flight finished; SIGHUP replaces the workers one
by one, and no connection is lost: a worker that is to end stops taking them, and ends when those
that it took have had DRAIN_SECONDS to ask.
Granian handles a signal in the middle of whatever runs, and can lose it. Here they are blocked and
wait: in the main process for a thread that takes them one by one, in a worker for its loop.
This module knows neither Django nor the settings: a new worker reads the code as it is then.
"""

import asyncio
import ctypes
import json
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from multiprocessing.connection import wait
from typing import Any

from granian._internal import load_target
from granian.http import HTTP1Settings
from granian.net import SocketHolder
from granian.server.mp import MPServer, WorkerProcess

ENDING = {signal.SIGTERM, signal.SIGINT}
TAKEN = ENDING | {signal.SIGHUP}
REPEAT_SECONDS = 0.5
NOT_UNIX = False  # the socket's kind
DRAIN_SECONDS = 1.0
SEND_BYTES = 2**16  # the system would keep up to 4 MB for each client that does not read
TRIM_SECONDS = 5
JSON_LINES = {
    "()": "pythonjsonlogger.json.JsonFormatter",
    "fmt": "{levelname} {name} {message}",
    "style": "{",
    "rename_fields": {"levelname": "level", "name": "logger"},
    "timestamp": "time",
}
ON_STDERR = {"class": "logging.StreamHandler", "formatter": "json"}
LOGGING = {
    "formatters": {"json": JSON_LINES},
    "handlers": {"console": ON_STDERR, "access": ON_STDERR},
}


class Server(MPServer):
    """Granian's own, but for its signals and its socket."""

    def take_signals(self) -> None:
        while signal.sigwait(TAKEN) not in ENDING:
            self.signal_handler_reload()
        while True:  # its loop may be clearing the event just now
            self.signal_handler_interrupt()
            time.sleep(REPEAT_SECONDS)

    def _spawn_worker(self, **arguments: Any) -> WorkerProcess:
        """Granian asks from two threads whether a worker lives, and then believes in a dead one."""
        worker = super()._spawn_worker(**arguments)
        worker.is_alive = lambda: not wait([worker.inner.sentinel], 0)
        return worker

    def _init_shared_socket(self) -> None:
        """One for all workers, old and new: what waits on one of a worker's own is lost with it."""
        family = socket.AF_INET6 if ":" in self.bind_addr else socket.AF_INET
        self._sso = socket.create_server(
            (self.bind_addr, self.bind_port), family=family, backlog=self.backlog
        )
        self._sso.set_inheritable(True)
        self._sso.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BYTES)
        self._shd = SocketHolder(self._sso.fileno(), NOT_UNIX, self.backlog)

    def load_application(self, target: str) -> "Worker":
        return Worker(target, self._sso)

    def shutdown(self, exit_code: int = 0) -> None:
        """A worker that was told to stop by somebody else, such as systemd, is no failure."""
        if self.interrupt_signal:
            self.interrupt_children.clear()
        super().shutdown(exit_code)


class Worker:
    """The application in a worker, until the worker has to end."""

    def __init__(self, target: str, listening: socket.socket) -> None:
        self.application = load_target(target)
        self.listening = listening
        self.is_ending = False
        self.loop = asyncio.get_event_loop()
        self.loop.call_soon(self.begin_to_listen)

    def begin_to_listen(self) -> None:
        """SIGINT stays blocked: a terminal sends it to all processes, and the main one decides."""
        self.loop.add_signal_handler(signal.SIGTERM, self.drain)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        threading.Thread(target=watch, daemon=True).start()

    def drain(self) -> None:
        """Granian closes a connection that has not asked yet, so it first gets a socket that nobody
        knows; what waits on the shared one is for the other workers.
        """
        if not self.is_ending:
            self.is_ending = True
            with socket.create_server(("127.0.0.1", 0)) as quiet:
                quiet.settimeout(0)
                os.dup2(quiet.fileno(), self.listening.fileno())
            self.loop.call_later(DRAIN_SECONDS, end_worker)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def send_and_close(message: dict[str, Any]) -> None:
            if self.is_ending and "headers" in message:
                message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        await self.application(scope, receive, send_and_close)


def end_worker() -> None:
    """Granian's own handler: it finishes what is in flight."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    os.kill(os.getpid(), signal.SIGINT)


def watch() -> None:
    """Nobody may be left behind who holds the port and whom no signal reaches."""
    parent = multiprocessing.parent_process()
    assert parent  # noqa: S101 - this is a worker
    while not wait([parent.sentinel], TRIM_SECONDS):
        give_memory_back()
    os.kill(os.getpid(), signal.SIGTERM)


def give_memory_back() -> None:
    """The C library keeps what many large requests needed, for ever; glibc can be asked."""
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)


def main(options: dict[str, Any]) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, TAKEN)
    http1 = HTTP1Settings(header_read_timeout=options.pop("header_seconds") * 1000)
    own = {"interface": "asginl", "http": "1", "websockets": False, "log_dictconfig": LOGGING}
    multiprocessing.set_start_method("fork")  # a worker has the socket under the same number
    server = Server(http1_settings=http1, **own, **options)
    threading.Thread(target=server.take_signals, daemon=True).start()
    server.serve(target_loader=server.load_application)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
