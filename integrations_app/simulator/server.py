"""A small HTTP/1.1 server for one WSGI application, on loopback and in threads that end with the
process.

wsgiref's own server speaks HTTP/1.0 and hides the address as it was sent; this one keeps
connections, shows the raw address, and lets an application break off in the middle of an answer.
"""

import json
import socket
import sys
from collections.abc import Iterable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from socketserver import TCPServer, ThreadingMixIn
from threading import Event, Thread
from typing import Any
from urllib.parse import unquote
from wsgiref.types import StartResponse, WSGIEnvironment

from .api import JSON
from .application import HEAD_DRIP, Application, Seen
from .faults import Fault

HOST = "127.0.0.1"
BODY_LIMIT = 1_000_000
IDLE_SECONDS = 75


class Handler(BaseHTTPRequestHandler):
    server: "Server"
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    # Head and body leave in one packet, at once: unbuffered, Nagle and delayed ACK cost 44 ms a
    # call.
    wbufsize = 65_536
    disable_nagle_algorithm = True

    def __getattr__(self, name: str) -> Any:
        """The base class looks for `do_GET` and so on: every method goes to the application."""
        if name.startswith("do_"):
            return self.respond
        raise AttributeError(name)

    def respond(self) -> None:
        body = self._read_body()
        if body is None:
            return
        environ = self._environ(body)
        self._head: tuple[str, list[tuple[str, str]]] = ("", [])
        pieces = self.server.application(environ, self._start_response())
        self._send_head(environ.get(HEAD_DRIP, 0))
        self._send_body(pieces)

    def _read_body(self) -> bytes | None:
        """A body has to be read even where it is not wanted: the next request stands behind it."""
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()) or "Transfer-Encoding" in self.headers:
            self.send_error(400, "Content-Length must be a number, and bodies not chunked")
            return None
        if int(length[:12]) > BODY_LIMIT:
            self.send_error(413, "Request body is too large")
            return None
        return self.rfile.read(int(length))

    def _environ(self, body: bytes) -> WSGIEnvironment:
        path, _, query = self.path.partition("?")
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path, "latin-1"),
            "QUERY_STRING": query,
            "RAW_URI": self.path,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": HOST,
            "SERVER_PORT": str(self.server.server_address[1]),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            environ["HTTP_" + name.upper().replace("-", "_")] = value
        return environ

    def _start_response(self) -> StartResponse:
        def start_response(
            status: str, headers: list[tuple[str, str]], _exc_info: object = None, /
        ) -> Any:  # WSGI's old `write`; the application yields instead
            self._head = (status, headers)
            return self.wfile.write

        return start_response

    def _send_head(self, drip: float) -> None:
        status, headers = self._head
        lines = [f"HTTP/1.1 {status}", f"Date: {self.date_time_string()}"]
        lines += [f"{name}: {value}" for name, value in headers]
        for line in [*lines, ""]:
            self.wfile.write(line.encode("latin-1") + b"\r\n")
            if drip:
                self.wfile.flush()
                self.server.stopped.wait(drip)

    def _send_body(self, pieces: Iterable[bytes]) -> None:
        """An answer that ends before its Content-Length can only be ended by closing the
        connection.
        """
        sent = 0
        for piece in pieces:
            self.wfile.write(piece)
            self.wfile.flush()
            sent += len(piece)
        self.wfile.flush()
        if sent < int(dict(self._head[1])["Content-Length"]):
            self.close_connection = True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What is not even HTTP gets JSON too."""
        body = json.dumps({"message": message or explain or "Bad request", "code": None}).encode()
        self.close_connection = True
        self._head = (
            f"{int(code)} Bad Request",
            [("Content-Type", JSON), ("Content-Length", str(len(body)))],
        )
        self._head[1].append(("Connection", "close"))
        self._send_head(0)
        self._send_body([body])

    def log_message(self, *_args: object) -> None:
        """Requests are remembered by the application, not printed."""


class Server(ThreadingMixIn, TCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, port: int) -> None:
        self.stopped = Event()
        self.application = Application(self.stopped.wait)
        self._connections: set[socket.socket] = set()
        super().__init__((HOST, port), Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away in the middle of an answer is nobody's mistake."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def close(self) -> None:
        """Kept connections end too: to a client that pooled them, the API is down."""
        self.stopped.set()
        with suppress(OSError):  # it may be stopped twice
            self.socket.shutdown(socket.SHUT_RDWR)  # wakes the loop, which would sleep for a while
        self.shutdown()
        self.server_close()
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Simulator:
    """A running simulated Stigg API."""

    def __init__(self, port: int = 0) -> None:
        self._server = Server(port)
        self.port: int = self._server.server_address[1]
        self.url = f"http://{HOST}:{self.port}"
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def fault(self, **spec: Any) -> None:
        """From now on something goes wrong: see `faults.Fault` for the words."""
        self._server.application.faults.add(Fault(**spec))

    def clear(self) -> None:
        """No faults, and no request remembered."""
        self._server.application.faults.clear()
        self._server.application.seen.clear()

    def requests(self) -> list[Seen]:
        return list(self._server.application.seen)

    def stop(self) -> None:
        self._server.close()
        self._thread.join()

    def __enter__(self) -> "Simulator":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()


def start(port: int = 0) -> Simulator:
    return Simulator(port)
