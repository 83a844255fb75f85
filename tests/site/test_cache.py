"""What a process writes into the shared cache without waiting for it."""

from collections.abc import Iterator
from threading import Event
from typing import Any
from unittest.mock import Mock

import pytest

from dashboard import cache
from dashboard.cache import Cache
from tests.services import Redis

KEY, SECONDS = "key", 60


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> Iterator[cache.Soon]:
    """Of this test alone: it is over when all is sent."""
    made = cache.Soon()
    monkeypatch.setattr(cache, "_soon", made)
    monkeypatch.setattr(cache, "_rest", cache.Rest())
    yield made
    made.thread.shutdown()


@pytest.fixture
def shared(redis_server: Redis) -> Iterator[Cache]:
    found = Cache(redis_server.url(7), {})
    found.clear()
    yield found
    found.clear()


def sent(soon: cache.Soon) -> None:
    """Wait: its one thread does one thing after the other."""
    soon.thread.submit(int).result(20)


def test_what_nobody_waits_for_is_there_soon(shared: Cache, soon: cache.Soon) -> None:
    shared.set_soon(KEY, {"some": "value"}, SECONDS)
    sent(soon)
    assert shared.get(KEY) == {"some": "value"}


def test_processes_count_together(shared: Cache, soon: cache.Soon) -> None:
    other = cache.Soon()
    assert [soon.count(shared, KEY, SECONDS) for _ in range(3)] == [1, 2, 3]
    sent(soon)
    other.count(shared, KEY, SECONDS)
    sent(other)
    assert other.count(shared, KEY, SECONDS) == 5
    sent(other)
    assert shared.get(KEY) == 5


def test_however_much_comes_while_redis_hangs_one_thing_waits_for_the_thread(
    shared: Cache, soon: cache.Soon, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = Mock()
    with monkeypatch.context() as hung:
        hung.setattr(soon.thread, "submit", waiting)
        for number in range(1000):
            soon.count(shared, KEY, SECONDS)
            soon.set(shared, f"answer-{number}", number, SECONDS)
    assert waiting.call_count == 1
    send, *about = waiting.call_args.args
    send(*about)
    assert shared.get(KEY) == 1000
    soon.count(shared, KEY, SECONDS)  # and the next is sent too
    sent(soon)
    assert shared.get(KEY) == 1001


def test_all_that_came_meanwhile_is_one_round_trip(
    shared: Cache, soon: cache.Soon, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Mock(return_value={})
    monkeypatch.setattr(Cache, "write", write)
    going_on = Event()
    soon.thread.submit(going_on.wait, 20)  # as long as Redis takes for an answer
    for number in range(3):
        soon.set(shared, f"{KEY}{number}", number, SECONDS)
    going_on.set()
    sent(soon)
    assert [len(kept) for ((kept, _), _) in write.call_args_list] == [3]


def test_while_redis_is_away_a_process_counts_alone(soon: cache.Soon) -> None:
    away = Cache("redis://127.0.0.1:1/0", {})
    assert [away.count(KEY, SECONDS) for _ in range(3)] == [1, 2, 3]
    away.set_soon("other", 1, SECONDS)
    sent(soon)
    assert (away.get("other"), away.count(KEY, SECONDS)) == (1, 4)


def test_what_is_deleted_does_not_come_back(shared: Cache, soon: cache.Soon) -> None:
    going_on = Event()
    soon.thread.submit(going_on.wait, 20)
    shared.set_soon(KEY, "before", SECONDS)
    shared.delete(KEY)
    going_on.set()
    sent(soon)
    assert shared.get(KEY) is None


def test_nor_does_what_is_on_its_way(
    shared: Cache, soon: cache.Soon, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, going_on, write = Event(), Event(), Cache.write

    def slowly(self: Cache, *what: Any) -> Any:
        began.set()
        going_on.wait(20)
        return write(self, *what)

    monkeypatch.setattr(Cache, "write", slowly)
    shared.set_soon(KEY, "before", SECONDS)
    began.wait(20)
    shared.delete(KEY)
    going_on.set()
    sent(soon)
    sent(soon)
    assert shared.get(KEY) is None


def test_a_count_goes_on_where_redis_fails(shared: Cache, soon: cache.Soon) -> None:
    away, counted = Cache("redis://127.0.0.1:1/0", {}), []
    for asked in (shared, shared, away, away, away):
        counted.append(asked.count(KEY, SECONDS))
        sent(soon)
    assert counted == [1, 2, 3, 4, 5]


def test_what_waits_is_bounded(shared: Cache, soon: cache.Soon) -> None:
    going_on = Event()
    soon.thread.submit(going_on.wait, 20)  # a look-up of its name that hangs
    for number in range(cache.MOST_TOTALS):
        shared.set_soon(f"{KEY}{number}", number, SECONDS)
    waiting = len(soon._kept)
    going_on.set()
    sent(soon)
    assert waiting < cache.MOST_TOTALS


def test_one_that_takes_no_writes_is_as_good_as_away(
    shared: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "REST_SECONDS", 0.0)
    client = shared._cache.get_client()
    client.config_set("maxmemory", 1)
    try:
        shared.set(KEY, "tries of a sign-in", SECONDS)
        assert shared.get(KEY) == "tries of a sign-in"
        shared.set("another", "try", SECONDS)
        assert shared.get(KEY) == "tries of a sign-in"
    finally:
        client.config_set("maxmemory", 0)
    assert shared.get(KEY) is None
