"""The production server: granian, with workers that share one socket and lose no signal.

    python -m dashboard.server '{"target": "dashboard.asgi:application", "port": 8000, …}'

The names are those of granian's own class (https://github.com/emmett-framework/granian), and
`header_seconds`.
SIGTERM and SIGINT end the server, with what is in flight finished; SIGHUP replaces the workers one
by one. Granian itself handles a signal in the middle of whatever runs, so that one in a worker's
first moments, or one that meets its main loop, can be lost. Here signals are blocked from the start
and wait: in the main process for a thread that takes them one by one, in a worker for its loop.
This module knows neither Django nor the settings: a new worker reads the code as it is then.
"""

import asyncio
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


class Server(MPServer):
    """Granian's own, but for its signals and its socket."""

    def take_signals(self) -> None:
        while signal.sigwait(TAKEN) not in ENDING:
            self.signal_handler_reload()
        while True:  # its loop may be clearing the event just now
            self.signal_handler_interrupt()
            time.sleep(REPEAT_SECONDS)

    def _spawn_worker(self, **arguments: Any) -> WorkerProcess:
        """Granian asks from two threads whether a worker still lives, and then believes in a dead
        one for a moment.
        """
        worker = super()._spawn_worker(**arguments)
        worker.is_alive = lambda: not wait([worker.inner.sentinel], 0)
        return worker

    def _init_shared_socket(self) -> None:
        """One listening socket for all workers, old and new: granian's are one each, and what waits
        in a worker's queue is lost with it.
        """
        family = socket.AF_INET6 if ":" in self.bind_addr else socket.AF_INET
        self._sso = socket.create_server(
            (self.bind_addr, self.bind_port), family=family, backlog=self.backlog
        )
        self._sso.set_inheritable(True)
        self._shd = SocketHolder(self._sso.fileno(), NOT_UNIX, self.backlog)

    def shutdown(self, exit_code: int = 0) -> None:
        """A worker that was told to stop by somebody else, such as systemd, is no failure."""
        if self.interrupt_signal:
            self.interrupt_children.clear()
        super().shutdown(exit_code)


def load_application(target: str) -> Any:
    """In a worker: what it serves. It can be told to stop from the moment that its loop runs."""
    application = load_target(target)
    asyncio.get_event_loop().call_soon(begin_to_listen)
    return application


def begin_to_listen() -> None:
    """SIGINT stays blocked: from a terminal it goes to all processes, and the main one decides."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    threading.Thread(target=end_with_parent, daemon=True).start()


def end_with_parent() -> None:
    """Nobody may be left behind who holds the port and whom no signal reaches."""
    parent = multiprocessing.parent_process()
    assert parent  # noqa: S101 - this is a worker
    wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)


def main(options: dict[str, Any]) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, TAKEN)
    http1 = HTTP1Settings(header_read_timeout=options.pop("header_seconds") * 1000)
    server = Server(interface="asginl", http="1", websockets=False, http1_settings=http1, **options)
    threading.Thread(target=server.take_signals, daemon=True).start()
    server.serve(target_loader=load_application)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
