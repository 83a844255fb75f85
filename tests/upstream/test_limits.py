"""When Stigg is not asked, and what one customer, environment or hung call can cost the others."""

import math
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pickle import UnpicklingError
from queue import Queue
from typing import Any
from unittest.mock import Mock

import pytest
import time_machine
from django.core.cache import cache
from prometheus_client import REGISTRY

from integrations_app.lookup.suggest import suggest
from integrations_app.simulator import Simulator
from integrations_app.stigg import (
    ApiKey,
    Calls,
    Client,
    Customer,
    Limits,
    StiggError,
    TimedOut,
    Unavailable,
)
from integrations_app.stigg.graphql import find_customers, sync_states
from integrations_app.upstream import environments, fresh_or_copy, limits
from integrations_app.upstream import upstream as upstreams
from integrations_app.upstream.copies import Memory
from integrations_app.upstream.fresh_or_copy import Visit
from integrations_app.upstream.limits import PROBED_SECONDS, Busy, RetryBudget, Room, Wish
from integrations_app.upstream.upstream import Flight, Flights, Upstream
from tests import hostile

NOON = "2026-11-24T12:00:00Z"


@pytest.fixture(autouse=True)
def _remember_nothing() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def at(url: str, name: str = "production", **options: Any) -> Upstream:
    """An environment of its own; without `pages` or `searches` it is short of no place."""
    deadline = options.pop("deadline_seconds", 30.0)
    client = Client(
        url,
        ApiKey("simulated-production-key"),
        limits=Limits(connect=20, read=deadline, total=deadline),
    )
    rooms = {"pages": Room(99, 0), "searches": Room(99, 0)}
    return Upstream(
        name,
        client,
        Memory(cache, f"{name}:{url}"),
        **{**rooms, **options},
        budget=RetryBudget(0),
        deadline_seconds=deadline,
    )


def ask(upstream: Upstream, customer: str = "acme-corp", **options: bool) -> Any:
    """What a page gets when it asks for a customer: a Customer, or the error."""
    visit = Visit(upstream, **options)
    return visit.gather(customer=lambda stigg: stigg.get_customer(customer))["customer"]


def stuck(upstream: Upstream, customer: str = "acme-corp") -> Any:
    return ask(upstream, customer, refresh=True)


class Gate:
    """A Stigg that says of every request that it came, and answers when the gate is open."""

    def __init__(self) -> None:
        self.open, self.came = threading.Event(), threading.Semaphore(0)

    def __call__(self, connection: socket.socket, _request: bytes) -> None:
        self.came.release()
        self.open.wait(60)
        body = b'{"data": {"id": "acme-corp"}}'
        connection.sendall(hostile.head(f"Content-Length: {len(body)}", "Connection: close") + body)


@contextmanager
def gated() -> Iterator[tuple[Gate, hostile.Hostile]]:
    gate = Gate()
    with hostile.server(gate) as server:
        try:
            yield gate, server
        finally:
            gate.open.set()


@pytest.fixture
def agents() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(64) as pool:
        yield pool


# --- places ---------------------------------------------------------------------------------------


def test_two_hung_environments_take_no_place_from_the_third(
    agents: ThreadPoolExecutor, stigg: Simulator
) -> None:
    pages = Room(own=2, common=4)
    with hostile.server(hostile.hangs) as hung:
        first = at(hung.url, "first", pages=pages)
        second = at(hung.url, "second", pages=pages)
        waiting: set[Future[Any]] = set()
        for number in range(8):
            waiting |= {agents.submit(ask, one, f"c{number}") for one in (first, second)}
        while len(waiting) > 8:  # all but those who have a place are told that there is none
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            assert all(isinstance(answer.result(), Busy) for answer in done)
        third = at(stigg.url, "third", pages=pages)
        assert isinstance(ask(third), Customer)


def test_searches_cost_no_page_its_place(stigg: Simulator) -> None:
    upstream = at(stigg.url, pages=Room(0, 1), searches=Room(0, 0))
    assert isinstance(ask(upstream), Customer)
    assert isinstance(ask(upstream, "empty-co", searches=True), Busy)


def test_pages_cost_no_search_its_place(stigg: Simulator) -> None:
    assert isinstance(ask(at(stigg.url, pages=Room(0, 0)), searches=True), Customer)


def test_the_searches_of_a_look_up_take_places_of_searches(
    stigg: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = environments.configured()["production"]
    monkeypatch.setattr(environment.upstream, "pages", Room(0, 0))
    assert suggest(environment, "apex")


def test_who_joins_a_call_under_way_needs_no_place(
    agents: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined = threading.Semaphore(0)
    join = Flight.wait

    def watched(*waits: Any) -> Any:
        joined.release()
        return join(*waits)

    monkeypatch.setattr(Flight, "wait", watched)
    with gated() as (gate, server):
        upstream = at(server.url, pages=Room(0, 1))
        first = agents.submit(ask, upstream)
        assert gate.came.acquire(timeout=20)
        others = [agents.submit(ask, upstream) for _ in range(40)]
        assert all(joined.acquire(timeout=20) for _ in others)
        gate.open.set()
        assert all(isinstance(one.result(), Customer) for one in (first, *others))
        assert len(server.requests) == 1


def test_who_waits_long_for_anothers_call_needs_a_place(
    agents: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstreams, "JOINED_SECONDS", 0)
    with gated() as (gate, server):
        upstream = at(server.url, pages=Room(0, 2))
        first = agents.submit(ask, upstream)
        assert gate.came.acquire(timeout=20)
        others = {agents.submit(ask, upstream) for _ in range(5)}
        while len(others) > 1:
            done, others = wait(others, return_when=FIRST_COMPLETED)
            assert all(isinstance(answer.result(), Busy) for answer in done)
        gate.open.set()
        assert isinstance(first.result(), Customer)
        assert isinstance(others.pop().result(), Customer)


class WatchedRoom(Room):
    """Tells when somebody waits for a place."""

    def __init__(self, own: int, common: int) -> None:
        super().__init__(own, common)
        self.is_waited_for = threading.Event()

    def _has_place(self, wish: Wish) -> bool:
        has_place = super()._has_place(wish)
        if not has_place:
            self.is_waited_for.set()
        return has_place


def test_a_place_is_waited_for(agents: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WAIT_SECONDS", 20)
    with gated() as (gate, server):
        room = WatchedRoom(0, 1)
        upstream = at(server.url, pages=room)
        first = agents.submit(ask, upstream)
        assert gate.came.acquire(timeout=20)
        second = agents.submit(ask, upstream, "empty-co")
        assert room.is_waited_for.wait(20)
        gate.open.set()
        assert isinstance(first.result(), Customer)
        assert isinstance(second.result(), Customer)


def test_one_wait_for_a_place_is_enough_for_all_calls_of_a_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[float] = []
    condition = threading.Condition()
    monkeypatch.setattr(condition, "wait_for", lambda _place, seconds: waits.append(seconds))
    room = Room(0, 0, _changed=condition)
    answers = Visit(at("http://127.0.0.1:9", pages=room)).gather(
        customer=lambda stigg: stigg.get_customer("a"),
        found=lambda stigg: stigg.list_integrations("a"),
    )
    assert {type(answer) for answer in answers.values()} == {Busy}
    assert waits == [limits.WAIT_SECONDS]


def test_a_place_that_comes_too_late_is_not_kept() -> None:
    room = Room(0, 1)
    place = limits.Place(room, Wish("production"))
    place.give_back()
    with pytest.raises(Busy):
        place.take()
    room.take(Wish("production"))


def test_the_last_places_are_for_accounts_that_hold_none() -> None:
    room = Room(own=0, common=3, kept=1)
    for _ in range(2):
        room.take(Wish("production", account=1))
    with pytest.raises(Busy):
        room.take(Wish("production", account=1))
    room.take(Wish("production", account=2))


def test_the_next_place_is_for_whoever_holds_the_fewest(
    agents: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "WAIT_SECONDS", 20)
    room = Room(0, 2)
    room.take(Wish("production", account=1))
    room.take(Wish("production", account=2))
    order: Queue[int | None] = Queue()

    def wish(account: int) -> None:
        room.take(Wish("production", account))
        order.put(account)

    again, newcomer = agents.submit(wish, 1), agents.submit(wish, 3)
    while len(room._waiting) < 2:
        pass
    room.give_back(Wish("production", account=2))
    assert order.get(timeout=20) == 3
    room.give_back(Wish("production", account=3))
    assert order.get(timeout=20) == 1
    assert {again.result(20), newcomer.result(20)} == {None}


def test_an_environments_own_places_are_none_of_the_common_ones() -> None:
    room, first, second = Room(own=1, common=1), Wish("first"), Wish("second")
    for wish in (first, first, second):
        room.take(wish)
    for wish in (first, second):
        with pytest.raises(Busy):
            room.take(wish)


def test_who_holds_no_place_is_forgotten() -> None:
    room, wish = Room(0, 1), Wish("production", account=7001)
    room.take(wish)
    assert "7001" in repr(room)
    room.give_back(wish)
    assert "7001" not in repr(room)


@pytest.mark.parametrize("threads", [4, 8, 32, 512])
@pytest.mark.parametrize("number", [1, 2, 3, 12])
def test_every_environment_has_places_of_its_own(threads: int, number: int, settings: Any) -> None:
    settings.THREADS = threads
    room = environments._room(number)
    assert room.own >= 1
    assert room.common - room.kept >= 0
    assert room.own * number + room.common <= max(threads * 7 // 8, number)


# --- cool-downs -----------------------------------------------------------------------------------


def test_one_customer_whom_stigg_does_not_answer_costs_the_others_nothing(
    stigg: Simulator,
) -> None:
    upstream = at(stigg.url)
    stigg.fault(customer="acme-corp", status=503)
    for limit in range(1, 7):  # as many different questions
        answers = Visit(upstream).gather(
            customer=lambda stigg: stigg.get_customer("acme-corp"),
            found=partial(Client.list_integrations, customer_id="acme-corp", limit=limit),
        )
        assert {type(answer) for answer in answers.values()} == {Unavailable}
    assert isinstance(ask(upstream, "empty-co"), Customer)


def test_it_stops_asking_when_several_customers_fail_one_after_the_other(
    stigg: Simulator,
) -> None:
    upstream = at(stigg.url)
    stigg.fault(status=503)
    for customer in ("acme-corp", "empty-co"):
        ask(upstream, customer)
    stigg.clear()
    assert isinstance(ask(upstream, "all-vendors"), Customer)
    stigg.fault(status=503)
    with time_machine.travel(NOON, tick=False):
        for customer in ("acme-corp", "empty-co", "meridian-group"):
            ask(upstream, customer)
        asked = len(stigg.requests())
        error = ask(upstream, "acme-corp")
        assert (error.kind, error.retry_after) == ("unavailable", 1)
        assert len(stigg.requests()) == asked


def test_an_answer_in_between_begins_the_count_of_failures_anew(stigg: Simulator) -> None:
    upstream = at(stigg.url)
    stigg.fault(status=503)
    for customer in ("acme-corp", "empty-co"):
        ask(upstream, customer)
    stigg.clear()
    ask(upstream, "all-vendors")
    stigg.fault(status=503)
    ask(upstream, "meridian-group")
    stigg.clear()
    assert isinstance(ask(upstream, "twin-one"), Customer)


def test_a_fault_of_stiggs_own_is_an_answer_and_begins_no_cool_down(stigg: Simulator) -> None:
    upstream = at(stigg.url)
    stigg.fault(status=500)
    for customer in ("acme-corp", "empty-co", "meridian-group"):
        ask(upstream, customer)
    stigg.clear()
    assert isinstance(ask(upstream, "all-vendors"), Customer)


def test_a_long_outage_is_asked_about_by_one_call_at_once(stigg: Simulator) -> None:
    upstream = at(stigg.url)
    stigg.fault(status=503)
    with time_machine.travel(NOON, tick=False) as clock:
        for customer in ("acme-corp", "empty-co", "meridian-group"):
            ask(upstream, customer)
        clock.shift(timedelta(seconds=2))
        ask(upstream, "all-vendors")
        clock.shift(timedelta(seconds=PROBED_SECONDS))
        asked = len(stigg.requests())
        for customer in ("twin-one", "twin-two"):
            ask(upstream, customer)
        assert len(stigg.requests()) == asked + 1


def test_an_answer_to_a_call_from_before_ends_no_cool_down(agents: ThreadPoolExecutor) -> None:
    with gated() as (gate, server):
        upstream = at(server.url)
        before = agents.submit(ask, upstream)
        assert gate.came.acquire(timeout=20)
        rested(upstream)
        gate.open.set()
        assert isinstance(before.result(), Customer)
        assert isinstance(ask(upstream, "empty-co"), TimedOut)


def test_a_cool_down_is_every_processs(stigg: Simulator) -> None:
    stigg.fault(status=503)
    for customer in ("acme-corp", "empty-co", "meridian-group"):
        ask(at(stigg.url), customer)
    asked = len(stigg.requests())
    rested(at(stigg.url))
    assert isinstance(ask(at(stigg.url)), Unavailable)
    assert len(stigg.requests()) == asked


def test_a_cool_down_holds_where_one_of_the_kept_answers_cannot_be_read(
    stigg: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    unreadable = Mock(side_effect=UnpicklingError)
    monkeypatch.setattr(cache, "get_many", unreadable)
    assert isinstance(ask(rested(at(stigg.url))), Unavailable)
    assert not stigg.requests()


def rested(upstream: Upstream, *, seconds: float = 30) -> Upstream:
    upstream.rest.begin(TimedOut(), seconds)
    return upstream


def test_after_the_pause_one_call_goes_ahead_and_the_others_wait(
    agents: ThreadPoolExecutor,
) -> None:
    with gated() as (gate, server):
        upstream = rested(at(server.url), seconds=0)
        asking = {agents.submit(ask, upstream, f"c{number}") for number in range(6)}
        while len(asking) > 1:  # they wait a little, and say what is the matter
            done, asking = wait(asking, return_when=FIRST_COMPLETED)
            said = {(type(answer.result()), answer.result().retry_after) for answer in done}
            assert said == {(TimedOut, 1)}
        assert len(server.requests) == 1
        gate.open.set()
        assert isinstance(asking.pop().result(), Customer)
        assert isinstance(ask(upstream, "c7"), Customer)


@pytest.mark.slow
def test_who_waited_for_the_probe_is_answered_with_it(
    agents: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "WAIT_SECONDS", 20)
    with gated() as (gate, server):
        upstream = rested(at(server.url), seconds=0)
        asking = [agents.submit(ask, upstream, f"c{number}") for number in range(6)]
        assert gate.came.acquire(timeout=20)
        gate.open.set()
        assert all(isinstance(answer.result(), Customer) for answer in asking)


def test_a_probe_of_a_customer_who_is_unknown_ends_the_cool_down_too(stigg: Simulator) -> None:
    upstream = rested(at(stigg.url), seconds=0)
    assert ask(upstream, "nobody").kind == "not-found"
    assert upstream.memory.get("cool-down:rest") is None


def test_a_clock_that_is_set_back_lengthens_no_cool_down(stigg: Simulator) -> None:
    upstream = at(stigg.url)
    with time_machine.travel(NOON, tick=False) as clock:
        rested(upstream, seconds=5)
        assert ask(upstream).retry_after == 5
        clock.shift(-timedelta(hours=1))
        assert isinstance(ask(upstream), Customer)


def test_a_clock_that_is_set_back_keeps_no_probe_from_being_sent(stigg: Simulator) -> None:
    upstream = at(stigg.url)
    stigg.fault(status=503, times=1)
    with time_machine.travel(NOON, tick=False) as clock:
        rested(upstream, seconds=0)
        assert isinstance(ask(upstream), Unavailable)
        clock.shift(-timedelta(hours=1))
        assert isinstance(ask(upstream), Customer)


def test_a_clock_that_is_set_back_makes_no_copy_fresh(stigg: Simulator) -> None:
    upstream = at(stigg.url)
    with time_machine.travel(NOON, tick=False) as clock:
        ask(upstream)
        clock.shift(-timedelta(hours=1))
        ask(upstream)
        assert len(stigg.requests()) == 2
        stigg.fault(status=500)
        clock.shift(-timedelta(hours=1))
        assert isinstance(ask(upstream), Unavailable)


# --- calls that hang ------------------------------------------------------------------------------


class Names:
    """Name look-ups, which hang until `answer`; those that begin after `recover` do not."""

    def __init__(self, port: int) -> None:
        self.port, self.hung = port, True
        self.answer = threading.Event()

    def __call__(self, *_arguments: object, **_options: object) -> list[Any]:
        if self.hung:
            self.answer.wait(60)
            raise socket.gaierror("nobody answered")
        address = ("127.0.0.1", self.port)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address)]


@pytest.fixture
def names(stigg: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    found = Names(stigg.port)
    monkeypatch.setattr(socket, "getaddrinfo", found)
    yield found
    found.answer.set()


def nameless(**options: Any) -> Upstream:
    return at("http://name.example", deadline_seconds=0.1, **options)


def test_a_call_that_hangs_is_given_up_and_the_next_page_asks_anew(names: Names) -> None:
    upstream = nameless()
    for _ in range(100):  # on a busy machine the time may be over before the name is looked up
        assert isinstance(ask(upstream), TimedOut)
        if upstream.lost:
            break
    assert len(upstream.lost) == 1
    names.hung = False
    upstream.deadline_seconds = 30
    assert isinstance(ask(upstream), Customer)


def test_what_a_page_did_not_wait_for_is_given_up_too(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fresh_or_copy, "EXTRA_SECONDS", 0)
    upstream = nameless()
    upstream.deadline_seconds = 0.5  # to reach the look-up of the name on a busy machine
    extra = Visit(upstream).gather({"states"}, states=lambda stigg: sync_states(stigg, "acme-corp"))
    assert isinstance(extra["states"], limits.Late)
    assert not upstream.lost
    while upstream.late:
        upstream.start(lambda: None).result()
    assert len(upstream.lost) == 1


def test_a_call_that_ends_at_last_ends_no_later_one(
    agents: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    flights = Flights()
    place = limits.Place(Room(9, 0), Wish("production"))
    first, second = threading.Event(), threading.Event()
    happened: Queue[str] = Queue()

    def call(over: threading.Event, answer: str) -> str:
        happened.put(f"asked for {answer}")
        over.wait(60)
        return answer

    def share(over: threading.Event, answer: str, ends: float) -> "Future[Any]":
        return agents.submit(flights.share, "key", partial(call, over, answer), ends, place)

    def wait_for(flight: Flight, *_limits: object) -> Any:
        happened.put("joined")
        return flight.answer.result(60)

    monkeypatch.setattr(Flight, "wait", wait_for)
    hung = share(first, "old", 0)
    assert happened.get(timeout=20) == "asked for old"
    later = share(second, "new", math.inf)
    assert happened.get(timeout=20) == "asked for new"
    first.set()
    assert hung.result(60) == "old"
    third = share(second, "newest", math.inf)
    assert happened.get(timeout=20) == "joined"
    second.set()
    assert (later.result(60), third.result(60)) == ("new", "new")


def test_an_answer_that_came_after_a_page_had_looked_for_it_is_not_asked_for_again() -> None:
    flights, place = Flights(), limits.Place(Room(9, 0), Wish("production"))
    looked = time.monotonic()
    for asked, since, answer in [("1", looked, "1"), ("2", looked, "1"), ("3", math.inf, "3")]:
        assert flights.share("key", partial(str, asked), math.inf, place, since) == answer


@pytest.mark.slow
def test_a_hundred_hung_pages_leave_the_environment_usable(
    names: Names, agents: ThreadPoolExecutor
) -> None:
    upstream = nameless()
    with time_machine.travel(NOON, tick=False) as clock:
        errors = list(agents.map(ask, [upstream] * 100, map(str, range(100))))
        assert {error.kind for error in errors} == {"timeout"}
        names.hung = False
        upstream.deadline_seconds = 30
        clock.shift(timedelta(seconds=1.01))
        assert isinstance(ask(upstream), Customer)


@pytest.mark.slow
def test_hung_calls_rest_an_environment_whatever_customer_they_were_for(names: Names) -> None:
    upstream = nameless()
    with time_machine.travel(NOON, tick=False):
        for _ in range(50):
            assert isinstance(stuck(upstream), TimedOut)
        assert len(upstream.lost) == limits.SEVERAL


@pytest.mark.slow
def test_lost_threads_are_bounded_and_come_back(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SEVERAL", 99)
    upstream = nameless(threads=6)
    kinds = [stuck(upstream).kind for _ in range(5)]
    assert kinds == ["timeout", "timeout", "timeout", "busy", "busy"]
    names.hung = False
    upstream.deadline_seconds = 30
    lost = list(upstream.lost)
    names.answer.set()
    wait(lost)
    assert isinstance(ask(upstream), Customer)


def test_lost_threads_can_be_counted(names: Names) -> None:
    ask(nameless(name="hung"))
    assert REGISTRY.get_sample_value("desk_lost_threads", {"environment": "hung"}) == 1


def test_what_a_lost_call_says_in_the_end_counts_for_nothing(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream = nameless()
    stuck(upstream)
    stuck(upstream)
    lost = list(upstream.lost)
    upstream.rest.got_through()
    names.answer.set()
    wait(lost)
    assert upstream.rest._failed == set()


@pytest.mark.slow
def test_a_search_that_hangs_rests_no_list(names: Names) -> None:
    upstream = nameless()

    def search(stigg: Calls) -> Any:
        return find_customers(stigg, "name", ["acme"])

    for _ in range(limits.SEVERAL):
        Visit(upstream, refresh=True).gather(hits=search)
    assert upstream.memory.get("cool-down:graphql")
    assert upstream.memory.get("cool-down:rest") is None


def test_nothing_of_a_page_that_is_over_is_waited_for(names: Names) -> None:
    upstream = nameless(pages=Room(0, 1))
    assert isinstance(stuck(upstream), TimedOut)
    assert isinstance(stuck(upstream), StiggError)
    upstream.pages.take(Wish("production"))  # the place was given back, the thread was not
