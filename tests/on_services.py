"""Run tests on PostgreSQL and Redis instead of SQLite and a cache in the process.

    python -m tests.on_services [options of pytest]

Without the programs it says so, and runs none; with REQUIRE_SERVICES that is a failure.
"""

import os
import subprocess
import sys

import pytest

from tests.services import open_postgres, open_redis

# Whole modules of tests that go through the database and the cache in the test's own process.
TESTS = [
    "tests/access/test_add_agent.py",
    "tests/access/test_limits.py",
    "tests/access/test_sessions.py",
    "tests/access/test_sign_in.py",
    "tests/audit",
    "tests/index/test_entries.py",
    "tests/index/test_pages.py",
    "tests/links/test_admin.py",
    "tests/links/test_wrong_link.py",
    "tests/operators/test_kept.py",
    "tests/operators/test_page.py",
    "tests/own",
    "tests/record",
]
LEFT_OUT = "not browser and not slow and not sqlite"
PYTEST = [sys.executable, "-m", "pytest", "-n", "0", "-m", LEFT_OUT]


def main(arguments: list[str]) -> int:
    try:
        with open_postgres() as postgres, open_redis() as redis:
            known = {
                "DJANGO_SETTINGS_MODULE": "tests.settings_on_services",
                "TESTS_DATABASE_URL": postgres.url(),
                "TESTS_CACHE_URL": redis.url(),
            }
            return subprocess.run([*PYTEST, *TESTS, *arguments], env=os.environ | known).returncode
    except pytest.skip.Exception as missing:
        print(f"Not run on PostgreSQL and Redis: {missing}")
        return 0
    except pytest.fail.Exception as missing:
        sys.exit(str(missing))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
