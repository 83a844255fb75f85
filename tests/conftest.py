"""What the tests share: the desk against one simulated Stigg, and a signed-in agent."""

import os

os.environ |= {
    "ENV_FILE": "",
    "STIGG_SIMULATOR": "true",
    "DATABASE_URL": "sqlite://:memory:",
    "SECRET_KEY": "tests" * 12,
}
for name in [name for name in os.environ if name.startswith("STIGG_") and name != "STIGG_SIMULATOR"]:
    del os.environ[name]
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's sync API runs an event loop in the test's thread

from collections.abc import Iterator  # noqa: E402 - the settings are read on import, so the environment comes first

import pytest  # noqa: E402 - as above
from django.conf import settings  # noqa: E402 - as above
from django.contrib.auth import get_user_model  # noqa: E402 - as above
from django.test import Client  # noqa: E402 - as above

from integrations_app import environments, simulator  # noqa: E402 - as above

settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # tests sign in often


@pytest.fixture
def stigg() -> Iterator[simulator.Simulator]:
    """The simulated Stigg that the desk talks to; its faults and remembered requests end with the test."""
    running = environments._simulator()
    running.clear()
    yield running
    running.clear()


@pytest.fixture
def agent(db: None, stigg: simulator.Simulator) -> Client:
    """A signed-in browser without JavaScript."""
    client = Client()
    client.force_login(get_user_model().objects.create_user("mara", password="a long enough one"))
    return client
