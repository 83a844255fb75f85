"""An answer in parts ends when its client leaves, and waits for a thread as long as it takes."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.http import StreamingHttpResponse

from dashboard import asgi
from dashboard.asgi import application
from dashboard.turns import Turns

SCOPE: Mapping[str, Any] = {"path": "/parts", "headers": [], "client": ("127.0.0.1", 1)}


class Parts:
    """Ten of them, which know how many were made and whether the answer is closed."""

    def __init__(self) -> None:
        self.made, self.closed = 0, False
        response = StreamingHttpResponse(self.parts())
        response.close = self.close  # type: ignore[method-assign] # told when it is called
        self.messages = asgi.streamed(response)
        next(self.messages)

    def parts(self) -> Any:
        for _ in range(10):
            self.made += 1
            yield "part"

    def close(self) -> None:
        self.closed = True


def send(parts: Parts, monkeypatch: pytest.MonkeyPatch, *, leaves_after: int | None) -> int:
    """How many messages were sent to a client that leaves after so many."""

    async def whole() -> int:
        left, sent = asyncio.Event(), list[Mapping[str, Any]]()

        async def receive() -> Mapping[str, Any]:
            await left.wait()
            return {"type": "http.disconnect"}

        async def take(message: dict[str, Any]) -> None:
            sent.append(message)
            if len(sent) == leaves_after:
                left.set()
                await asyncio.sleep(0)

        async def messages(*_: Any) -> Any:
            return parts.messages

        monkeypatch.setattr(application, "messages", messages)
        await application(SCOPE, receive, take)
        return len(sent)

    sent: int = in_own_loop(whole())
    return sent


def in_own_loop(scene: Any) -> Any:
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, scene).result()


@pytest.fixture(autouse=True)
def turns(monkeypatch: pytest.MonkeyPatch) -> Turns:
    """Threads of this test's own."""
    own = Turns(4, patience=30)
    monkeypatch.setattr(application, "turns", own)
    return own


def test_a_whole_answer_is_sent_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = Parts()
    assert send(parts, monkeypatch, leaves_after=None) == 12  # with its head and its end
    assert (parts.made, parts.closed) == (10, True)


def test_nothing_more_is_made_for_a_client_that_left(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = Parts()
    assert send(parts, monkeypatch, leaves_after=3) < 6
    assert parts.made < 6
    assert parts.closed


def test_an_answer_that_has_begun_waits_for_a_thread_as_long_as_it_takes(
    monkeypatch: pytest.MonkeyPatch, turns: Turns
) -> None:
    parts = Parts()
    tries = 0
    turn = turns.turn

    def busy_at_first(browser: str) -> Any:
        nonlocal tries
        tries += 1
        if tries % 2:
            raise TimeoutError
        return turn(browser)

    monkeypatch.setattr(turns, "turn", busy_at_first)
    assert send(parts, monkeypatch, leaves_after=None) == 12
