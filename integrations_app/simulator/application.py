"""The WSGI application: Stigg's API in front, a control address for tests behind `/_control/`.

    POST   /_control/faults     the fields of `faults.Fault` as a JSON object
    DELETE /_control/faults     everything answers rightly again
    GET    /_control/requests   what was asked of the API, keys left out
    DELETE /_control/requests

Only this machine may use the control address.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote, unquote_plus
from wsgiref.types import StartResponse, WSGIEnvironment

from . import graph
from .api import Answer, Refused, Request, answer, environment_of, place, written
from .faults import Asked, Fault, Faults

REMEMBERED = 10_000  # requests
PIECE = 16  # bytes between two waits of a dripping answer
HEAD_DRIP = "simulator.head_drip"  # how the application asks the server for headers that drip
SECRETS = ("x-api-key", "authorization")

Seen = dict[str, Any]


class Application:
    def __init__(self, wait: Callable[[float], object]) -> None:
        self.faults = Faults()
        self.seen: deque[Seen] = deque(maxlen=REMEMBERED)
        self._wait = wait
        self._controls: dict[tuple[str, str], Callable[[bytes], Answer]] = {
            ("POST", "/_control/faults"): self._set_fault,
            ("DELETE", "/_control/faults"): self._clear_faults,
            ("GET", "/_control/requests"): self._show_requests,
            ("DELETE", "/_control/requests"): self._forget_requests,
        }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = read_request(environ)
        if request.path.startswith("/_control/"):
            return plain(request, self._control(request, environ), start_response)
        return self._answer(request, environ, start_response)

    def _answer(
        self, request: Request, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        environment = known_environment(request.headers)
        self.seen.append(remembered(request, environment))
        request = replace(request, body=read_body(environ))
        route, customer_id, right = asked(request)
        question = Asked(route or "", customer_id, environment, said(request))
        fault = self.faults.take(question) if route else None
        if fault is None:
            return plain(request, right(request), start_response)
        self._wait(fault.delay)
        environ[HEAD_DRIP] = fault.drip if fault.drip_head else 0
        return self._spoilt(fault, fault.spoil(right(request), route), start_response)

    def _spoilt(
        self, fault: Fault, spoilt: Answer, start_response: StartResponse
    ) -> Iterable[bytes]:
        start(spoilt, start_response)
        body = spoilt.body[: len(spoilt.body) // 2] if fault.cut else spoilt.body
        return self._dripping(body, fault.drip) if fault.drip else [body]

    def _dripping(self, body: bytes, seconds: float) -> Iterator[bytes]:
        for begin in range(0, len(body), PIECE):
            yield body[begin : begin + PIECE]
            self._wait(seconds)

    # --- the control address ---

    def _control(self, request: Request, environ: WSGIEnvironment) -> Answer:
        if not ip_address(environ["REMOTE_ADDR"]).is_loopback:
            return written({"message": "Only this machine may do that"}, 403)
        control = self._controls.get((request.method, request.path))
        if control is None:
            return written({"message": "No such control"}, 404)
        return control(read_body(environ))

    def _set_fault(self, body: bytes) -> Answer:
        try:
            self.faults.add(Fault(**json.loads(body)))
        except (TypeError, ValueError) as error:
            return written({"message": str(error)}, 400)
        return written({}, 201)

    def _clear_faults(self, _body: bytes) -> Answer:
        self.faults.clear()
        return written({})

    def _show_requests(self, _body: bytes) -> Answer:
        return written(list(self.seen))

    def _forget_requests(self, _body: bytes) -> Answer:
        self.seen.clear()
        return written({})


def read_request(environ: WSGIEnvironment) -> Request:
    """WSGI decodes PATH_INFO, which makes `%2F` a slash; RAW_URI is the address as it was sent."""
    path, _, query = environ["RAW_URI"].partition("?")
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    return Request(environ["REQUEST_METHOD"], path, query, headers)


def read_body(environ: WSGIEnvironment) -> bytes:
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return body


def asked(request: Request) -> tuple[str | None, str | None, Callable[[Request], Answer]]:
    """The route that faults may be set for, the customer it is about, and who knows the right
    answer.
    """
    if request.path == graph.PATH and request.method == "POST":
        return graph.ROUTE, graph.customer_id(request), graph.answer
    route, customer_id = place(request.path)
    return route if request.method == "GET" else None, customer_id, answer


def said(request: Request) -> str:
    """The request as faults compare it: its address decoded, then its body."""
    address = f"{unquote(request.path)}?{unquote_plus(request.query)}"
    return f"{address} {request.body.decode(errors='replace')}"


def known_environment(headers: Mapping[str, str]) -> str | None:
    try:
        return environment_of(headers)
    except Refused:
        return None


def remembered(request: Request, environment: str | None) -> Seen:
    return {
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "environment": environment,
        "headers": {
            name: "***" if name in SECRETS else value for name, value in request.headers.items()
        },
    }


def plain(request: Request, whole: Answer, start_response: StartResponse) -> Iterable[bytes]:
    start(whole, start_response)
    return [] if request.method == "HEAD" else [whole.body]


def start(response: Answer, start_response: StartResponse) -> None:
    """Content-Length is always that of the whole body: a body that was cut is shorter than
    promised.
    """
    headers = response.headers | {"Content-Length": str(len(response.body))}
    if response.status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = "GET"
    start_response(f"{response.status} {phrase(response.status)}", list(headers.items()))


def phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
