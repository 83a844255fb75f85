"""Part of `make bench`: connections of every bad kind, a thousand at once, held open at the
production server.

Prints for each kind how long `/healthz` and a signed-in page take (the median, each asked on a
connection of its own) without and beside them, and what the server has more of, ten seconds after
they are gone, than it had before.

`python tests/bench/front_door.py 100` holds a hundred of each.
"""

import resource
import socket
import statistics
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))

from django.templatetags.static import static  # noqa: E402 - as below

from tests.bench import storm  # noqa: E402 - found only by the line above

TIMES, GIVE_UP_SECONDS, LEFT_SECONDS = 30, 5.0, 10
TOKEN = b"a" * 32  # Django reads a form only for a browser that has the cookie
FORM = b"application/x-www-form-urlencoded"
POST = b"Host: 127.0.0.1\r\nContent-Type: %b\r\nCookie: csrftoken=%b\r\n" % (FORM, TOKEN)
SIGN_IN = b"POST /accounts/login/ HTTP/1.1\r\n" + POST
TCP_REPAIR = 19  # Linux: a socket in repair closes without a word; needs CAP_NET_ADMIN

Hold = Callable[[socket.socket], None]


def silent(connection: socket.socket) -> None:
    """Says nothing at all."""


def idle(connection: socket.socket) -> None:
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    connection.recv(4096)


def half_a_head(connection: socket.socket) -> None:
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nCoo")


def a_big_head(connection: socket.socket) -> None:
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: " + b"a" * 100_000)


def half_a_body(connection: socket.socket) -> None:
    connection.sendall(SIGN_IN + b"Content-Length: 1000\r\n\r\nusername=")


def half_a_large_body(connection: socket.socket) -> None:
    connection.sendall(SIGN_IN + b"Content-Length: 120000\r\n\r\n" + b"a" * 100_000)


def a_vanished_body(connection: socket.socket) -> None:
    half_a_body(connection)
    connection.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    connection.close()


def a_slow_reader(connection: socket.socket) -> None:
    """Asks eight times for a file of 325 KB that needs no sign-in, and reads none of it."""
    large = static("admin/js/vendor/xregexp/xregexp.js").encode()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.sendall(b"GET %b HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % large * 8)


def many_streams(connection: socket.socket) -> None:
    """HTTP/2 without TLS (RFC 9113): a hundred unfinished sign-ins on one connection."""
    connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b""))
    fields = {
        b":method": b"POST",
        b":scheme": b"http",
        b":path": b"/accounts/login/",
        b":authority": b"127.0.0.1",
        b"content-type": FORM,
        b"cookie": b"csrftoken=" + TOKEN,
        b"content-length": b"1000",
    }
    head = b"".join(b"\0" + sized(name) + sized(value) for name, value in fields.items())
    with suppress(ConnectionError):
        for stream in range(1, 200, 2):
            connection.sendall(frame(1, 4, stream, head) + frame(0, 0, stream, b"username="))


def sized(text: bytes) -> bytes:
    return bytes([len(text)]) + text


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


KINDS: dict[str, Hold] = {
    "silent": silent,
    "idle, kept alive": idle,
    "half a head": half_a_head,
    "a big head, unfinished": a_big_head,
    "half a body": half_a_body,
    "a large body, unfinished": half_a_large_body,
    "vanished in a body": a_vanished_body,
    "reads nothing": a_slow_reader,
    "HTTP/2, 100 streams each": many_streams,
}


class Left(NamedTuple):
    """What the server's processes hold."""

    threads: int
    sockets: int
    megabytes: float


@dataclass
class Door:
    """The server, and what is asked of it."""

    server: subprocess.Popen[str]
    port: int
    cookie: str

    def requests(self) -> list[bytes]:
        """`/healthz`, an agent's page, and a whole form."""
        get = "GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\nCookie: sessionid=%s\r\n\r\n"
        page = "/production/customers/acme-corp/integrations/"
        form = b"csrfmiddlewaretoken=" + TOKEN
        post = b"POST /accounts/logout/ HTTP/1.0\r\n%bContent-Length: %d\r\n\r\n" % (
            POST,
            len(form),
        )
        asked = [get % (path, self.cookie) for path in ("/healthz", page)]
        return [*(text.encode() for text in asked), post + form]

    def took(self, request: bytes) -> float:
        """Milliseconds of one request on a connection of its own, GIVE_UP_SECONDS at most."""
        began, address = time.perf_counter(), ("127.0.0.1", self.port)
        with suppress(OSError), socket.create_connection(address, GIVE_UP_SECONDS) as connection:
            connection.sendall(request)
            if connection.recv(12)[9:] in (b"200", b"302"):
                while connection.recv(65_536):
                    pass
                return (time.perf_counter() - began) * 1000
        return GIVE_UP_SECONDS * 1000

    def medians(self) -> list[float]:
        """Of TIMES requests each; the first that is refused, or that nobody answers, is enough."""
        return [self.median(request) for request in self.requests()]

    def median(self, request: bytes) -> float:
        taken = list[float]()
        while len(taken) < TIMES and GIVE_UP_SECONDS * 1000 not in taken:
            taken.append(self.took(request))
        return statistics.median(taken) if len(taken) == TIMES else taken[-1]

    def warm(self) -> None:
        """Have each thread that the server may have at work once."""
        with ThreadPoolExecutor(2 * storm.THREADS) as clients:
            list(clients.map(self.took, self.requests() * storm.THREADS))
        self.medians()

    def held(self) -> Left:
        threads, megabytes = storm.size(self.server)
        sockets = 0
        for process in storm.processes(self.server):
            for link in Path(f"/proc/{process}/fd").iterdir():
                with suppress(FileNotFoundError):
                    sockets += "socket" in str(link.readlink())
        return Left(threads, sockets, megabytes)

    def open(self, count: int, hold: Hold) -> list[socket.socket]:
        """As many as the server takes."""
        opened = list[socket.socket]()
        with suppress(TimeoutError):
            while len(opened) < count:
                opened.append(socket.create_connection(("127.0.0.1", self.port), GIVE_UP_SECONDS))
                hold(opened[-1])
        return opened


def row(name: str, door: Door, count: int) -> str:
    """One kind of connection at a server that has seen no other."""
    door.warm()
    before, quiet = door.held(), door.medians()
    try:
        opened = door.open(count, KINDS[name])
    except PermissionError:
        return f"{name:<25} not possible here"
    door.took(door.requests()[0])  # not counted: what came with them may still be worked off
    beside = door.medians()
    for connection in opened:
        connection.close()
    time.sleep(LEFT_SECONDS)
    door.medians()  # the server gives memory back while it works
    left = [after - was for after, was in zip(door.held(), before, strict=True)]
    times = "".join(f"{was:>9.1f}{now:>8.1f}" for was, now in zip(quiet, beside, strict=True))
    return f"{name:<25}{count:>6}{times}{left[0]:>9}{left[1]:>8}{left[2]:>4.0f}"


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(f"{'':<31}{'/healthz, ms':>17}{'a page, ms':>17}{'a form, ms':>17}   more than before")
    print(f"{'connections':<25}number{'    quiet  beside' * 3}  threads sockets  MB")
    with storm.prepared() as (_, port, cookie):
        for name in KINDS:
            with storm.serving(port) as server:
                print(row(name, Door(server, port, cookie), count), flush=True)


if __name__ == "__main__":
    main()
