"""`make bench`: what the desk costs itself, and what a first visit weighs.

Ratios and sizes of one run, no verdicts.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch
from urllib.parse import quote, unquote

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))
SIMULATED = (
    "import sys; from integrations_app import simulator; "
    "print(simulator.start().url, flush=True); sys.stdin.read()"
)
PAGE = "/production/customers/{}/integrations/"
PAGES = {
    "6 rows": PAGE.format("acme-corp"),
    "14 rows": PAGE.format("all-vendors"),
    "20 of 137 rows": PAGE.format("meridian-group"),
    "100 of 137 rows": PAGE.format("meridian-group") + "?limit=100",
}
VISITS = {"look-up page": "/", "6 rows": PAGES["6 rows"], "20 rows": PAGES["20 of 137 rows"]}
ROUNDS, WARM_UP = 200, 20

Step = Callable[[], object]
Get = Callable[[str], bytes]


class Took(NamedTuple):
    """Milliseconds: processor time of this process, which is the desk's own share, and by the
    clock.
    """

    processor: float
    clock: float


def timed(step: Step, before: Step = lambda: None) -> Took:
    before()
    processor, clock = time.process_time(), time.perf_counter()
    step()
    return Took((time.process_time() - processor) * 1000, (time.perf_counter() - clock) * 1000)


def median(taken: Iterable[Took]) -> Took:
    return Took(*map(statistics.median, zip(*list(taken)[WARM_UP:], strict=True)))


def simulated_elsewhere() -> tuple[subprocess.Popen[str], str]:
    """Another process stands for Stigg, so that its work is not counted as ours."""
    process = subprocess.Popen(
        [sys.executable, "-c", SIMULATED],
        text=True,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    return process, process.stdout.readline().strip()


def signed_in() -> Any:
    import django

    django.setup()
    from django.core.management import call_command
    from django.test import Client

    from tests.accounts import account

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(account("bench"))
    client.get("/")  # sets the second cookie that every signed-in browser has
    return client


def server(client: Any) -> Get:
    """Ask for a page as the production server does, without the test client's own work; answers are
    compressed.
    """
    from dashboard.asgi import application

    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    headers = {"host": "127.0.0.1", "cookie": cookie, "accept-encoding": "gzip"}

    def get(path: str) -> bytes:
        address, _, query = path.partition("?")
        scope = {
            "method": "GET",
            "path": unquote(address),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        start, body = application.answer(scope, b"")
        assert start["status"] == (302 if path.startswith("/lookup") else 200)
        return bytes(body["body"])

    return get


def stigg_at(url: str) -> Any:
    from integrations_app.stigg import ApiKey, Client

    return Client(url, ApiKey("simulated-production-key"))


@contextmanager
def waits() -> Iterator[list[float]]:
    """How long each page waits for its calls to Stigg, in milliseconds.

    The work of our client is a part of it.
    """
    from integrations_app.upstream.fresh_or_copy import Visit

    waited, side_by_side = list[float](), Visit._side_by_side

    def clocked(visit: Visit, *asked: Any) -> dict[str, Any]:
        began = time.perf_counter()
        try:
            return side_by_side(visit, *asked)
        finally:
            waited.append((time.perf_counter() - began) * 1000)

    Visit._side_by_side = clocked  # type: ignore[assignment, method-assign]
    yield waited
    Visit._side_by_side = side_by_side  # type: ignore[method-assign]


def pages(get: Get, url: str) -> None:
    """Processor time with every answer at hand, and with Stigg asked; then by the clock what is not
    the wait for Stigg, and what the page takes longer than the slowest of its three calls alone.
    """
    from django.core.cache import cache

    from integrations_app.stigg.graphql import sync_states

    stigg = stigg_at(url)
    print(
        "own processing of a page, p50 ms:  answers shared  Stigg asked  but for the "
        "wait  over its slowest call"
    )
    for name, path in PAGES.items():
        customer_id, limit = path.split("/")[3], 100 if "limit=100" in path else 20
        page, listed = (
            partial(get, path),
            partial(stigg.list_integrations, customer_id, limit=limit),
        )
        calls: list[Step] = [
            listed,
            partial(stigg.get_customer, customer_id),
            partial(sync_states, stigg, customer_id),
        ]
        shared = median(timed(page) for _ in range(ROUNDS))
        with waits() as waited:
            taken = [timed(page, before=cache.clear) for _ in range(ROUNDS)]
        own = statistics.median(took.clock - wait for took, wait in zip(taken, waited, strict=True))
        over = median(taken).clock - max(
            median(timed(call) for _ in range(ROUNDS)).clock for call in calls
        )
        print(
            f"  {name:<32} {shared.processor:>14.2f} {median(taken).processor:>12.2f} "
            f"{own:>17.2f} {over:>22.2f}"
        )


def roles_and_record(get: Get) -> None:
    """What asking for an account's rights and writing an event add to a page; with and without
    them by turns.
    """
    from django.contrib.auth.models import User

    from integrations_app.access import rules
    from integrations_app.audit.events import AuditEvent

    known = rules.rights(User.objects.get())
    page = partial(get, PAGES["6 rows"])
    whole, bare = list[Took](), list[Took]()
    for _ in range(ROUNDS):
        whole.append(timed(page))
        with patch.object(rules, "rights", lambda _: known), patch.object(AuditEvent, "save"):
            bare.append(timed(page))
    more, of = median(whole).processor - median(bare).processor, median(whole).processor
    clock = median(whole).clock - median(bare).clock
    print(f"roles and the record: {more:.2f} ms of a page's {of:.2f}; {clock:.2f} by the clock")


def look_ups(get: Get, url: str) -> None:
    """By id, which waits for the slower of two calls.

    Each is of another customer, so no answer is shared.
    """
    from integrations_app.stigg.graphql import find_customers

    stigg = stigg_at(url)
    ids = [customer.id for customer in stigg.list_customers(limit=100)]
    steps: dict[str, Callable[[str], object]] = {
        "customer": stigg.get_customer,
        "search": lambda customer_id: find_customers(stigg, "name", [customer_id], contains=True),
        "look-up": lambda customer_id: get(f"/lookup?q={quote(customer_id)}"),
    }
    taken = [[timed(partial(step, customer_id)) for step in steps.values()] for customer_id in ids]
    took = {
        name: median(of).clock for name, of in zip(steps, zip(*taken, strict=True), strict=True)
    }
    over = took["look-up"] - max(took["customer"], took["search"])
    print(
        f"look-up by id: by the clock p50 {took['look-up']:.2f} ms, {over:.2f} ms over "
        "its slowest call"
    )
    print(
        f"  (customer {took['customer']:.2f} ms, search by part of a name {took['search']:.2f} ms)"
    )


def first_visits(get: Get) -> None:
    """What the browser loads at first, in bytes as sent: static files are compressed when they are
    collected.
    """
    from django.contrib.staticfiles.storage import staticfiles_storage

    storage: Any = staticfiles_storage  # whose stored_name() Django's types do not know
    names = ("desk.css", "desk.js", "django_htmx/htmx-2.min.js")
    for name, path in VISITS.items():
        for over, ending in (("https", "br"), ("http", "gz")):
            sizes = {"page": len(get(path))}
            for file in names:
                stored = Path(f"{storage.path(storage.stored_name(file))}.{ending}")
                sizes[file] = stored.stat().st_size
            total = f"{len(sizes)} requests, {sum(sizes.values()):,} bytes"
            told = ", ".join(f"{part} {size:,}" for part, size in sizes.items())
            print(f"first visit over {over}, {name}: {total} ({told})")


def settings(url: str, database: Path) -> dict[str, str]:
    return {
        "ENV_FILE": "",
        "STIGG_API_URL": url,
        "STIGG_API_KEY": "simulated-production-key",
        "LOG_LEVEL": "ERROR",
        "DATABASE_URL": f"sqlite:///{database}",
        "ACCOUNT_CALLS_PER_MINUTE": "100000",
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
    }


def main() -> None:
    process, url = simulated_elsewhere()
    with tempfile.TemporaryDirectory() as directory:
        os.environ |= settings(url, Path(directory) / "bench.sqlite3")
        get = server(signed_in())
        pages(get, url)
        roles_and_record(get)
        look_ups(get, url)
        first_visits(get)
    process.terminate()


if __name__ == "__main__":
    main()
