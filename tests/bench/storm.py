"""Part of `make bench`: the production server on bad days of Stigg and of the network.

First the bulkhead's five scenes, then 200 agents while one of three environments hangs, then chaos:
random faults of Stigg, connections that die, names that are not resolved. Every page is held
against what the simulated Stigg really holds.

`python tests/bench/storm.py SECONDS` makes each long phase shorter than a minute.
"""

import asyncio
import html
import itertools
import json
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
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
# Each environment of the desk, and the simulated one behind it.
ENVIRONMENTS = {"production": "production", "staging": "staging", "sandbox": "staging"}
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
# Python runs this in the server before anything else. A name is not resolved while there is a file
# that is called like the port.
HANGING_NAMES = """
import os, socket, time
resolve = socket.getaddrinfo
def getaddrinfo(host, port, *rest, **more):
    while os.path.exists(os.path.join(os.environ["HUNG_NAMES"], str(port))):
        time.sleep(0.05)
    return resolve(host, port, *rest, **more)
socket.getaddrinfo = getaddrinfo
"""


class Network:
    """What lies between the desk and one environment of Stigg: a relay that can fail."""

    def __init__(self, folder: str, stigg: str) -> None:
        self.stigg_port = int(stigg.rpartition(":")[2])
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=500)
        port = self.listener.getsockname()[1]
        self.url, self.hung_name = f"http://127.0.0.1:{port}", Path(folder) / str(port)
        self.is_hung = False
        self.open: set[asyncio.StreamWriter] = set()
        self.dead: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        self.server = await asyncio.start_server(self._meet, sock=self.listener)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.CancelledError):
            there = await asyncio.open_connection("127.0.0.1", self.stigg_port)
            self.open.add(writer)
            await asyncio.gather(
                self._pass_on(reader, there[1], writer), self._pass_on(there[0], writer, writer)
            )
        self.open.discard(writer)

    async def _pass_on(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        connection: asyncio.StreamWriter,
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                if not self.is_hung and connection not in self.dead:
                    writer.write(data)
        writer.close()

    def resets(self) -> None:
        for writer in self.open:
            writer.transport.abort()

    def falls_silent(self) -> None:
        """The connections of now; new ones work."""
        self.dead |= self.open

    def names_hang(self) -> None:
        self.hung_name.touch()
        self.resets()

    def recovers(self) -> None:
        self.hung_name.unlink(missing_ok=True)
        self.is_hung = False


@dataclass
class Phase:
    """What the agents met: seconds by kind of page, statuses, and sentences that were not true."""

    name: str
    took: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statuses: Counter[int] = field(default_factory=Counter)
    untrue: list[str] = field(default_factory=list)

    def percent(self, kind: str, share: int) -> float:
        return statistics.quantiles(self.took[kind], n=100)[share - 1] * 1000

    def show(self) -> None:
        for kind, took in sorted(self.took.items()):
            print(
                f"  {self.name:<10} {kind:<12} {len(took):>6} {self.percent(kind, 50):>8.0f}"
                f" {self.percent(kind, 95):>8.0f} {max(took) * 1000:>8.0f}"
            )
        print(f"  {'':<10} statuses {dict(sorted(self.statuses.items()))}", flush=True)


@dataclass
class Desk:
    """The server, and what Stigg holds: the integrations of each customer's first page."""

    port: int
    cookie: str
    held: dict[str, dict[str, set[str]]]

    async def get(self, address: str) -> tuple[int, str]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        head = f"GET {address} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        writer.write(f"{head}Cookie: sessionid={self.cookie}\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        body = await reader.readexactly(int(re.findall(r"content-length: (\d+)", head)[0]))
        writer.close()
        return int(head.split(" ")[1]), body.decode()

    async def view(self, phase: Phase, environment: str, customer: str) -> None:
        address = f"/{environment}/customers/{quote(customer, safe='')}/integrations/"
        status, body = await self.look(phase, environment, address)
        shown = set(map(html.unescape, re.findall(r'data-integration-id="([^"]+)"', body)))
        held = self.held[environment][customer]
        if status in (400, 404) or (status == 200 and not held <= shown):
            phase.untrue.append(f"{environment} {customer}: {status}, {len(held - shown)} missing")

    async def look(self, phase: Phase, kind: str, address: str) -> tuple[int, str]:
        began = time.monotonic()
        status, body = await self.get(address)
        phase.took[kind].append(time.monotonic() - began)
        phase.statuses[status] += 1
        return status, body

    async def agent(self, phase: Phase, until: float, customers: int) -> None:
        """One agent who looks at pages and thinks in between."""
        await asyncio.sleep(random.uniform(0, THINK_SECONDS[1]))
        while time.monotonic() < until:
            kind = random.choices([*ENVIRONMENTS, "look-up", "health"], [4, 3, 2, 2, 1])[0]
            if kind in ENVIRONMENTS:
                await self.view(phase, kind, random.choice(list(self.held[kind])[:customers]))
            else:
                await self.look(phase, kind, "/" if kind == "look-up" else "/healthz")
            await asyncio.sleep(random.uniform(*THINK_SECONDS))

    async def phase(self, name: str, seconds: float, customers: int = 400) -> Phase:
        met = Phase(name)
        until = time.monotonic() + seconds
        await asyncio.gather(*(self.agent(met, until, customers) for _ in range(AGENTS)))
        met.show()
        return met


# --- the bulkhead ---------------------------------------------------------------------------------


class Scenes:
    """Each scene asks for customers whom nobody has looked at."""

    def __init__(self, url: str, desk: Desk, networks: dict[str, Network]) -> None:
        self.url, self.desk, self.networks = url, desk, networks
        self.new = {name: iter(list(held)) for name, held in desk.held.items()}

    async def play(self) -> None:
        print(f"  {'scene':<46} {'pages':>6} {'503':>5} {'other':>6} {'p50 ms':>8} {'max ms':>8}")
        scenes: list[Callable[[Phase], Awaitable[None]]] = [
            self.fifty_views_at_once,
            self.two_hundred_for_one_customer,
            self.fifteen_pages_a_second_at_one_second,
            self.slow_searches_beside_pages,
            self.third_environment_alone,
            self.third_environment_beside_two_hung,
        ]
        for scene in scenes:
            met = Phase(scene.__name__.replace("_", " "))
            await scene(met)
            took = sorted(itertools.chain(*met.took.values()))
            other = sum(n for status, n in met.statuses.items() if status not in (200, 503))
            print(
                f"  {met.name:<46} {len(took):>6} {met.statuses[503]:>5} {other:>6}"
                f" {statistics.median(took) * 1000:>8.0f} {took[-1] * 1000:>8.0f}",
                *met.untrue[:3],
                flush=True,
            )
            control(self.url, "faults", None)
            await asyncio.sleep(5)

    async def views(self, met: Phase, environment: str, number: int, every: float = 0.0) -> None:
        async def view(after: float) -> None:
            await asyncio.sleep(after)
            await self.desk.view(met, environment, next(self.new[environment]))

        await asyncio.gather(*(view(every * n) for n in range(number)))

    async def fifty_views_at_once(self, met: Phase) -> None:
        await self.views(met, "production", 50)

    async def two_hundred_for_one_customer(self, met: Phase) -> None:
        control(self.url, "faults", {"delay": 1})
        control(self.url, "requests", None)
        customer = next(self.new["production"])
        await asyncio.gather(*(self.desk.view(met, "production", customer) for _ in range(200)))
        path = f"/api/v1/customers/{quote(customer, safe='')}"
        calls = [seen["path"] for seen in requests(self.url)].count(path)
        met.name += f" ({calls} call)"

    async def fifteen_pages_a_second_at_one_second(self, met: Phase) -> None:
        control(self.url, "faults", {"delay": 1})
        await self.views(met, "production", 150, every=1 / 15)

    async def slow_searches_beside_pages(self, met: Phase) -> None:
        control(self.url, "faults", {"route": "graphql", "delay": 3.4})

        async def search(number: int) -> None:
            await asyncio.sleep(number * 0.4)
            await self.desk.look(met, "look-up", f"/lookup?q=nobody+{number}+ltd")

        searches = (search(number) for number in range(38))
        await asyncio.gather(self.views(met, "production", 38, every=0.4), *searches)
        met.statuses[200] += met.statuses.pop(404, 0)  # nobody is called so

    async def third_environment_alone(self, met: Phase) -> None:
        await self.views(met, "sandbox", 60, every=0.1)

    async def third_environment_beside_two_hung(self, met: Phase) -> None:
        others = Phase("hung")
        for name in ("production", "staging"):
            self.networks[name].is_hung = True
        hung = [
            asyncio.ensure_future(self.views(others, name, 60, every=0.1))
            for name in ("production", "staging")
        ]
        await asyncio.sleep(1)
        await self.views(met, "sandbox", 60, every=0.1)
        await asyncio.gather(*hung)
        for network in self.networks.values():
            network.recovers()
            network.resets()


# --- the storm ------------------------------------------------------------------------------------


async def storm(
    url: str,
    server: subprocess.Popen[str],
    desk: Desk,
    networks: dict[str, Network],
    seconds: float,
) -> None:
    print(f"{AGENTS} agents at once, {THREADS} threads; production hangs for {seconds:.0f} s")
    print(f"  {'':<10} {'':<12} {'pages':>6} {'p50 ms':>8} {'p95 ms':>8} {'max ms':>8}")
    await desk.phase("warm-up", CALM_SECONDS / 3, customers=100)
    quiet = await desk.phase("quiet", CALM_SECONDS, customers=100)
    before = size(server)
    networks["production"].is_hung = True
    hung = await desk.phase("hung", seconds)
    networks["production"].recovers()
    networks["production"].resets()
    again = await desk.phase("again", CALM_SECONDS)
    after = size(server)
    wild, _ = await asyncio.gather(desk.phase("chaos", seconds), chaos(url, networks, seconds))
    await asyncio.sleep(20)  # longer than any cool-down of the faults above
    calm = await desk.phase("calm", CALM_SECONDS)
    for kind in ("look-up", "staging", "sandbox", "health"):
        times = hung.percent(kind, 95) / quiet.percent(kind, 95)
        print(f"  while production hung, {kind} p95 was {times:.1f} times the quiet one (aim: 3)")
    phases = (quiet, hung, again, wild, calm)
    untrue = [told for phase in phases for told in phase.untrue]
    print(f"threads {before[0]} -> {after[0]}, memory {before[1]:.0f} -> {after[1]:.0f} MB")
    print(f"answers with 500: {sum(phase.statuses[500] for phase in phases)}")
    print(f"pages that were not true: {len(untrue)}", *untrue[:5], sep="\n  ")
    print(f"wrong answers after the chaos: {calm.statuses.total() - calm.statuses[200]}")


async def chaos(url: str, networks: dict[str, Network], seconds: float) -> None:
    """Stigg fails in two environments, the network in all three."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        control(url, "faults", None)
        for environment in ("production", "staging"):
            control(url, "faults", {"environment": environment, **random.choice(FAULTS)})
        network = random.choice(list(networks.values()))
        random.choice([network.resets, network.falls_silent, network.names_hang])()
        await asyncio.sleep(1)
        for network in networks.values():
            network.recovers()
    control(url, "faults", None)


# --- the processes --------------------------------------------------------------------------------


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
        "STIGG_ENVIRONMENTS": ",".join(ENVIRONMENTS),
        "LOG_LEVEL": "ERROR",
        "DATABASE_URL": f"sqlite:///{folder}/storm.sqlite3",
        "ACCOUNT_CALLS_PER_MINUTE": "100000",
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "THREADS": str(THREADS),
        "STIGG_DEADLINE_SECONDS": str(DEADLINE_SECONDS),
    }
    for name, simulated in ENVIRONMENTS.items():
        found |= {
            f"STIGG_{name.upper()}_API_URL": url,
            f"STIGG_{name.upper()}_API_KEY": f"simulated-{simulated}-key",
        }
    return found


def session() -> str:
    """A signed-in agent's cookie."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.test import Client

    from integrations_app.management.commands.serve import collect_static
    from tests.accounts import account

    call_command("migrate", verbosity=0)
    collect_static()
    client = Client()
    client.force_login(account("storm"))
    return str(client.cookies["sessionid"].value)


def asked(url: str, environment: str = "production", **request: Any) -> Any:
    headers = {"X-API-KEY": f"simulated-{environment}-key"}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers, **request)) as answer:
        return json.load(answer)


def control(url: str, what: str, fault: dict[str, Any] | None) -> None:
    """Set a fault of the simulated Stigg; None clears all `faults`, or forgets all `requests`."""
    method, data = ("DELETE", None) if fault is None else ("POST", json.dumps(fault).encode())
    asked(f"{url}/_control/{what}", method=method, data=data)


def requests(url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = asked(f"{url}/_control/requests")
    return found


def held(url: str, environment: str, pages: int = 6) -> dict[str, set[str]]:
    """The integrations of the first customers, a hundred a page."""
    found: dict[str, set[str]] = {}
    address = f"{url}/api/v1/customers?limit=100"
    for _ in range(pages):
        page = asked(address, environment)
        for customer in map(str, (customer["id"] for customer in page["data"])):
            rows = f"{url}/api/v1/customers/{quote(customer, safe='')}/integrations?limit=20"
            with suppress(urllib.error.HTTPError):  # a customer who is there to show a fault
                found[customer] = {row["id"] for row in asked(rows, environment)["data"]}
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


def wait_for(port: int) -> None:
    for _ in range(1200):  # a minute: the machine may be busy
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("the desk did not start")


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


def between(folder: str, url: str) -> dict[str, Network]:
    """A network for each environment, which the server will meet instead of Stigg itself."""
    (Path(folder) / "sitecustomize.py").write_text(HANGING_NAMES)
    os.environ |= {"PYTHONPATH": folder, "HUNG_NAMES": folder}
    networks = {name: Network(folder, url) for name in ENVIRONMENTS}
    for name, network in networks.items():
        os.environ[f"STIGG_{name.upper()}_API_URL"] = network.url
    return networks


async def run(
    url: str, server: subprocess.Popen[str], desk: Desk, networks: dict[str, Network]
) -> None:
    for network in networks.values():
        await network.start()
    await Scenes(url, desk, networks).play()
    await storm(url, server, desk, networks, float((sys.argv[1:] or ["60"])[0]))


def main() -> None:
    with prepared() as (url, port, cookie), tempfile.TemporaryDirectory() as folder:
        there = {name: held(url, name) for name in set(ENVIRONMENTS.values())}
        desk = Desk(port, cookie, {name: there[known] for name, known in ENVIRONMENTS.items()})
        networks = between(folder, url)
        with serving(port) as server:
            asyncio.run(run(url, server, desk, networks))


if __name__ == "__main__":
    main()
