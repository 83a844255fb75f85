"""Part of `make bench`: the index of vendors' records with up to two million entries.

Prints what a look-up costs at each size, and the size on disk. SQLite, unless DATABASE_URL names
another database; that one must be empty, and is left full.
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))
SIZES = (1_000, 100_000, 2_000_000)
LOOK_UPS = 300
RECORDS_EACH = 4  # of one customer
BATCH = 20_000


def main() -> None:
    folder = tempfile.mkdtemp()
    os.environ |= {"ENV_FILE": "", "STIGG_API_KEY": "opens-nothing"}
    os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/index.sqlite3")
    os.environ["DJANGO_SETTINGS_MODULE"] = "dashboard.settings"
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    print(f"{'entries':>10} {'look-up p50, µs':>16} {'p95, µs':>10} {'on disk, MB':>12}")
    filled = 0
    for size in SIZES:
        fill(filled, size)
        filled = size
        took = sorted(seconds_of(number * (size // LOOK_UPS)) for number in range(LOOK_UPS))
        p50, p95 = statistics.median(took) * 1e6, took[int(LOOK_UPS * 0.95)] * 1e6
        print(f"{size:>10,} {p50:>16.0f} {p95:>10.0f} {megabytes(folder):>12.0f}", flush=True)


def fill(start: int, end: int) -> None:
    from integrations_app.index.entries import add

    for first in range(start, end, BATCH):
        records = range(first, min(first + BATCH, end))
        add("production", [(f"customer-{n // RECORDS_EACH:07}", [f"cus_{n:014}"]) for n in records])


def seconds_of(number: int) -> float:
    from integrations_app.index.entries import customers_with

    began = time.perf_counter()
    found = customers_with("production", [f"cus_{number:014}"])
    took = time.perf_counter() - began
    assert found == (f"customer-{number // RECORDS_EACH:07}",), found
    return took


def megabytes(folder: str) -> float:
    return sum(path.stat().st_size for path in Path(folder).iterdir()) / 1e6


if __name__ == "__main__":
    main()
