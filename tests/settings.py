"""The desk's settings as the tests want them: simulated, and blind to the machine's own
configuration.
"""

import os
import tempfile
from pathlib import Path

from tests import variables

# A file, because the threads of a live server cannot share a connection to a database in memory.
_directory = tempfile.TemporaryDirectory(prefix="desk-tests-")
_database = Path(_directory.name) / "desk.sqlite3"

for name in os.environ.keys() - variables.without(os.environ).keys():
    del os.environ[name]
os.environ |= {
    "ENV_FILE": "",
    "STIGG_SIMULATOR": "true",
    "SECRET_KEY": "tests" * 12,
    "ACCOUNT_CALLS_PER_MINUTE": "100000",  # one test stands for many agents
}
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = (
    "true"  # Playwright's sync API runs an event loop in the test's thread
)

from dashboard.settings import *  # noqa: E402, F403 - they read the environment on import, so it comes first

DATABASES["default"]["NAME"] = _database  # noqa: F405
DATABASES["default"]["TEST"] = {"NAME": str(_database)}  # noqa: F405
DATABASES["default"]["OPTIONS"]["init_command"] = (  # noqa: F405
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"  # it goes when the tests end
)
STATIC_ROOT = Path(_directory.name) / "static"  # nothing is collected
STATIC_ROOT.mkdir()
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # tests sign in often
