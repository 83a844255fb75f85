"""How the simulated Stigg starts, stops and speaks HTTP."""

import ast
import http.client
import io
import json
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from wsgiref.validate import validator

import pytest

from integrations_app import simulator
from integrations_app.simulator import Simulator
from integrations_app.simulator.application import Application
from integrations_app.simulator.server import HOST
from tests.simulator.calls import call, call_on, connect, get, raw, rows

# --- starting and stopping ------------------------------------------------------------------------


def test_it_listens_on_loopback_alone(api: Simulator) -> None:
    assert api._server.server_address[0] == "127.0.0.1"


def test_two_of_them_share_no_faults(api: Simulator) -> None:
    with simulator.start() as second:
        second.fault(status=500)
        assert rows(second, "acme-corp").status == 500
        assert rows(api, "acme-corp").status == 200


def test_it_takes_the_port_it_is_given() -> None:
    with simulator.start() as first:
        port = first.port
    with simulator.start(port) as second:
        assert rows(second, "acme-corp").status == 200


def test_when_it_stops_nobody_answers() -> None:
    with simulator.start() as stopped:
        pass
    with pytest.raises(ConnectionRefusedError):
        rows(stopped, "acme-corp")


def test_when_it_stops_kept_connections_end_too() -> None:
    with simulator.start() as stopped:
        connection = connect(stopped)
        call_on(connection, "/api/v1/customers/acme-corp")
    connection.auto_open = False
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        call_on(connection, "/api/v1/customers/acme-corp")


def test_when_it_stops_nobody_is_left_waiting() -> None:
    with simulator.start() as stopped, socket.create_connection((HOST, stopped.port), 10) as caller:
        stopped.fault(drip=600, drip_head=True)
        caller.sendall(get("/api/v1/customers/acme-corp"))
        assert caller.recv(8) == b"HTTP/1.1"  # and the rest will take hours
        stopped.stop()
        with suppress(ConnectionError):
            while caller.recv(65_536):  # until the other side hangs up; a wait of 10 seconds fails
                pass


def test_it_needs_nothing_but_the_standard_library() -> None:
    for path in Path(simulator.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.append(node.module)
            assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names, path.name


# --- HTTP -----------------------------------------------------------------------------------------


def test_head_and_body_leave_in_one_packet(api: Simulator) -> None:
    """In two, Nagle's algorithm against delayed ACKs would cost 44 ms a call."""
    with socket.create_connection((HOST, api.port), 10) as connection:
        connection.sendall(get("/api/v1/customers/acme-corp"))
        received = connection.recv(65_536)
    head, _, body = received.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    assert body


def test_a_crowd_may_come_at_once(api: Simulator) -> None:
    with ThreadPoolExecutor(60) as crowd:
        replies = crowd.map(lambda _: rows(api, "acme-corp").status, range(300))
        assert set(replies) == {200}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"])
@pytest.mark.parametrize("path", ["", "/acme-corp", "/acme-corp/integrations"])
def test_only_get_is_allowed(api: Simulator, method: str, path: str) -> None:
    reply = call(api, f"/api/v1/customers{path}", method)
    assert (reply.status, reply.headers["Allow"], reply.json["code"]) == (405, "GET", None)


def test_head_is_refused_without_a_body(api: Simulator) -> None:
    reply = call(api, "/api/v1/customers", "HEAD")
    assert (reply.status, reply.body) == (405, b"")


@pytest.mark.parametrize(
    "path", ["/", "/api/v1", "/api/v1/customers/a/b", "/api/v2/customers", "/graphql", "/healthz"]
)
def test_other_paths_are_not_found_in_json(api: Simulator, path: str) -> None:
    reply = call(api, path)
    assert (reply.status, reply.headers["Content-Type"]) == (404, "application/json; charset=utf-8")
    assert reply.json["code"] is None


def test_a_body_that_nobody_wants_does_not_spoil_the_next_request(api: Simulator) -> None:
    connection = connect(api)
    assert (
        call_on(connection, "/api/v1/customers", "POST", body=b"GET / HTTP/1.1\r\n\r\n").status
        == 405
    )
    assert call_on(connection, "/api/v1/customers/acme-corp").status == 200
    connection.close()


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/9.9\r\n\r\n", b"505"),
        (b"POST /api/v1/customers HTTP/1.1\r\nContent-Length: ten\r\n\r\n", b"400"),
        (b"POST /api/v1/customers HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (
            b"POST /api/v1/customers HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
            b"413",
        ),
        (b"POST /api/v1/customers HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
    ],
)
def test_what_is_hardly_http_is_refused_in_json(
    api: Simulator, request_text: bytes, status: bytes
) -> None:
    head, _, body = raw(api, request_text).partition(b"\r\n\r\n")
    assert head.split()[1] == status
    assert json.loads(body)["code"] is None


def test_it_keeps_the_rules_of_wsgi() -> None:
    """A stranger's judgement: wsgiref's validator raises where an application or its server breaks
    PEP 3333.
    """
    application = validator(Application(lambda _seconds: None))
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/api/v1/customers/acme-corp",
        "QUERY_STRING": "",
        "RAW_URI": "/api/v1/customers/acme-corp",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "HTTP_X_API_KEY": "simulated-production-key",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    with closing(application(environ, lambda *_: print)) as answer:  # type: ignore[type-var] # it has a close()
        assert json.loads(b"".join(answer))["data"]["name"] == "Acme Inc."
