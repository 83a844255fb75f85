"""Part of `make bench`: whole pages of the production server beside an honest peer (peer.py) and
beside Stigg's three calls alone, which are the limit.

All three by turns against one stand-in for Stigg that costs next to nothing and answers after 0, 50
or 300 ms. Prints a table and writes docs/BENCHMARKS.md. `python tests/bench/honest_peer.py 0.5`
measures for half a second where it measures for two.
"""

import asyncio
import json
import os
import platform
import re
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))

from tests.bench import storm  # noqa: E402 - found only by the line above
from tests.bench.stand_in import HEAD_END, SAMPLE, Answers, stigg  # noqa: E402 - as above
from tests.services import open_redis  # noqa: E402 - as above

PAGE = "/production/customers/{}/integrations/"
DELAYS, AGENTS, ROUNDS = (0, 50, 300), (1, 8, 16, 64), 3
KEY = "simulated-production-key"
TABLES = """
CREATE TABLE session (name TEXT PRIMARY KEY, account INTEGER, ends REAL);
CREATE TABLE event (at REAL, account INTEGER, action TEXT, environment TEXT, customer TEXT);
"""
ROW = re.compile(r'<tr[^>]*data-integration-id="([^"]+)".*?</tr>', re.DOTALL)


# --- who asks -------------------------------------------------------------------------------------


class Measured(NamedTuple):
    """Pages a second until the last of them had come, and milliseconds of one."""

    rate: float
    p50: float


@dataclass
class Target:
    """A server, and what an agent with this cookie asks it for: all at once, each on a connection
    of its own.
    """

    port: int
    requests: Callable[[str, str], list[bytes]]

    async def agent(
        self, cookie: str, names: Iterator[str], until: float, took: list[float]
    ) -> None:
        lanes = [
            await asyncio.open_connection("127.0.0.1", self.port, limit=2**20)
            for _ in self.requests("", cookie)
        ]
        while (began := time.perf_counter()) < until:
            asked = self.requests(next(names), cookie)
            await asyncio.gather(
                *(answered(*lane, each) for lane, each in zip(lanes, asked, strict=True))
            )
            took.append(time.perf_counter() - began)
        for _, writer in lanes:
            writer.close()

    def measured(self, names: Iterator[str], cookies: list[str], seconds: float) -> Measured:
        """Agents begin pages for so many seconds, and wait for those that they began."""

        async def all_of_them() -> Measured:
            took: list[float] = []
            began = time.perf_counter()
            agents = [self.agent(each, names, began + seconds, took) for each in cookies]
            await asyncio.gather(*agents)
            rate = len(took) / (time.perf_counter() - began)
            return Measured(rate, statistics.median(took) * 1000)

        return asyncio.run(all_of_them())


async def answered(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> bytes:
    writer.write(request)
    head = await reader.readuntil(HEAD_END)
    assert head[9:12] == b"200", head
    length = re.search(rb"(?i)content-length: (\d+)", head)
    assert length, head
    return await reader.readexactly(int(length[1]))


def page(name: str, cookie: str) -> list[bytes]:
    fields = f"Host: 127.0.0.1\r\nCookie: sessionid={cookie}\r\nAccept-Encoding: gzip\r\n\r\n"
    return [f"GET {PAGE.format(name)} HTTP/1.1\r\n{fields}".encode()]


def calls(name: str, _cookie: str) -> list[bytes]:
    body = json.dumps({"query": "", "variables": {"input": {"customerId": name}}})
    host = "Host: 127.0.0.1\r\n"
    get = f"GET /api/v1/customers/{name}{{}} HTTP/1.1\r\n{host}\r\n"
    post = f"POST /graphql HTTP/1.1\r\n{host}Content-Length: {len(body)}\r\n\r\n{body}"
    return [get.format("/integrations?limit=20").encode(), get.format("").encode(), post.encode()]


# --- the peer -------------------------------------------------------------------------------------


def template(page: str, listed: bytes) -> str:
    """The desk's page as a template of the peer's: each of its rows with the fields that Stigg
    sends as Jinja's, all else as text.
    """
    rows = list(ROW.finditer(page))
    start, end = page[: rows[0].start()], page[rows[-1].end() :]
    sent = {each["id"]: each["syncedEntityId"] for each in json.loads(listed)["data"]}
    shown = [
        f"\0{{% if loop.index0 == {at} %}}\1{fields_of(row, sent)}\0{{% endif %}}\1"
        for at, row in enumerate(rows)
    ]
    whole = f"{start}\0{{% for row in rows %}}\1{''.join(shown)}\0{{% endfor %}}\1{end}"
    whole = whole.replace(SAMPLE, "\0{{ customer.id }}\1")
    marked = whole.replace("\0", "{% endraw %}").replace("\1", "{% raw %}")
    return f"{{% raw %}}{marked}{{% endraw %}}"


def fields_of(row: re.Match[str], sent: dict[str, str | None]) -> str:
    text = row[0].replace(row[1], "\0{{ row.id }}\1")
    synced = sent[row[1]]
    return text.replace(synced, "\0{{ row.synced }}\1") if synced else text


@contextmanager
def peer(known: dict[str, Any], port: int, workers: int) -> Iterator[None]:
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1"]
    options = ["--port", str(port), "--workers", str(workers), "--log-level", "error"]
    process = subprocess.Popen(
        [*command, *options, "tests.bench.peer:app"],
        cwd=ROOT,
        env=os.environ | {"PEER": json.dumps(known)},
    )
    try:
        storm.wait_for(port)
        yield
    finally:
        process.terminate()
        process.wait()


# --- one run --------------------------------------------------------------------------------------


class Scene(NamedTuple):
    """`delay` is Stigg's, in milliseconds; None where its answers are at hand."""

    workers: int
    delay: int | None
    agents: int

    def names(self, numbers: Iterator[int]) -> Iterator[str]:
        """At hand: the same customer again and again. Else one whom nobody has looked at."""
        while True:
            yield SAMPLE if self.delay is None else f"{SAMPLE}-{next(numbers)}"


def signed_in(number: int) -> list[str]:
    """The cookies of so many agents."""
    from tests.accounts import account, browser_of

    browsers = [browser_of(account(f"agent{each}")) for each in range(number)]
    return [browser.cookies["sessionid"].value for browser in browsers]


def recorded(url: str) -> Answers:
    """What the simulated Stigg says of SAMPLE."""
    from integrations_app.stigg.graphql import CUSTOMER_SYNC_STATES

    rest = f"{url}/api/v1/customers/{SAMPLE}"
    body = {"query": CUSTOMER_SYNC_STATES, "variables": {"input": {"customerId": SAMPLE}}}
    states = storm.asked(f"{url}/graphql", data=json.dumps(body).encode())
    found = storm.asked(f"{rest}/integrations?limit=20"), storm.asked(rest), states
    return Answers(*(json.dumps(each).encode() for each in found))


def measure(
    scene: Scene,
    targets: dict[str, Target],
    cookies: list[str],
    numbers: Iterator[int],
    seconds: float,
) -> dict[str, list[Measured]]:
    """Each target ROUNDS times, by turns, after a round that does not count."""
    found: dict[str, list[Measured]] = {name: [] for name in targets}
    for turn in range(ROUNDS + 1):
        for name, target in targets.items():
            measured = target.measured(scene.names(numbers), cookies[: scene.agents], seconds)
            if turn:
                found[name].append(measured)
    return found


def line(scene: Scene, found: dict[str, list[Measured]]) -> str:
    """Medians of the rounds; what the desk's rounds lay between."""
    middle = {
        name: Measured(*map(statistics.median, zip(*of, strict=True))) for name, of in found.items()
    }
    desk, other, raw = middle["desk"], middle["peer"], middle["raw"]
    rates = [each.rate for each in found["desk"]]
    at_hand = scene.delay is None
    numbers = [
        f"{desk.rate:.0f} ({min(rates):.0f}-{max(rates):.0f})",
        f"{other.rate:.0f}",
        f"{desk.rate / other.rate:.2f}",
        f"{desk.p50:.1f}",
        f"{other.p50:.1f}",
        f"{desk.p50 / other.p50:.2f}",
        "" if at_hand else f"{raw.p50:.1f}",
        "" if at_hand else f"{desk.p50 / raw.p50:.2f}",
    ]
    answers = "at hand" if at_hand else f"after {scene.delay} ms"
    return f"| {scene.workers} | {answers} | {scene.agents} | {' | '.join(numbers)} |"


def scenes(workers: int, delay: int) -> list[Scene]:
    asked = [Scene(workers, delay, agents) for agents in AGENTS]
    at_hand = [Scene(workers, None, agents) for agents in AGENTS]
    return asked if delay else [*at_hand, *asked]


def page_and_fields(port: int, cookie: str) -> tuple[str, dict[str, str]]:
    """The desk's page, and the fields of its head that a peer has to send as well."""
    import requests

    url = f"http://127.0.0.1:{port}{PAGE.format(SAMPLE)}"
    found = requests.get(url, cookies={"sessionid": cookie}, timeout=30)
    theirs = {"content-length", "content-encoding", "content-type", "vary", "date", "set-cookie"}
    fields = {name: value for name, value in found.headers.items() if name.lower() not in theirs}
    return found.text, fields


def run(workers: int, delay: int, answers: Answers, port: int, cookies: list[str]) -> list[str]:
    seconds = float((sys.argv[1:] or ["2"])[0])
    folder, free = Path(os.environ["DATABASE_URL"].removeprefix("sqlite:///")).parent, port + 1
    with ExitStack() as stack:
        url = stack.enter_context(stigg(answers, delay))
        os.environ |= {"STIGG_PRODUCTION_API_URL": url, "WORKERS": str(workers)}
        if workers > 1:
            os.environ["CACHE_URL"] = stack.enter_context(open_redis()).url()
        stack.enter_context(serving(port, workers))
        whole, fields = page_and_fields(port, cookies[0])
        known = {"stigg": url, "key": KEY, "query": "", "template": template(whole, answers.listed)}
        database = folder / f"peer-{workers}-{delay}.sqlite3"
        made_by_sql(database, cookies)
        stack.enter_context(
            peer(known | {"headers": fields, "database": str(database)}, free, workers)
        )
        targets = {
            "desk": Target(port, page),
            "peer": Target(free, page),
            "raw": Target(int(url.rpartition(":")[2]), calls),
        }
        same_size(targets, cookies[0])
        numbers = count()
        return [
            line(scene, measure(scene, targets, cookies, numbers, seconds))
            for scene in scenes(workers, delay)
        ]


@contextmanager
def serving(port: int, workers: int) -> Iterator[None]:
    from django.test import override_settings

    with override_settings(WORKERS=workers), storm.serving(port):
        yield


def made_by_sql(database: Path, cookies: list[str]) -> None:
    sessions = [(cookie, number, 9e12) for number, cookie in enumerate(cookies)]
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executescript(TABLES)
        connection.executemany("INSERT INTO session VALUES (?, ?, ?)", sessions)


def same_size(targets: dict[str, Target], cookie: str) -> None:
    """The peer has to send as much as the desk, within a tenth; as sent, which is compressed."""

    async def sent(target: Target) -> int:
        lane = await asyncio.open_connection("127.0.0.1", target.port)
        found = await answered(*lane, target.requests(SAMPLE, cookie)[0])
        lane[1].close()
        return len(found)

    ours, theirs = (asyncio.run(sent(targets[name])) for name in ("desk", "peer"))
    print(f"a page as sent: desk {ours:,} bytes, peer {theirs:,}", flush=True)
    if abs(ours - theirs) > ours / 10:
        raise SystemExit("The peer's page is not the desk's: nothing is measured.")


TITLES = (
    "workers | Stigg's answers | agents | desk, pages/s (from-to) | peer, pages/s | ratio"
    " | desk, p50 ms | peer, p50 ms | ratio | raw calls, p50 ms | ratio"
)
ABOUT = """# Benchmarks

Written by `make bench` (`tests/bench/honest_peer.py`) on {date}: {machine}, {cores} processors,
Python {python}, {versions}.
Clients, servers and the stand-in for Stigg shared them, so only the ratios of one line say
something.

A page is the first twenty of a customer's 137 integrations: session, three calls side by side, one
event on record, HTML, gzip. The peer (`tests/bench/peer.py`) does the same by FastAPI, httpx and
Jinja2 behind the same server, and sends the same page within a tenth; it has no roles, no places,
no copies for bad days. The raw calls are Stigg's three, side by side, without any page. Each figure
is the median of {rounds} rounds, the three by turns. In a round agents begin pages for
{seconds:g} s, and it is over when the last has come.

| {titles} |
|{rule}|
{lines}
"""


def document(lines: list[str], seconds: float) -> str:
    names = ("Django", "granian", "fastapi", "httpx", "pydantic")
    return ABOUT.format(
        date=time.strftime("%Y-%m-%d"),
        machine=platform.machine(),
        cores=os.cpu_count(),
        python=platform.python_version(),
        versions=", ".join(f"{name} {version(name)}" for name in names),
        rounds=ROUNDS,
        seconds=seconds,
        titles=TITLES,
        rule="---|" * TITLES.count("|") + "---",
        lines="\n".join(lines),
    )


def main() -> None:
    print(TITLES)
    lines: list[str] = []
    seconds = float((sys.argv[1:] or ["2"])[0])
    with storm.prepared() as (url, port, _):
        answers, cookies = recorded(url), signed_in(max(AGENTS))
        for workers in sorted({1, os.cpu_count() or 1}):
            for delay in DELAYS:
                found = run(workers, delay, answers, port, cookies)
                print("\n".join(found), flush=True)
                lines += found
    (ROOT / "docs" / "BENCHMARKS.md").write_text(document(lines, seconds))


if __name__ == "__main__":
    main()
