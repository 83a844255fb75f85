"""The desk's settings as the tests want them: simulated, in memory, and blind to the machine's own
configuration.
"""

import os

for name in [name for name in os.environ if name.startswith("STIGG_")]:
    del os.environ[name]
os.environ |= {
    "ENV_FILE": "",
    "STIGG_SIMULATOR": "true",
    "DATABASE_URL": "sqlite://:memory:",
    "SECRET_KEY": "tests" * 12,
}
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = (
    "true"  # Playwright's sync API runs an event loop in the test's thread
)

from dashboard.settings import *  # noqa: E402, F403 - they read the environment on import, so it comes first

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # tests sign in often
