"""Kept connections that died: over real sockets, and without an error for anybody."""

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from integrations_app.stigg import (
    ApiKey,
    Client,
    Limits,
    Question,
    TimedOut,
    Unavailable,
    transport,
)
from tests import hostile

BODY = json.dumps({"data": {"id": "acme-corp"}}).encode()
ANSWER = hostile.head(f"Content-Length: {len(BODY)}") + BODY


class Dying:
    """Answers the first request of each connection; what comes on it later meets `death`."""

    def __init__(self, death: hostile.Behaviour, together: int = 1) -> None:
        self.death, self.connections, self.later = death, 0, 0
        self.together = threading.Barrier(together)  # so many connections are made at first

    def __call__(self, connection: socket.socket, request: bytes) -> None:
        self.connections += 1
        if self.connections <= self.together.parties:
            self.together.wait(20)
        connection.sendall(ANSWER)
        if connection.recv(65_536):
            self.later += 1
            self.death(connection, request)


def client(url: str) -> Client:
    return Client(url, ApiKey("a-key"), limits=Limits(connect=10, read=0.3, total=20))


DEATHS: dict[str, hostile.Behaviour] = {
    "reset": hostile.resets,
    "closed": lambda *_met: None,
    "silent": hostile.hangs,
}


@pytest.mark.parametrize("death", DEATHS)
def test_a_get_that_met_a_dead_connection_is_asked_on_a_new_one(death: str) -> None:
    dying = Dying(DEATHS[death])
    with hostile.server(dying) as server:
        stigg = client(server.url)
        for _ in range(2):
            assert stigg.get_customer("acme-corp").id == "acme-corp"
    assert (dying.connections, dying.later) == (2, 1)


def test_a_burst_on_dead_connections_costs_nobody_an_error() -> None:
    dying = Dying(hostile.resets, together=4)
    with hostile.server(dying) as server, ThreadPoolExecutor(4) as agents:
        stigg = client(server.url)
        for _ in range(2):
            found = list(agents.map(stigg.get_customer, ["acme-corp"] * 4))
            assert [customer.id for customer in found] == ["acme-corp"] * 4
    assert dying.later >= 1
    assert dying.connections == 4 + dying.later


def test_the_second_try_is_on_no_other_kept_connection() -> None:
    dying = Dying(hostile.resets, together=2)
    with hostile.server(dying) as server, ThreadPoolExecutor(2) as agents:
        stigg = client(server.url)
        list(agents.map(stigg.get_customer, ["acme-corp"] * 2))
        # In a burst others may have put theirs on top; here nobody has, so it is asked for.
        request = stigg._transport._request(f"{server.url}/api/v1/customers/acme-corp", None, {})
        second = transport._Attempt(time.monotonic() + 20, on_new=True)
        assert stigg._transport._send(request, second).status == 200
    assert (dying.connections, dying.later) == (3, 0)


def test_a_post_is_never_asked_twice() -> None:
    dying = Dying(hostile.resets)
    with hostile.server(dying) as server:
        stigg = client(server.url)
        stigg.get_customer("acme-corp")
        with pytest.raises(Unavailable):
            stigg.ask(Question("/graphql", {}), dict)
    assert (dying.connections, dying.later) == (1, 1)


def test_a_get_that_got_a_byte_is_not_asked_again() -> None:
    dying = Dying(hostile.sends(ANSWER[:-5]))
    with hostile.server(dying) as server:
        stigg = client(server.url)
        stigg.get_customer("acme-corp")
        with pytest.raises(Unavailable):
            stigg.get_customer("acme-corp")
    assert dying.connections == 1


def test_a_new_connection_that_gives_no_answer_is_not_tried_again() -> None:
    with hostile.server(hostile.hangs) as server:
        with pytest.raises(TimedOut):
            client(server.url).get_customer("acme-corp")
        assert len(server.requests) == 1


def test_it_is_not_asked_again_when_the_time_is_over() -> None:
    dying = Dying(hostile.hangs)
    with hostile.server(dying) as server:
        stigg = Client(server.url, ApiKey("a-key"), limits=Limits(connect=10, read=9, total=9))
        stigg.get_customer("acme-corp")
        with pytest.raises(TimedOut):
            stigg.ask(Question("/api/v1/customers/acme-corp", patience=0.2), dict)
    assert dying.connections == 1


def test_a_connection_that_was_idle_for_long_is_not_used_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dying = Dying(hostile.resets)
    with hostile.server(dying) as server:
        stigg = client(server.url)
        monkeypatch.setattr(transport, "IDLE_SECONDS", 0)
        for _ in range(2):
            stigg.get_customer("acme-corp")
    assert (dying.connections, dying.later) == (2, 0)
