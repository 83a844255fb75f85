"""`make bench`: what the desk costs itself, and what a first visit weighs. Ratios and sizes of one run, no verdicts."""

import os
import statistics
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
SERVE = "import sys, time; from integrations_app import simulator; s = simulator.start(); print(s.url, flush=True); "
PAGE = "/production/customers/{}/integrations/"
PAGES = {
    "6 rows": PAGE.format("acme-corp"),
    "14 rows": PAGE.format("all-vendors"),
    "20 of 137 rows": PAGE.format("meridian-group"),
    "100 of 137 rows": PAGE.format("meridian-group") + "?limit=100",
}
VISITS = {"look-up page": "/", "6 rows": PAGES["6 rows"], "20 rows": PAGES["20 of 137 rows"]}
ROUNDS = 200


def simulated_elsewhere() -> tuple[subprocess.Popen[str], str]:
    """Another process stands for Stigg, so that its work is not counted as ours."""
    code = SERVE + "sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout
    return process, process.stdout.readline().strip()


def signed_in() -> Any:
    import django

    django.setup()
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.test import Client

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(get_user_model().objects.create_user("bench"))
    return client


def server(client: Any) -> Any:
    """Ask for a page as the production server does, without the test client's own work; answers are compressed."""
    from io import BytesIO

    from dashboard.wsgi import application

    cookie = f"sessionid={client.cookies['sessionid'].value}"

    def get(path: str) -> bytes:
        address, _, query = path.partition("?")
        environ = {
            "REQUEST_METHOD": "GET", "PATH_INFO": address, "QUERY_STRING": query, "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80", "HTTP_HOST": "127.0.0.1", "HTTP_COOKIE": cookie, "HTTP_ACCEPT_ENCODING": "gzip",
            "wsgi.input": BytesIO(), "wsgi.url_scheme": "http", "REMOTE_ADDR": "127.0.0.1",
        }  # fmt: skip
        statuses: list[str] = []
        answer = application(environ, lambda status, _headers: statuses.append(status))
        body = b"".join(answer)
        assert statuses == ["200 OK"]
        return body

    return get


def measure(get: Any, path: str) -> tuple[float, float]:
    """Median milliseconds of a page: processor time of this process (our own share), and by the clock."""
    own, clock = [], []
    for _ in range(ROUNDS):
        cpu, wall = time.process_time(), time.perf_counter()
        get(path)
        own.append(time.process_time() - cpu)
        clock.append(time.perf_counter() - wall)
    return statistics.median(own[20:]) * 1000, statistics.median(clock[20:]) * 1000


def look_ups(client: Any, url: str) -> tuple[float, float, float]:
    """Median milliseconds by the clock: the customer call alone, a part-of-a-name search alone, a look-up by id.

    Each look-up is of another customer, so no answer is shared; it waits for its slowest call.
    """

    from integrations_app.stigg import ApiKey, Client
    from integrations_app.stigg.graphql import find_customers

    stigg = Client(url, ApiKey("simulated-production-key"))
    ids = [customer.id for customer in stigg.list_customers(limit=100)]
    times: dict[str, list[float]] = {"customer": [], "search": [], "look-up": []}
    for customer_id in ids:
        steps = {
            "customer": partial(stigg.get_customer, customer_id),
            "search": partial(find_customers, stigg, "name", [customer_id], contains=True),
            "look-up": partial(client.get, "/lookup", {"q": customer_id}),
        }
        for name, step in steps.items():
            wall = time.perf_counter()
            step()
            times[name].append(time.perf_counter() - wall)
    customer, search, look_up = (statistics.median(taken[10:]) * 1000 for taken in times.values())
    return customer, search, look_up


def first_visit(get: Any, path: str) -> list[tuple[str, int]]:
    """What the browser loads at first, in bytes as sent: static files are compressed when they are collected."""
    from django.contrib.staticfiles.storage import staticfiles_storage as storage

    names = ("desk.css", "desk.js", "django_htmx/htmx-2.min.js")
    files = [Path(storage.path(storage.stored_name(name) + ".gz")) for name in names]
    return [("page", len(get(path))), *((name, file.stat().st_size) for name, file in zip(names, files, strict=True))]


def settings(url: str) -> dict[str, str]:
    return {
        "ENV_FILE": "", "STIGG_API_URL": url, "STIGG_API_KEY": "simulated-production-key", "LOG_LEVEL": "ERROR",
        "DATABASE_URL": "sqlite://:memory:", "DJANGO_SETTINGS_MODULE": "dashboard.settings",
    }  # fmt: skip


def main() -> None:
    process, url = simulated_elsewhere()
    os.environ |= settings(url)
    client = signed_in()
    get = server(client)
    print("own processing, p50 ms     answers shared   Stigg asked   by the clock then")
    for name, path in PAGES.items():
        shared, _ = measure(get, path)
        asked, clock = measure(get, f"{path}{'&' if '?' in path else '?'}refresh=1")
        print(f"  {name:<24} {shared:>14.2f} {asked:>13.2f} {clock:>19.2f}")
    customer, search, look_up = look_ups(client, url)
    over = look_up - max(customer, search)
    print(f"look-up by id: by the clock p50 {look_up:.2f} ms, {over:.2f} ms over its slowest raw call")
    print(f"  (customer {customer:.2f} ms, search by part of a name {search:.2f} ms)")
    for name, path in VISITS.items():
        sizes = first_visit(get, path)
        told = ", ".join(f"{part} {size:,}" for part, size in sizes)
        print(f"first visit, {name}: {len(sizes)} requests, {sum(size for _, size in sizes):,} bytes ({told})")
    process.terminate()


if __name__ == "__main__":
    main()
