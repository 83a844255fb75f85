"""Whose request gets the next free thread: browsers take turns, a greedy one waits for itself."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

MOST_WAITING = 256  # requests of one browser, which opens six at once by itself


class TooMany(Exception):
    """This browser has MOST_WAITING requests that wait."""


class Turns:
    """`free` threads, and who waits for one, the browser whose turn is next first. Those without a
    session share the turns of "", which is never full: a stranger must not keep others from it.

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
        if browser and len(queue) >= MOST_WAITING:
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
