"""What of the desk's faults reaches Sentry: where in the code, and nothing of anybody's."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import brotli
import pytest

from integrations_app.simulator import Simulator
from tests.desks import NAME, PASSWORD, connected, open_desk
from tests.pages import page
from tests.services import HOST
from tests.site.test_start import KEY, started

pytestmark = pytest.mark.slow  # starts the desk in a process of its own

PASTED = "jane.doe@customer.example"
TICKET = f"Hello, {PASTED} cannot pay, her id is cus_9s6XKzkNRiz8i3"
# A row that cannot be read: the database's words quote it.
UNREADABLE = """
INSERT INTO integrations_app_linktemplate (environment, vendor_identifier, template)
VALUES ('production', 'stripe', CAST(? AS TEXT))
"""
NO_INDEX = "DROP TABLE integrations_app_indexentry"


class Sentry(HTTPServer):
    """As much of it as takes reports: its envelopes, and all bytes of each request."""

    def __init__(self) -> None:
        self.envelopes: Queue[tuple[str, str]] = Queue()
        super().__init__((HOST, 0), Inbox)
        self.dsn = f"http://a-public-key@{HOST}:{self.server_port}/7"

    def next(self) -> tuple[dict[str, Any], str]:
        """The next report, and all that came with it."""
        headers, body = self.envelopes.get(timeout=60)
        return json.loads(body.splitlines()[2]), headers + body


class Inbox(BaseHTTPRequestHandler):
    server: Sentry

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.headers["Content-Encoding"] == "br"
        head = f"{self.requestline}\n{self.headers}"
        self.server.envelopes.put((head, brotli.decompress(body).decode()))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def sentry() -> Iterator[Sentry]:
    with Sentry() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_a_report_says_where_in_the_code_and_nothing_of_anybody(
    stigg: Simulator, sentry: Sentry, tmp_path: Path
) -> None:
    dsn = tmp_path / "dsn"
    dsn.write_text(f"{sentry.dsn}\n")
    database = f"sqlite:///{tmp_path}/desk.sqlite3"
    with open_desk(stigg, DATABASE_URL=database, SENTRY_DSN_FILE=str(dsn)) as desk:
        agent = desk.sign_in()
        with connected(database) as breaking:
            breaking.execute(UNREADABLE, [PASTED.encode() + b"\xff"])
            breaking.execute(NO_INDEX)
        shown = agent.get(f"{desk.url}{page('acme-corp')}?find={PASTED}")
        agent.get(desk.url, headers={"Host": "forged.example"})  # anybody's doing, no fault
        looked_up = agent.post(f"{desk.url}/lookup", {"q": TICKET})
        keys = [desk.environment[name] for name in ("SECRET_KEY", "STIGG_API_KEY")]
    for answer, view in ((shown, "integrations"), (looked_up, "lookup")):
        assert answer.status_code == 503
        report, sent = sentry.next()
        assert report["tags"] == {"request_id": answer.headers["X-Request-ID"]}
        assert report["transaction"] == view
        *_, last = report["exception"]["values"]
        assert last["type"] == "OperationalError"
        files = [frame["filename"] for frame in last["stacktrace"]["frames"]]
        assert any(file.startswith("integrations_app/") for file in files)
        for word in (
            "acme",
            "jane",
            "customer.example",
            "cus_9s6X",
            "Cookie",
            NAME,
            PASSWORD,
            *agent.cookies.values(),
            *keys,
        ):
            assert word not in sent
    assert sentry.envelopes.empty()


def test_without_the_setting_its_library_is_not_even_loaded() -> None:
    script = "import sys; import dashboard.asgi; print('sentry_sdk' in sys.modules)"
    said = [
        started(["-c", script], STIGG_API_KEY=KEY, **known).stdout
        for known in ({}, {"SENTRY_DSN": "https://key@sentry.example/1"})
    ]
    assert said == ["False\n", "True\n"]
