"""`make bench`: what the desk costs itself, and what a first visit weighs. Ratios and sizes of one run, no verdicts."""

import gzip
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
PAGE = "/production/customers/meridian-group/integrations/"
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


def measure(client: Any, path: str) -> tuple[float, float]:
    """Median milliseconds of a page: processor time of this process (our own share), and by the clock."""
    own, clock = [], []
    for _ in range(ROUNDS):
        cpu, wall = time.process_time(), time.perf_counter()
        assert client.get(path).status_code == 200
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


def first_visit(client: Any) -> list[tuple[str, int]]:
    import django_htmx

    files = [ROOT / "static/desk.css", ROOT / "static/desk.js"]
    files += [Path(django_htmx.__file__).parent / "static/django_htmx/htmx-2.min.js"]
    parts = [("page", client.get(PAGE).content), *((path.name, path.read_bytes()) for path in files if path.exists())]
    return [(name, len(gzip.compress(content, 6))) for name, content in parts]


def main() -> None:
    process, url = simulated_elsewhere()
    os.environ |= {
        "ENV_FILE": "",
        "STIGG_API_URL": url,
        "STIGG_API_KEY": "simulated-production-key",
        "LOG_LEVEL": "ERROR",
    }
    os.environ |= {"DATABASE_URL": "sqlite://:memory:", "DJANGO_SETTINGS_MODULE": "dashboard.settings"}
    client = signed_in()
    own, clock = measure(client, PAGE)
    fragment, _ = measure(client, f"{PAGE}?limit=100")
    print(f"page of 20 rows, signed in   own processing p50 {own:5.2f} ms   by the clock {clock:5.2f} ms")
    print(f"page of 100 rows, signed in  own processing p50 {fragment:5.2f} ms   ({fragment / own:.1f} times 20 rows)")
    customer, search, look_up = look_ups(client, url)
    over = look_up - max(customer, search)
    print(f"look-up by id                by the clock p50 {look_up:5.2f} ms   {over:.2f} ms over its slowest raw call")
    print(
        f"  raw calls                  customer p50 {customer:5.2f} ms   search by part of a name p50 {search:5.2f} ms"
    )
    sizes = first_visit(client)
    for name, size in sizes:
        print(f"  {name:<20} {size:>7,} bytes, gzip")
    print(f"first visit: {len(sizes)} requests, {sum(size for _, size in sizes):,} bytes")
    process.terminate()


if __name__ == "__main__":
    main()
