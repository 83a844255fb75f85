"""How tests call the simulated Stigg: over real HTTP, by the standard library alone."""

import http.client
import json
import socket
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from integrations_app.simulator import Simulator

PRODUCTION = {"X-API-KEY": "simulated-production-key"}
STAGING = {"X-API-KEY": "simulated-staging-key"}
PERSON = {"Authorization": "Bearer simulated-user-token", "X-ENVIRONMENT-ID": "env-production"}


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> tuple[int, str | None]:
        return self.status, self.json["code"]

    @property
    def ids(self) -> list[str]:
        return [row["id"] for row in self.json["data"]]

    @property
    def vendors(self) -> list[str]:
        return [row["vendorIdentifier"] for row in self.json["data"]]

    @property
    def next(self) -> Any:
        """The cursor of the next page, or None."""
        return self.json["pagination"]["next"]

    @property
    def prev(self) -> Any:
        return self.json["pagination"]["prev"]


def connect(api: Simulator) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)


def call(
    api: Simulator,
    path: str,
    method: str = "GET",
    headers: Mapping[str, str] = PRODUCTION,
    body: str | bytes | None = None,
) -> Reply:
    connection = connect(api)
    try:
        return call_on(connection, path, method, headers, body)
    finally:
        connection.close()


def call_on(
    connection: http.client.HTTPConnection,
    path: str,
    method: str = "GET",
    headers: Mapping[str, str] = PRODUCTION,
    body: str | bytes | None = None,
) -> Reply:
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return Reply(answer.status, dict(answer.getheaders()), answer.read())


def rows(
    api: Simulator, customer_id: str, headers: Mapping[str, str] = PRODUCTION, **query: object
) -> Reply:
    suffix = "?" + urlencode(query, safe=",") if query else ""
    path = f"/api/v1/customers/{quote(customer_id, safe='')}/integrations{suffix}"
    return call(api, path, headers=headers)


def customer(api: Simulator, customer_id: str, headers: Mapping[str, str] = PRODUCTION) -> Reply:
    return call(api, f"/api/v1/customers/{quote(customer_id, safe='')}", headers=headers)


def customers(api: Simulator, headers: Mapping[str, str] = PRODUCTION, **query: object) -> Reply:
    return call(api, f"/api/v1/customers?{urlencode(query)}", headers=headers)


def control(api: Simulator, method: str, path: str, payload: object = None) -> Reply:
    body = None if payload is None else json.dumps(payload)
    return call(api, path, method, headers={}, body=body)


def get(path: str, *headers: str) -> bytes:
    """A request as bytes, for what http.client cannot watch."""
    key = f"X-API-KEY: {PRODUCTION['X-API-KEY']}"
    return "\r\n".join((f"GET {path} HTTP/1.1", key, *headers, "", "")).encode()


def raw(api: Simulator, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def walk(
    connection: http.client.HTTPConnection,
    path: str,
    limit: int,
    vendors: Collection[str] = (),
    **cursor: str,
) -> Iterator[Reply]:
    """Pages in the order they come: `after` the last row until the end, or `before` the first to
    the start.
    """
    query = {"limit": str(limit)} | ({"vendorIdentifier": ",".join(vendors)} if vendors else {})
    direction, step = ("before", "prev") if "before" in cursor else ("after", "next")
    for _ in range(200):
        page = call_on(connection, f"{path}?{urlencode(query | cursor)}")
        yield page
        place = page.json["pagination"][step]
        if place is None:
            return
        cursor = {direction: place}
    pytest.fail("the walk never ends")
