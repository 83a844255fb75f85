"""The desk's own settings, but static files are collected where no other desk collects its own,
and passwords cost nothing.
"""

import os
from pathlib import Path

from dashboard.settings import *  # noqa: F403 - settings are names of a module

STATIC_ROOT = Path(os.environ["STATIC_ROOT"])
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # tests sign in often
