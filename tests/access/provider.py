"""A real OpenID Provider on loopback, and what a dishonest or broken one would do."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import oidc_provider_mock
import requests
from flask import Flask, Response, request
from werkzeug.serving import make_server

CLAIMS = {
    "email": "mara@acme.example",
    "email_verified": True,
    "name": "Mara Stone",
    "groups": ["support"],
}


class Provider:
    """`users` are its people; `asked` are the token requests of the desk."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self.server = make_server("127.0.0.1", 0, app.wsgi_app, threaded=True)
        self.issuer = f"http://127.0.0.1:{self.server.port}"
        self.asked: list[dict[str, str]] = []
        self.token_changes: dict[str, Any] = {}
        self.without: set[str] = set()
        self.broken: dict[str, Response] = {}
        app.before_request(self._before)
        app.after_request(self._after)

    def person(self, subject: str = "u-1", **claims: Any) -> None:
        requests.put(f"{self.issuer}/users/{subject}", json=CLAIMS | claims, timeout=5)

    def _before(self) -> Response | None:
        if request.path == "/oauth2/token":
            self.asked.append(request.form.to_dict())
        return self.broken.get(request.path)

    def _after(self, response: Response) -> Response:
        """Change the ID token as `token_changes` says.

        Its signature then is another, which the desk may leave unchecked: the token comes from
        the provider itself, over TLS (OpenID Connect Core 3.1.3.7, 6).
        """
        body = response.get_json(silent=True) if request.path == "/oauth2/token" else None
        if not isinstance(body, dict) or "id_token" not in body:
            return response
        for name in self.without:
            del body[name]
        if self.token_changes:
            payload = jwt.decode(body["id_token"], options={"verify_signature": False})
            body["id_token"] = jwt.encode(payload | self.token_changes, "k" * 32)
        response.set_data(self._app.json.dumps(body))
        return response


@contextmanager
def running() -> Iterator[Provider]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    provider = Provider(oidc_provider_mock.app())
    thread = threading.Thread(target=provider.server.serve_forever, daemon=True)
    thread.start()
    yield provider
    provider.server.shutdown()
    thread.join()


def answer(authorization: str, subject: str = "u-1") -> str:
    """Sign in at the provider's page, without a browser; the address that it sends back to."""
    response = requests.post(authorization, data={"sub": subject}, allow_redirects=False, timeout=5)
    assert response.status_code == 302, response.text
    return response.headers["Location"]


def path_of(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def query_of(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
