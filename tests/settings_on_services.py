"""The tests' settings, on the PostgreSQL and the Redis that `tests.on_services` has started."""

import os

from dashboard import state
from tests.settings import *  # noqa: F403 - settings are names of a module
from tests.settings import VAR

database, _ = state.database(os.environ["TESTS_DATABASE_URL"], VAR, is_simulated=False)
DATABASES = {"default": database}
cache, _ = state.cache(os.environ["TESTS_CACHE_URL"])
CACHES = {"default": cache}
