"""A server that misbehaves on purpose, in bytes: apart from the simulator, which speaks HTTP too
well for this.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Behaviour = Callable[[socket.socket, bytes], None]  # the connection, and the head of the request


class Hostile:
    """Listens on loopback; does to every request what `behaviour` says, and counts them.

    `at_once` when it does so before it has heard anything: what comes may not begin with a head.
    """

    def __init__(self, behaviour: Behaviour, *, at_once: bool = False) -> None:
        self.behaviour, self.requests = behaviour, list[bytes]()
        self._at_once = at_once
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.over = threading.Event()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while not self.over.is_set():
            with suppress(OSError):
                connection, _ = self._listener.accept()
                self._open.append(connection)
                threading.Thread(target=self._meet, args=(connection,), daemon=True).start()

    def _meet(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            head = b""
            while not self._at_once and b"\r\n\r\n" not in head:
                received = connection.recv(65_536)
                if not received:
                    return
                head += received
            self.requests.append(head)
            self.behaviour(connection, head)

    def close(self) -> None:
        self.over.set()
        for connection in (self._listener, *self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()


@contextmanager
def server(behaviour: Behaviour, *, at_once: bool = False) -> Iterator[Hostile]:
    running = Hostile(behaviour, at_once=at_once)
    try:
        yield running
    finally:
        running.close()


def head(*headers: str, status: str = "200 OK") -> bytes:
    return "\r\n".join(
        (f"HTTP/1.1 {status}", "Content-Type: application/json", *headers, "", "")
    ).encode()


def sends(*pieces: bytes) -> Behaviour:
    """Sends the pieces, and closes."""

    def send(connection: socket.socket, _head: bytes) -> None:
        for piece in pieces:
            connection.sendall(piece)

    return send


def drips(start: bytes, drop: bytes, every: float = 0.05) -> Behaviour:
    """Never stops: each drop would satisfy a read timeout. Ends when the other side hangs up."""

    def drip(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(start)
        over = threading.Event()
        while not over.wait(every):
            connection.sendall(drop)

    return drip


def hangs(connection: socket.socket, _head: bytes) -> None:
    while connection.recv(1_024):  # until the other side gives up
        pass


def resets(connection: socket.socket, _head: bytes) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


def floods(start: bytes) -> Behaviour:
    """A body without an end, as fast as it is taken in."""

    def flood(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(b" " * 1_000_000)

    return flood
