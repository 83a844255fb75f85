"""Sessions that end: unused for SESSION_IDLE_MINUTES, and after a working day whatever happens.

Both are looked at where a session is read, so an ended one opens nothing anywhere.
"""

import time
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions

BEGAN, USED = "began", "used"  # seconds since 1970
NOTED_EVERY = 60  # seconds: a session is written at most this often because it is used


class SessionStore(DatabaseSessions):
    """Django's own, with two limits. `ended` is why there is nothing in it: "idle" or "limit"."""

    ended = ""

    def load(self) -> dict[str, Any]:
        found: dict[str, Any] = super().load()
        self.ended = _why_over(found)
        if not self.ended:
            return found
        self.delete(self.session_key)
        self._session_key = None
        return {}


def _why_over(found: dict[str, Any]) -> str:
    if SESSION_KEY not in found:
        return ""
    now = time.time()
    if now - found.get(BEGAN, 0) > settings.SESSION_COOKIE_AGE:
        return "limit"
    return "idle" if now - found[USED] > settings.SESSION_IDLE_MINUTES * 60 else ""


def note_use(session: SessionBase, *, began: bool = False) -> bool:
    """Remember that the session is used, or begins; whether that had to be written."""
    now = int(time.time())
    if began:
        session[BEGAN] = now
    elif now - session[USED] < NOTED_EVERY:
        return False
    session[USED] = now
    return True


def end_all(account: int) -> int:
    """End every session of the account with this primary key; how many there were."""
    of_account = [
        session.session_key
        for session in SessionStore.get_model_class().objects.all()
        if session.get_decoded().get(SESSION_KEY) == str(account)
    ]
    SessionStore.get_model_class().objects.filter(pk__in=of_account).delete()
    return len(of_account)
