"""The desk as an ASGI application whose threads wait for no client: one takes a request when all of
it has arrived, and is free again before the answer is sent.

With WSGI, granian reads a body inside a thread, however long it takes. Django's own ASGI
application makes a thread and a database connection for each request. docs/ARCHITECTURE.md has the
figures.
https://asgi.readthedocs.io/en/latest/specs/www.html
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from io import BytesIO
from typing import Any, cast

import django
from django.conf import settings
from django.core import signals
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.db import close_old_connections
from django.http import FileResponse, HttpResponse, JsonResponse, parse_cookie
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
from dashboard import guards, metrics, readiness, turns
from dashboard.client_address import nearest
from integrations_app import traces

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Parts = Generator[dict[str, Any], None, None]
Messages = list[dict[str, Any]] | Parts
EMPTY: Mapping[str, str] = {}
FILE_BYTES = 2**20
READY_SECONDS = 2.5  # to find out whether the desk can serve


class TooLarge(Exception):
    """A body of more than DATA_UPLOAD_MAX_MEMORY_SIZE bytes."""


class Gone(Exception):
    """The client left before its request was complete: nobody waits for an answer."""


class Application(ASGIHandler):
    """Django's own, with bounds for a body, and THREADS threads that live as long as it does."""

    def __init__(self) -> None:
        BaseHandler.__init__(self)
        self.load_middleware()
        self.threads = ThreadPoolExecutor(settings.THREADS, "request")
        self.turns = turns.Turns(settings.THREADS, settings.REQUEST_SECONDS)
        self.browsers = turns.Browsers()
        self.beside = ThreadPoolExecutor(1, "beside")
        self.keeps_counts = False

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        messages = await self.early(scope) or await self.messages(scope, receive)
        if isinstance(messages, list):
            for message in messages:
                await send(message)
            return
        left = asyncio.ensure_future(receive())  # all that still can come is that the client left
        try:
            while not left.done() and (message := await self.part(scope, messages)):
                await send(message)
        finally:
            left.cancel()
            with suppress(ValueError):  # a thread is still making a part
                await asyncio.to_thread(messages.close)

    async def part(self, scope: Any, messages: Parts) -> Any:
        """The next one, however long a thread has to be waited for: the answer has begun."""
        while True:
            with suppress(TimeoutError):
                return await self.in_turn(scope, partial(next, messages, None), of=" part")

    async def in_turn(self, scope: Any, call: Callable[[], Any], of: str = "") -> Any:
        """Call it in a thread. Raises TooMany, or TimeoutError where none was free in time."""
        browser = self.browsers.named(session(scope), address(scope))
        async with self.turns.turn(browser + of):
            return await asyncio.get_running_loop().run_in_executor(self.threads, call)

    async def early(self, scope: Any) -> list[dict[str, Any]]:
        """For who must not wait for a page's thread, nor ask for a Host; empty for all others."""
        if scope["path"] == "/healthz":
            return told(plain("ok", 200))
        if scope["path"] == "/readyz":
            return told(await self.readiness())
        if scope["path"] == "/metrics" and settings.METRICS_TOKEN:
            return told(await self.metrics(scope))
        return []

    async def messages(self, scope: Any, receive: Receive) -> Messages:
        try:
            async with asyncio.timeout(settings.REQUEST_SECONDS):
                body = await whole_body(receive)
        except Gone:
            return []
        except TooLarge:
            return told(refusal(413, "This request is larger than the desk takes."))
        except TimeoutError:
            return told(refusal(408, "This request did not arrive in time. Send it again."))
        try:
            found: Messages = await self.in_turn(scope, partial(self.answer, scope, body))
        except turns.TooMany:
            return told(refusal(429, "Too many requests at once. Wait until some are answered."))
        except TimeoutError:
            return told(refusal(503, "The desk is busy. Try again in a few seconds."))
        if not self.keeps_counts:
            self.keeps_counts = True
            self.threads.submit(self.keep_counts, asyncio.get_running_loop())
        return found

    async def readiness(self) -> HttpResponse:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(READY_SECONDS):
                found = await loop.run_in_executor(self.beside, readiness.report)
        except TimeoutError:
            found = readiness.answered(["database"], [])
        status = 200 if found["ready"] else 503
        return JsonResponse(found, status=status, headers=guards.without_middleware())

    async def metrics(self, scope: Any) -> HttpResponse:
        if not metrics.may_read(scope["headers"]):
            return plain("Send the METRICS_TOKEN.", 401, {"WWW-Authenticate": "Bearer"})
        found = await asyncio.to_thread(metrics.written)
        return plain(found.decode(), 200)

    def keep_counts(self, loop: asyncio.AbstractEventLoop) -> None:
        """From the first request on, in a thread that has a connection to the database anyway."""
        close_old_connections()
        metrics.keeping.send_robust(sender=self.__class__)
        again = partial(self.threads.submit, self.keep_counts, loop)
        loop.call_soon_threadsafe(loop.call_later, metrics.KEPT_EVERY, again)

    def answer(self, scope: Any, body: bytes) -> Messages:
        """Django's answer as ASGI's messages; it runs in a thread."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, unreadable = self.create_request(scope, BytesIO(body))
        response = self.get_response(request) if request else cast(HttpResponse, unreadable)
        if request and traces.current().account:
            self.browsers.signed_in(session(scope))
        if response.streaming and not isinstance(response, FileResponse):
            parts = streamed(response)
            next(parts)  # it has begun, so its end closes the answer
            return parts
        try:
            return told(response)
        finally:
            response.close()


def session(scope: Any) -> str:
    """The name that the request gives; anybody may have made it up."""
    cookies = parse_cookie("; ".join(sent(scope, b"cookie")))
    return str(cookies.get(settings.SESSION_COOKIE_NAME, ""))


def address(scope: Any) -> str:
    return nearest(scope["client"][0], ",".join(sent(scope, b"x-forwarded-for")))


def sent(scope: Any, header: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in scope["headers"] if name == header]


async def whole_body(receive: Receive) -> bytes:
    """Raises TooLarge, or Gone."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        body += message["body"]
        more = message["more_body"]
        if len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise TooLarge
    return bytes(body)


def refusal(status: int, sentence: str) -> HttpResponse:
    return plain(sentence, status, {"Connection": "close"})


def plain(text: str, status: int, headers: Mapping[str, str] = EMPTY) -> HttpResponse:
    fields = {**guards.without_middleware(), **headers}
    return HttpResponse(text, "text/plain; charset=utf-8", status, headers=fields)


def told(response: HttpResponseBase) -> list[dict[str, Any]]:
    """A whole answer; static files are small, and read at once: many small reads by many threads
    would keep the loop waiting.
    """
    if isinstance(response, FileResponse):
        response.block_size = FILE_BYTES
    return [start(response), {"type": "http.response.body", "body": b"".join(response)}]


def streamed(response: HttpResponseBase) -> Parts:
    """An answer in parts, after nothing. Each is made in a thread, which is free while the client
    reads.
    """
    try:
        yield {}
        yield start(response)
        for part in response:
            yield {"type": "http.response.body", "body": part, "more_body": True}
        yield {"type": "http.response.body", "body": b""}
    finally:
        response.close()


def start(response: HttpResponseBase) -> dict[str, Any]:
    cookies = [("Set-Cookie", cookie.OutputString()) for cookie in response.cookies.values()]
    fields = [*response.items(), *cookies]
    headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in fields]
    return {"type": "http.response.start", "status": response.status_code, "headers": headers}


django.setup(set_prefix=False)
application = Application()
