"""Whose request gets the next free thread: browsers take turns, a greedy one waits for itself."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

MOST_WAITING = 256  # requests of one session; its browser opens six at once by itself
MOST_SESSIONS = 10_000  # that are known to be signed in
STRANGER = "from "


class TooMany(Exception):
    """This session has MOST_WAITING requests that wait."""


class Browsers:
    """Which browser sends a request: a session, once an answer has shown that it is signed in, else
    an address. Whoever makes up a session for each request has the turns of one address.
    """

    def __init__(self) -> None:
        self._sessions: set[str] = set()

    def signed_in(self, session: str) -> None:
        if len(self._sessions) >= MOST_SESSIONS:
            self._sessions.clear()
        self._sessions.add(session)

    def named(self, session: str, address: str) -> str:
        return session if session in self._sessions else STRANGER + address


class Turns:
    """`free` threads, and who waits for one, the browser whose turn is next first. The turns of an
    address are never full: all of a company may come from one.

    An eighth of the threads is kept for browsers that hold none. Nobody waits for longer than
    `patience`, in seconds. For one event loop.
    """

    def __init__(self, threads: int, patience: float) -> None:
        self.free, self.kept, self.patience = threads, threads // 8, patience
        self._held: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def turn(self, browser: str) -> AsyncIterator[None]:
        """Wait for a thread. Raises TooMany or TimeoutError."""
        if self._may(browser):
            self._take(browser)
        else:
            await self._wait(browser)
        try:
            yield
        finally:
            self._give_back(browser)

    def _may(self, browser: str) -> bool:
        return self.free > (self.kept if self._held[browser] else 0)

    def _take(self, browser: str) -> None:
        self.free -= 1
        self._held[browser] += 1

    def _give_back(self, browser: str) -> None:
        self.free += 1
        self._held[browser] -= 1
        self._held += Counter()  # forgets who holds none
        while (following := next(filter(self._may, self._waiting), None)) is not None:
            first = self._first_of(following)
            if not first.cancelled():
                self._take(following)
                first.set_result(None)
                return

    def _first_of(self, browser: str) -> asyncio.Future[None]:
        """It waits no more, and the browser's others come behind those of other browsers."""
        queue = self._waiting.pop(browser)
        first = queue.popleft()
        if queue:
            self._waiting[browser] = queue
        return first

    async def _wait(self, browser: str) -> None:
        queue = self._waiting.setdefault(browser, deque())
        if len(queue) >= MOST_WAITING and not browser.startswith(STRANGER):
            raise TooMany
        mine = asyncio.get_running_loop().create_future()
        queue.append(mine)
        try:
            async with asyncio.timeout(self.patience):
                await mine
        except (TimeoutError, asyncio.CancelledError):
            if not mine.cancelled():  # it was this one's turn
                self._give_back(browser)
            raise
