"""Part of `make bench`: 200 agents at once on the production server, while Stigg hangs, and while
it fails at random.

Prints one table and the ratios that matter.

`python tests/bench/storm.py SECONDS` makes each bad phase shorter than a minute.
"""

import asyncio
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))

from tests.bench.page_times import SIMULATED  # noqa: E402 - found only by the line above

AGENTS, THREADS, DEADLINE_SECONDS = 200, 32, 8.0
THINK_SECONDS = (1.0, 3.0)
CALM_SECONDS = 15
FAULTS: list[dict[str, Any]] = [
    {"status": 500},
    {"status": 503},
    {"status": 429, "headers": {"Retry-After": "1"}},
    {"status": 401},
    {"delay": 3},
    {"delay": 30},
    {"cut": True},
    {"html": True},
    {"shape": "broken-json"},
    {"shape": "broken-row"},
    {"shape": "data-null"},
    {"shape": "no-pagination"},
    {"drip": 0.2},
    {"drip": 0.2, "drip_head": True},
]


@dataclass
class Phase:
    """What the agents met: seconds and statuses by kind of page."""

    name: str
    took: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statuses: Counter[int] = field(default_factory=Counter)

    def p95(self, kind: str) -> float:
        return statistics.quantiles(self.took[kind], n=20)[-1] * 1000

    def __str__(self) -> str:
        rows = [self._row(kind, took) for kind, took in sorted(self.took.items())]
        return "\n".join([*rows, f"  {'':<10} statuses {dict(sorted(self.statuses.items()))}"])

    def _row(self, kind: str, took: list[float]) -> str:
        median, longest = statistics.median(took) * 1000, max(took) * 1000
        return (
            f"  {self.name:<10} {kind:<12} {len(took):>6} {median:>8.0f} "
            f"{self.p95(kind):>8.0f} {longest:>8.0f}"
        )


class Agent:
    """One agent with one kept connection, who looks at pages and thinks in between."""

    def __init__(self, port: int, cookie: str, customers: dict[str, list[str]]) -> None:
        self.port, self.cookie, self.customers = port, cookie, customers
        self.connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    def choice(self) -> tuple[str, str]:
        kind = random.choices(["production", "staging", "look-up", "health"], [4, 3, 2, 1])[0]
        if kind in self.customers:
            customer = quote(random.choice(self.customers[kind]), safe="")
            return kind, f"/{kind}/customers/{customer}/integrations/"
        return kind, "/" if kind == "look-up" else "/healthz"

    async def work(self, phase: Phase, until: float) -> None:
        await asyncio.sleep(random.uniform(0, THINK_SECONDS[1]))
        while time.monotonic() < until:
            kind, address = self.choice()
            began = time.monotonic()
            status = await self.get(address)
            phase.took[kind].append(time.monotonic() - began)
            phase.statuses[status] += 1
            await asyncio.sleep(random.uniform(*THINK_SECONDS))

    async def get(self, address: str) -> int:
        if self.connection is None or self.connection[0].at_eof():
            self.connection = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.connection
        writer.write(
            (
                f"GET {address} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: "
                f"sessionid={self.cookie}\r\n\r\n"
            ).encode()
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        await reader.readexactly(int(head.split("content-length:")[1].split("\r\n")[0]))
        return int(head.split(" ")[1])


def start(code: list[str], environ: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | environ,
        stderr=subprocess.DEVNULL,
    )


def settings(url: str, folder: str) -> dict[str, str]:
    found = {
        "ENV_FILE": "",
        "STIGG_ENVIRONMENTS": "production,staging",
        "LOG_LEVEL": "ERROR",
        "DATABASE_URL": f"sqlite:///{folder}/storm.sqlite3",
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "THREADS": str(THREADS),
        "STIGG_DEADLINE_SECONDS": str(DEADLINE_SECONDS),
    }
    for name in ("production", "staging"):
        found |= {
            f"STIGG_{name.upper()}_API_URL": url,
            f"STIGG_{name.upper()}_API_KEY": f"simulated-{name}-key",
        }
    return found


def session() -> str:
    """A signed-in agent's cookie."""
    import django

    django.setup()
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.test import Client

    call_command("migrate", verbosity=0)
    client = Client()
    client.force_login(get_user_model().objects.create_user("storm"))
    return str(client.cookies["sessionid"].value)


def control(url: str, fault: dict[str, Any] | None) -> None:
    """Set a fault of the simulated Stigg; None clears them all."""
    method, body = ("DELETE", None) if fault is None else ("POST", json.dumps(fault).encode())
    urllib.request.urlopen(
        urllib.request.Request(f"{url}/_control/faults", body, method=method)
    ).close()


def customers(url: str, environment: str, pages: int) -> list[str]:
    """Ids of the first customers, a hundred a page."""
    found, address = [], f"{url}/api/v1/customers?limit=100"
    for _ in range(pages):
        asked = urllib.request.Request(
            address, headers={"X-API-KEY": f"simulated-{environment}-key"}
        )
        with urllib.request.urlopen(asked) as answer:
            page = json.load(answer)
        found += [customer["id"] for customer in page["data"]]
        address = f"{url}/api/v1/customers?limit=100&after={page['pagination']['next']}"
    return found


def processes(server: subprocess.Popen[str]) -> dict[int, dict[str, str]]:
    """The server and its workers, with what the kernel says of each."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            told = status.read_text().splitlines()
        except OSError:
            continue
        lines = dict(line.split(":\t", 1) for line in told if ":\t" in line)
        if server.pid in (int(lines["Pid"]), int(lines["PPid"])):
            found[int(lines["Pid"])] = lines
    return found


def size(server: subprocess.Popen[str]) -> tuple[int, float]:
    """Threads and megabytes of the server and its workers."""
    told = processes(server).values()
    kilobytes = sum(int(lines["VmRSS"].split()[0]) for lines in told)
    return sum(int(lines["Threads"]) for lines in told), kilobytes / 1024


async def phase(name: str, agents: list[Agent], seconds: float) -> Phase:
    met = Phase(name)
    until = time.monotonic() + seconds
    await asyncio.gather(*(agent.work(met, until) for agent in agents))
    print(met, flush=True)
    return met


async def chaos(url: str, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        control(url, None)
        for environment in ("production", "staging"):
            control(url, {"environment": environment, **random.choice(FAULTS)})
        await asyncio.sleep(1)
    control(url, None)


def wait_for(port: int) -> None:
    for _ in range(200):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("the desk did not start")


def meet_strangers(url: str, agents: list[Agent]) -> None:
    """From now on most customers are ones that nobody looked at before, so that no copy of them is
    kept.
    """
    for environment, known in agents[0].customers.items():
        known += customers(url, environment, 4)[100:]


async def storm(
    url: str, server: subprocess.Popen[str], agents: list[Agent], seconds: float
) -> None:
    print(f"  {'':<10} {'':<12} {'pages':>6} {'p50 ms':>8} {'p95 ms':>8} {'max ms':>8}")
    await phase("warm-up", agents, CALM_SECONDS / 3)
    quiet = await phase("quiet", agents, CALM_SECONDS)
    before = size(server)
    meet_strangers(url, agents)
    control(url, {"environment": "production", "delay": 600})
    hung = await phase("hung", agents, seconds)
    control(url, None)
    await phase("again", agents, CALM_SECONDS)
    after = size(server)
    _, wild = await asyncio.gather(chaos(url, seconds), phase("chaos", agents, seconds))
    await asyncio.sleep(20)  # longer than any cool-down of the faults above
    calm = await phase("calm", agents, CALM_SECONDS)
    tell(quiet, hung, before, after, wild, calm)


def tell(
    quiet: Phase,
    hung: Phase,
    before: tuple[int, float],
    after: tuple[int, float],
    wild: Phase,
    calm: Phase,
) -> None:
    longest = max(max(took) for took in hung.took.values())
    print(
        f"while production hung: the slowest page took {longest:.1f} s (deadline "
        f"{DEADLINE_SECONDS:.0f} s)"
    )
    for kind in ("look-up", "staging", "health"):
        print(
            f"  {kind} p95 was {hung.p95(kind) / quiet.p95(kind):.1f} times the quiet one (aim: 3)"
        )
    print(f"threads {before[0]} -> {after[0]}, memory {before[1]:.0f} -> {after[1]:.0f} MB")
    print(
        (
            f"answers with 500: {hung.statuses[500] + wild.statuses[500]}; wrong answers "
            "after the chaos: "
        ),
        end="",
    )
    print(sum(count for status, count in calm.statuses.items() if status != 200))


@contextmanager
def prepared() -> Iterator[tuple[str, int, str]]:
    """The simulated Stigg's address, a port for the desk, and a signed-in agent's cookie."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as free:
        simulated = start(["-c", SIMULATED], {})
        assert simulated.stdout
        url, port = simulated.stdout.readline().strip(), free.getsockname()[1]
        os.environ |= settings(url, folder) | {"PORT": str(port)}
        cookie = session()
        free.close()
        try:
            yield url, port, cookie
        finally:
            simulated.terminate()


@contextmanager
def serving(port: int) -> Iterator[subprocess.Popen[str]]:
    """The production server."""
    from integrations_app.management.commands import serve

    serve.collect_static()
    server = start(serve.server_arguments(), {})
    try:
        wait_for(port)
        yield server
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60
    with prepared() as (url, port, cookie), serving(port) as server:
        print(
            f"{AGENTS} agents at once, {THREADS} threads; one environment hangs for {seconds:.0f} s"
        )
        known = {name: customers(url, name, 1) for name in ("production", "staging")}
        agents = [Agent(port, cookie, known) for _ in range(AGENTS)]
        asyncio.run(storm(url, server, agents, seconds))


if __name__ == "__main__":
    main()
