"""One HTTP exchange that ends in time, whatever the other side does.

`requests` bounds a single wait on a socket, not the whole: a server that sends a byte a second
passes every read timeout. Here each read from the socket is given only what is left of the call's
deadline, so slow headers and slow bodies end with it. Redirects are never followed, because
`requests` would hand `X-API-KEY` to the other host; bodies are capped and must come unencoded,
because a small gzip body can grow without end.
"""

import http.client
import io
import re
import socket
import ssl
import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

from .answers import StiggError, TimedOut, Unavailable, UnexpectedResponse

BODY_CAP_BYTES = 2_000_000
CHUNK_BYTES = 65_536
IDLE_SECONDS = 30.0  # proxies and firewalls drop idle connections after a minute or more


class Answer(NamedTuple):
    """What came back: `headers` is case-insensitive, `body` is complete and within the cap."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to wait, in seconds: for a connection, for the next byte, for all of one call."""

    connect: float = 2.0
    read: float = 5.0
    total: float = 8.0


@dataclass(slots=True)
class _Attempt:
    """One way to make a call: until when, on which connection, and how far it came."""

    ends: float
    on_new: bool = False  # not on a connection that was kept from an earlier call
    was_kept: bool = False
    got_byte: bool = False

    def met_dead_connection(self, request: requests.PreparedRequest) -> bool:
        """Whether asking again cannot do twice what was asked for, and may well succeed."""
        is_get = request.method == "GET"
        return is_get and self.was_kept and not self.got_byte and time.monotonic() < self.ends


# The adapter builds its connections itself and passes nothing of ours down to them.
_attempt: ContextVar[_Attempt] = ContextVar("attempt", default=_Attempt(float("inf")))  # noqa: B039 - never noted in


class _PacedReader(io.RawIOBase):
    """The reading end of a socket; each read waits no longer than the call has left."""

    # `raw` is a SocketIO; typeshed hides that it can be detached
    def __init__(self, raw: Any, sock: socket.socket) -> None:
        self._raw, self._sock = raw, sock
        self._patience, self._attempt = sock.gettimeout(), _attempt.get()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._attempt.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the call's deadline has passed")
        self._sock.settimeout(left if self._patience is None else min(self._patience, left))
        received: int | None = self._raw.readinto(buffer)
        self._attempt.got_byte |= bool(received)
        return received

    def close(self) -> None:
        self._raw.close()
        super().close()


class _PacedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_PacedReader(self.fp.detach(), sock))


class _HTTPConnection(urllib3.connection.HTTPConnection):
    response_class = _PacedResponse


class _HTTPSConnection(urllib3.connection.HTTPSConnection):
    response_class = _PacedResponse


class _KeptConnections(urllib3.HTTPConnectionPool):
    """A kept connection may have died without a word: one that was idle for long is not trusted."""

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection: Any = super()._get_conn(timeout)
        attempt = _attempt.get()
        idle = time.monotonic() - getattr(connection, "kept_at", 0.0)
        if attempt.on_new or idle > IDLE_SECONDS:
            connection.close()  # it opens again by itself
        attempt.was_kept = connection.sock is not None
        return connection

    def _put_conn(self, conn: Any) -> None:
        if conn:
            conn.kept_at = time.monotonic()
        super()._put_conn(conn)


class _HTTPPool(_KeptConnections):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(_KeptConnections, urllib3.HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


_POOLS = {"http": _HTTPPool, "https": _HTTPSPool}


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager


def _written(character: str) -> bytes:
    """A character of ASCII in every way that JSON may write it (RFC 8259, section 7)."""
    escape = f"{ord(character):04x}"
    return rf"(?:\\?{re.escape(character)}|\\u(?i:{escape}))".encode()


@dataclass(slots=True)
class Transport:
    """A pool of connections to one host. Threads share it: nothing on it changes after the start.

    A Session would put each request together anew, read .netrc and the proxy variables, and keep
    cookies. None of that is wanted, so requests go straight to the adapter, which also follows no
    redirect: half the cost of a call is saved.
    """

    headers: Mapping[str, str] = field(repr=False)
    secret: str = field(repr=False)
    limits: Limits = Limits()
    pool_size: int = 16
    proxy: str = ""
    ca_bundle: str = ""
    _adapter: _Adapter = field(init=False, repr=False)
    _proxies: dict[str, str] = field(init=False, repr=False)
    _escaped_secret: re.Pattern[bytes] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._escaped_secret = re.compile(b"".join(map(_written, self.secret)))
        self._adapter = _Adapter(pool_connections=1, pool_maxsize=self.pool_size, max_retries=0)
        self._proxies = {"http": self.proxy, "https": self.proxy} if self.proxy else {}

    def send(
        self, url: str, body: bytes | None, more: Mapping[str, str], deadline: float | None
    ) -> Answer:
        """GET `url`, or POST a JSON `body` to it, with `more` headers than those of all calls.

        `deadline` is a `time.monotonic()` moment; without one, and at most, the call has
        `limits.total` seconds. Raises TimedOut; Unavailable when no whole answer came (refused,
        reset, cut off, an unknown name); UnexpectedResponse where going on would not be safe (TLS
        that does not hold, an answer too large, or encoded although plain was asked).
        """
        ends = time.monotonic() + self.limits.total
        ends = ends if deadline is None else min(deadline, ends)
        return self._exchange(self._request(url, body, more), ends)

    def _request(
        self, url: str, body: bytes | None, more: Mapping[str, str]
    ) -> requests.PreparedRequest:
        request = requests.PreparedRequest()
        request.method, request.url, request.body = "GET" if body is None else "POST", url, body
        own = {"Accept": "application/json", "Accept-Encoding": "identity"}
        headers = {**own, **self.headers, **more}
        if body is not None:
            headers |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        request.headers = CaseInsensitiveDict(headers)
        return request

    def _exchange(self, request: requests.PreparedRequest, ends: float) -> Answer:
        """Once, or a second time on a new connection when a kept one turned out to be dead."""
        attempt = _Attempt(ends)
        try:
            return self._send(request, attempt)
        except Unavailable:
            if not attempt.met_dead_connection(request):
                raise
        return self._send(request, _Attempt(ends, on_new=True))

    def _send(self, request: requests.PreparedRequest, attempt: _Attempt) -> Answer:
        token = _attempt.set(attempt)
        try:
            return self._answer(request, attempt.ends)
        except (urllib3.exceptions.HTTPError, OSError) as error:  # those of requests are OSErrors
            # the chain holds the request, and with it the key
            raise _named(error) from None
        finally:
            _attempt.reset(token)

    def _answer(self, request: requests.PreparedRequest, ends: float) -> Answer:
        left = ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        response = self._adapter.send(
            request,
            timeout=(min(self.limits.connect, left), min(self.limits.read, left)),
            stream=True,
            proxies=self._proxies,
            verify=self.ca_bundle or True,
        )
        with response:
            return self._without_secret(response, _body(response))

    def _without_secret(self, response: requests.Response, body: bytes) -> Answer:
        """A proxy that quotes the request must not bring the key to a page or a log. JSON may write
        any of the key's characters as an escape, which decoding turns back.
        """
        fields = response.headers.items()
        headers = {name: value.replace(self.secret, "***") for name, value in fields}
        if b"\\u" in body or b"\\/" in body:
            body = self._escaped_secret.sub(b"***", body)
        else:
            body = body.replace(self.secret.encode(), b"***")
        return Answer(response.status_code, CaseInsensitiveDict(headers), body)


def _body(response: requests.Response) -> bytes:
    if response.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
        raise UnexpectedResponse("the answer is compressed although plain was asked for")
    body = bytearray()
    for chunk in response.raw.stream(CHUNK_BYTES, decode_content=False):
        body += chunk
        if len(body) > BODY_CAP_BYTES:
            raise UnexpectedResponse(f"the answer is larger than {BODY_CAP_BYTES:,} bytes")
    return bytes(body)


def _named(error: Exception) -> StiggError:
    """Only the kind of trouble goes on: the text of these errors may quote headers.

    A certificate that does not hold is no trouble that passes: somebody else may be answering.
    """
    if isinstance(error, requests.exceptions.SSLError | urllib3.exceptions.SSLError | ssl.SSLError):
        return UnexpectedResponse("TLS does not hold")
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError):
        return TimedOut(type(error).__name__)
    return Unavailable(type(error).__name__)
