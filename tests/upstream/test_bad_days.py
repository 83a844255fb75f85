"""Whatever a server does, over real sockets: what the agent sees, with which status, and that it
ends: these faults would last for ever.
"""

import gzip
import json
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from django.core.cache import cache
from django.test import Client as Browser
from urllib3 import HTTPSConnectionPool

from integrations_app.stigg import ApiKey, Client, TimedOut
from integrations_app.stigg.transport import Limits, Transport
from integrations_app.upstream import environments
from integrations_app.upstream import upstream as upstreams
from integrations_app.upstream.copies import Memory
from integrations_app.upstream.environments import Environment
from integrations_app.upstream.fresh_or_copy import Visit
from integrations_app.upstream.limits import RetryBudget, Room
from integrations_app.upstream.upstream import Upstream
from tests import hostile
from tests.pages import HTMX, element, page, problem, rows, soup

DEADLINE_SECONDS = 0.6  # for what would last for ever
PATIENT_SECONDS = 20  # for what ends by itself, on a machine however busy
Point = Callable[[str], Environment]


def upstream(url: str, *, deadline: float = DEADLINE_SECONDS) -> Upstream:
    limits = Limits(connect=deadline * 2 / 3, read=deadline * 2 / 3, total=deadline)
    client = Client(url, ApiKey("hostile-key"), limits=limits)
    return Upstream(
        "production",
        client,
        Memory(cache, url),
        pages=Room(4, 8),
        searches=Room(4, 8),
        budget=RetryBudget(),
        deadline_seconds=deadline,
    )


@pytest.fixture
def point(monkeypatch: pytest.MonkeyPatch) -> Point:
    """Point production at another server for one test; staging stays the simulated one."""
    return pointing(monkeypatch, PATIENT_SECONDS)


def deadline_of(status: int) -> float:
    return DEADLINE_SECONDS if status == 504 else PATIENT_SECONDS


def pointing(monkeypatch: pytest.MonkeyPatch, deadline: float) -> Point:
    def at(url: str) -> Environment:
        production = Environment("production", "Production", True, upstream(url, deadline=deadline))
        known = environments.configured()
        assert isinstance(known, dict)
        monkeypatch.setitem(known, "production", production)
        return production

    return at


EMPTY = b'{"data": [], "pagination": {"next": null, "prev": null}}'
GZIP = gzip.compress(b" " * 50_000_000)
FAULTS: dict[str, tuple[hostile.Behaviour, int, str]] = {
    "never answers": (hostile.hangs, 504, "timeout"),
    "drips headers": (hostile.drips(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"), 504, "timeout"),
    "drips a body": (hostile.drips(hostile.head("Content-Length: 100000"), b" "), 504, "timeout"),
    "drips a body of unknown length": (hostile.drips(hostile.head(), b" "), 504, "timeout"),
    "drips chunks": (
        hostile.drips(hostile.head("Transfer-Encoding: chunked"), b"1\r\n \r\n"),
        504,
        "timeout",
    ),
    "hangs up at once": (lambda _connection, _head: None, 503, "unavailable"),
    "resets": (hostile.resets, 503, "unavailable"),
    "cuts the body off": (
        hostile.sends(hostile.head("Content-Length: 900"), EMPTY),
        503,
        "unavailable",
    ),
    "breaks a chunk": (
        hostile.sends(hostile.head("Transfer-Encoding: chunked"), b"zz\r\n"),
        503,
        "unavailable",
    ),
    "ends in the middle of the JSON": (
        hostile.sends(hostile.head(), EMPTY[:-9]),
        502,
        "unexpected",
    ),
    "speaks no HTTP": (hostile.sends(b"220 mail.example ESMTP\r\n"), 503, "unavailable"),
    "sends 100 MB": (hostile.floods(hostile.head("Content-Length: 100000000")), 502, "unexpected"),
    "sends without end": (hostile.floods(hostile.head()), 502, "unexpected"),
    "sends headers without end": (
        hostile.drips(b"HTTP/1.1 200 OK\r\nX-A: ", b"a" * 90_000, 0),
        503,
        "unavailable",
    ),
    "sends a gzip bomb": (
        hostile.sends(hostile.head("Content-Encoding: gzip", f"Content-Length: {len(GZIP)}"), GZIP),
        502,
        "unexpected",
    ),
    "redirects": (
        hostile.sends(hostile.head("Location: http://127.0.0.1:9/", status="302 Found")),
        502,
        "unexpected",
    ),
    "sends HTML": (
        hostile.sends(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>"),
        502,
        "unexpected",
    ),
    "sends no length and no type": (
        hostile.sends(b"HTTP/1.1 200 OK\r\n\r\n" + EMPTY),
        502,
        "unexpected",
    ),
    "says a strange status": (
        hostile.sends(hostile.head(status="299 Odd"), EMPTY),
        502,
        "unexpected",
    ),
    "is restarting": (
        hostile.sends(
            hostile.head(
                status="503 Restarting",
            ),
            b"",
        ),
        503,
        "unavailable",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_it_says_what_is_wrong_and_ends_in_time(
    agent: Browser, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    behaviour, status, kind = FAULTS[fault]
    with hostile.server(behaviour) as stigg:
        pointing(monkeypatch, deadline_of(status))(stigg.url)
        response = agent.get(page("acme-corp", part="results/"), headers=HTMX)
    assert (response.status_code, problem(response)) == (status, kind)
    assert response["X-Request-ID"] in element(response, "[data-problem] .quote").get_text()
    assert "hostile-key" not in response.content.decode() + str(response.headers)


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    ["never answers", "drips a body", "hangs up at once", "sends without end", "sends HTML"],
)
def test_a_look_up_says_so_too_and_ends_in_time(
    agent: Browser, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    behaviour, status, kind = FAULTS[fault]
    with hostile.server(behaviour) as stigg:
        pointing(monkeypatch, deadline_of(status))(stigg.url)
        response = agent.get("/lookup", {"q": "acme-corp"})
        assert stigg.requests
    assert (response.status_code, problem(response)) == (status, kind)


def test_the_log_says_when_an_answer_was_compressed(
    agent: Browser, point: Point, caplog: pytest.LogCaptureFixture
) -> None:
    with hostile.server(hostile.sends(hostile.head("Content-Encoding: gzip"), GZIP)) as stigg:
        point(stigg.url)
        agent.get(page("acme-corp"))
    said = {vars(line).get("detail") for line in caplog.records}
    assert "the answer is compressed although plain was asked for" in said


def test_a_read_waits_no_longer_than_its_call_has_left() -> None:
    patient = Limits(connect=600, read=600, total=DEADLINE_SECONDS)
    with hostile.server(hostile.hangs) as stigg:
        client = Client(stigg.url, ApiKey("hostile-key"), limits=patient)
        with pytest.raises(TimedOut):
            client.get_customer("acme-corp")


def test_a_read_waits_no_longer_than_for_the_next_byte() -> None:
    over = threading.Event()

    def answers_late(connection: socket.socket, _head: bytes) -> None:
        over.wait(20)
        connection.sendall(hostile.head("Content-Length: 27") + b'{"data":{"id":"acme-corp"}}')

    with hostile.server(answers_late) as stigg:
        client = Client(stigg.url, ApiKey("hostile-key"), limits=Limits(read=0.2, total=600))
        with pytest.raises(TimedOut):
            client.get_customer("acme-corp")
        over.set()


def test_what_took_too_long_is_not_asked_again() -> None:
    with hostile.server(hostile.hangs) as stigg:
        asked = upstream(stigg.url, deadline=20)
        asked.client = Client(stigg.url, ApiKey("hostile-key"), limits=Limits(read=0.2))
        found = Visit(asked).gather(customer=lambda it: it.get_customer("acme-corp"))
        assert isinstance(found["customer"], TimedOut)
        assert len(stigg.requests) == 1


def test_nothing_is_asked_again_where_no_time_is_left_for_it(
    agent: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstreams, "RETRY_PAUSE_SECONDS", (9, 9))
    with hostile.server(lambda _connection, _head: None) as stigg:
        pointing(monkeypatch, DEADLINE_SECONDS)(stigg.url)
        assert problem(agent.get(page("acme-corp"))) == "unavailable"


def through(proxy: str, scheme: str = "http", total: float = 20) -> Client:
    limits = Limits(total=total)
    return Client(f"{scheme}://stigg.example", ApiKey("key"), limits=limits, proxy=proxy)


def test_it_asks_through_the_proxy_that_it_is_given() -> None:
    answer = hostile.head("Content-Length: 27") + b'{"data":{"id":"acme-corp"}}'
    with hostile.server(hostile.sends(answer)) as proxy:
        assert through(proxy.url).get_customer("acme-corp").id == "acme-corp"
        (asked,) = proxy.requests
    assert asked.startswith(b"GET http://stigg.example/api/v1/customers/acme-corp HTTP")


@pytest.mark.parametrize(
    ("scheme", "start", "drop"),
    [
        ("http", hostile.head("Content-Length: 100"), b" "),
        ("https", b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
    ],
)
def test_a_proxy_that_drips_is_given_up_in_time_too(scheme: str, start: bytes, drop: bytes) -> None:
    with hostile.server(hostile.drips(start, drop)) as proxy, pytest.raises(TimedOut):
        through(proxy.url, scheme, DEADLINE_SECONDS).get_customer("acme-corp")


def test_it_names_a_port_that_nobody_listens_on(agent: Browser, point: Point) -> None:
    point("http://127.0.0.1:9")
    assert problem(agent.get(page("acme-corp"))) == "unavailable"


def test_it_names_a_host_that_does_not_exist(
    agent: Browser, point: Point, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_args: object, **_kwargs: object) -> None:
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    point("http://name.example")
    assert problem(agent.get(page("acme-corp"))) == "unavailable"


def anonymous_tls(connection: socket.socket, _head: bytes) -> None:
    """TLS without a certificate: anybody could be speaking."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ADH:@SECLEVEL=0")
    with suppress(ssl.SSLError):
        context.wrap_socket(connection, server_side=True).recv(100)


@pytest.mark.parametrize(
    "speaks", [anonymous_tls, hostile.sends(b"HTTP/1.1 400 Bad Request\r\n\r\n")]
)
def test_it_trusts_no_answer_without_a_certificate(
    agent: Browser, point: Point, speaks: hostile.Behaviour
) -> None:
    with hostile.server(speaks, at_once=True) as stigg:
        point(stigg.url.replace("http:", "https:"))
        assert problem(agent.get(page("acme-corp"))) == "unexpected"


def test_it_checks_certificates() -> None:
    transport = Transport({}, "")
    request = transport._request("https://api.stigg.io/", None, {})
    pool = transport._adapter.get_connection_with_tls_context(request, transport.ca_bundle or True)
    assert isinstance(pool, HTTPSConnectionPool)
    assert pool.cert_reqs == "CERT_REQUIRED"


def listing(rows: int, following: str | None, previous: str | None = None) -> bytes:
    data = [
        {"id": f"i-{n}", "vendorIdentifier": "STRIPE", "syncedEntityId": f"cus_{n}"}
        for n in range(rows)
    ]
    body = json.dumps({"data": data, "pagination": {"next": following, "prev": previous}}).encode()
    return hostile.head(f"Content-Length: {len(body)}", "Connection: close") + body


A, B, C = (f"{letter * 8}-0000-4000-8000-000000000000" for letter in "abc")


def by_cursor(answers: dict[str, bytes]) -> hostile.Behaviour:
    """The list by the cursor that is asked for; the customer itself is not known."""

    def answer(connection: socket.socket, head: bytes) -> None:
        path = head.split(b" ")[1].decode()
        found = next((body for cursor, body in answers.items() if cursor in path), answers["first"])
        connection.sendall(found if "/integrations" in path else hostile.head(status="500 No"))

    return answer


@pytest.mark.parametrize(
    "answers",
    [
        {"first": listing(2, A), f"after={A}": listing(2, A)},
        {"first": listing(2, A), f"after={A}": listing(2, B), f"after={B}": listing(2, A)},
    ],
    ids=["it repeats itself", "two pages lead to each other"],
)
def test_a_walk_in_circles_ends_with_a_notice(
    agent: Browser, point: Point, answers: dict[str, bytes]
) -> None:
    behaviour = by_cursor(answers)
    with hostile.server(behaviour) as stigg:
        point(stigg.url)
        address, walked = page("acme-corp", "?limit=2"), 0
        while address and walked < 9:
            response = agent.get(address)
            link = soup(response).select_one("a[rel=next]")
            address, walked = str(link["href"]) if link else "", walked + 1
        assert walked == len(answers)
        assert "same page twice" in element(response, ".notice").get_text()
        assert len(rows(response)) == 2
        before = agent.get(page("acme-corp", f"?limit=2&before={A}"))
        assert before.status_code == 200


def test_a_walk_back_in_circles_ends_with_a_notice(agent: Browser, point: Point) -> None:
    behaviour = by_cursor(
        {
            "first": listing(2, A),
            f"after={A}": listing(2, None, B),
            f"before={B}": listing(2, A, C),
            f"before={C}": listing(2, A, B),
        }
    )
    with hostile.server(behaviour) as stigg:
        point(stigg.url)
        agent.get(page("acme-corp", "?limit=2"))
        address, walked = page("acme-corp", f"?limit=2&after={A}"), 0
        while address and walked < 9:
            response = agent.get(address)
            link = soup(response).select_one("a[rel=prev]")
            address, walked = str(link["href"]) if link else "", walked + 1
        assert walked == 3
        assert "same page twice" in element(response, ".notice").get_text()


def test_reading_the_whole_list_ends_when_its_marks_lead_in_a_circle(
    agent: Browser, point: Point
) -> None:
    refused = (
        hostile.head("Content-Length: 2", "Connection: close", status="400 Bad Request") + b"{}"
    )
    behaviour = by_cursor(
        {"vendorIdentifier": refused, f"after={A}": listing(2, A), "first": listing(2, A)}
    )
    with hostile.server(behaviour) as stigg:
        point(stigg.url)
        response = agent.get(page("acme-corp", "?vendor=STRIPE"))
        assert response.status_code == 200
        assert "same page twice" in soup(response).get_text()
        assert len(stigg.requests) < 8
