"""Which browser gets the next free thread."""

import asyncio
import weakref
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from dashboard import turns
from dashboard.asgi import application
from dashboard.turns import MOST_WAITING, Browsers, TooMany, Turns

PATIENCE_SECONDS = 30


class Requests:
    """What browsers send: each request holds its thread until it is answered."""

    def __init__(self, threads: int, patience: float = PATIENCE_SECONDS) -> None:
        self.turns = Turns(threads, patience)
        self.running: list[str] = []
        self.answered: dict[str, asyncio.Event] = {}
        self.tasks: list[asyncio.Task[None]] = []

    async def send(self, *names: str) -> None:
        """Of "a1" the browser is a."""
        for name in names:
            self.answered[name] = asyncio.Event()
            self.tasks.append(asyncio.create_task(self._run(name)))
        await self.settle()

    async def _run(self, name: str) -> None:
        async with self.turns.turn(name[0]):
            self.running.append(name)
            await self.answered[name].wait()
            self.running.remove(name)

    async def answer(self, name: str) -> None:
        self.answered[name].set()
        await self.settle()

    @staticmethod
    async def settle() -> None:
        for _ in range(10):
            await asyncio.sleep(0)


def play(scene: Coroutine[Any, Any, None]) -> None:
    """In a thread of its own: in this one the browser's tests may have left a running loop."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, scene).result()


def test_a_browser_with_many_requests_does_not_go_before_one_with_few() -> None:
    async def scene() -> None:
        requests = Requests(threads=1)
        await requests.send("a1", "a2", "a3", "b1")
        await requests.answer("a1")
        assert requests.running == ["a2"]
        await requests.answer("a2")
        assert requests.running == ["b1"]
        await requests.answer("b1")
        assert requests.running == ["a3"]

    play(scene())


def test_an_eighth_of_the_threads_is_for_browsers_that_hold_none() -> None:
    async def scene() -> None:
        requests = Requests(threads=8)
        await requests.send(*(f"a{number}" for number in range(8)))
        assert len(requests.running) == 7
        await requests.send("b0", "b1")
        assert requests.running[7:] == ["b0"]
        await requests.answer("a0")
        assert len(requests.running) == 7
        await requests.answer("a1")
        assert requests.running[-1] == "a7"

    play(scene())


def test_threads_are_free_again_when_all_is_answered() -> None:
    async def scene() -> None:
        requests = Requests(threads=2)
        await requests.send("a1", "b1", "a2", "c1")
        for name in requests.answered:
            await requests.answer(name)
        await asyncio.gather(*requests.tasks)
        assert requests.turns.free == 2

    play(scene())


class Browser(str):
    """A name of which can be told whether somebody still knows it."""


def test_a_browser_whose_requests_are_answered_is_forgotten() -> None:
    async def scene() -> None:
        turns, browser = Turns(2, PATIENCE_SECONDS), Browser("a")
        known = weakref.ref(browser)
        async with turns.turn(browser):
            del browser
            assert known()
        assert not known()

    play(scene())


def test_who_leaves_takes_no_thread_along() -> None:
    async def scene() -> None:
        requests = Requests(threads=1)
        await requests.send("a1", "b1", "c1")
        requests.tasks[1].cancel()
        await requests.settle()
        await requests.answer("a1")
        assert requests.running == ["c1"]
        requests.tasks[2].cancel()
        await requests.settle()
        assert requests.turns.free == 1

    play(scene())


def test_who_leaves_in_the_moment_of_its_turn_passes_it_on() -> None:
    async def scene() -> None:
        requests = Requests(threads=1)
        await requests.send("a1", "b1", "c1")
        requests.answered["a1"].set()
        while "a1" in requests.running:
            await asyncio.sleep(0)
        requests.tasks[1].cancel()
        await requests.settle()
        assert requests.running == ["c1"]

    play(scene())


def test_nobody_waits_for_ever() -> None:
    async def scene() -> None:
        turns = Turns(1, patience=0.01)
        async with turns.turn("a"):
            with pytest.raises(TimeoutError):
                await turns.turn("b").__aenter__()
        assert turns.free == 1

    play(scene())


def test_a_browser_may_not_wait_without_end() -> None:
    async def scene() -> None:
        requests = Requests(threads=1)
        await requests.send(*(f"a{number}" for number in range(MOST_WAITING + 1)))
        with pytest.raises(TooMany):
            await requests.turns.turn("a").__aenter__()
        for task in requests.tasks:
            task.cancel()

    play(scene())


def test_strangers_keep_nobody_from_signing_in() -> None:
    async def scene() -> None:
        requests = Requests(threads=1)
        await requests.send("a1")
        waiting = [asyncio.create_task(hold(requests.turns)) for _ in range(MOST_WAITING + 1)]
        await requests.settle()
        await requests.answer("a1")
        await asyncio.gather(*waiting)

    async def hold(turns: Turns) -> None:
        async with turns.turn(Browsers().named("", "192.0.2.7")):
            pass

    play(scene())


def scope(session: str, address: str) -> dict[str, Any]:
    """A browser asks for the look-up page."""
    cookie = (b"cookie", f"sessionid={session}".encode())
    about = {"type": "http", "http_version": "1.1", "method": "GET", "scheme": "http"}
    where = {"path": "/", "query_string": b"", "client": (address, 1), "server": ("127.0.0.1", 1)}
    return {**about, **where, "headers": [cookie, (b"host", b"127.0.0.1")]}


@pytest.fixture
def answered(agent: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    """An agent whose requests the application answers, on the test's own connection."""
    monkeypatch.setattr(connection, "close", lambda: None)
    return agent


def turn_of(session: str, address: str) -> str:
    """Whose turn the next request takes."""
    return application.browsers.named(session, address)


def test_made_up_sessions_share_the_turns_of_their_address(answered: Client) -> None:
    for session in ("made-up-1", "made-up-2"):
        application.answer(scope(session, "192.0.2.7"), b"")
    assert turn_of("made-up-1", "192.0.2.7") == turn_of("made-up-2", "192.0.2.7")
    assert turn_of("made-up-1", "192.0.2.7") != turn_of("made-up-1", "192.0.2.8")


def test_who_is_signed_in_has_turns_of_its_own_wherever_it_is(answered: Client) -> None:
    session = answered.cookies["sessionid"].value
    application.answer(scope(session, "192.0.2.7"), b"")
    assert turn_of(session, "192.0.2.7") == turn_of(session, "192.0.2.8")
    assert turn_of(session, "192.0.2.7") != turn_of("made-up", "192.0.2.7")


def test_it_keeps_no_more_sessions_than_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "MOST_SESSIONS", 2)
    browsers = Browsers()
    for session in ("a", "b", "c"):
        browsers.signed_in(session)
    known = [each for each in "abc" if browsers.named(each, "192.0.2.7") == each]
    assert known == ["c"]
