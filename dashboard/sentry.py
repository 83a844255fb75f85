"""Faults of the desk told to Sentry, where SENTRY_DSN is set: which, and where in the code.

A report is put together from what is named here, and nothing else gets into it: what an exception
says may quote what an agent pasted or a customer's record. The request's name leads to the log.
https://docs.sentry.io/platforms/python/configuration/options/
"""

import logging
from typing import Any

import sentry_sdk

from dashboard import access_log, request_ids

OURS = ("dashboard.", "integrations_app.")  # their loggers say fixed words
KEPT = {"event_id", "timestamp", "level", "platform", "server_name", "sdk"}
KEPT_OF_EXCEPTIONS = {"type", "module", "stacktrace"}  # of files and lines, without variables


class Handler(logging.Handler):
    """Tells what is logged as an error, in a thread of its own; it keeps no more than 100."""

    def __init__(self, dsn: str) -> None:
        super().__init__(logging.ERROR)
        sentry_sdk.init(
            dsn,
            before_send=told,
            include_local_variables=False,
            max_breadcrumbs=0,
            default_integrations=False,  # they add headers, arguments, what was logged before
            auto_enabling_integrations=False,
            auto_session_tracking=False,
            send_client_reports=False,
            enable_metrics=False,
            propagate_traces=False,
            spotlight=False,
            release="",  # or it would ask git
        )

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            sentry_sdk.capture_exception(record.exc_info)
        elif record.name.startswith(OURS):
            sentry_sdk.capture_message(str(record.msg), "error")


def told(event: Any, hint: Any) -> Any:  # noqa: ARG001 - the library's signature
    """What is sent of this event."""
    request = request_ids.current_request()
    kept = {name: event[name] for name in KEPT & event.keys()}
    exceptions = event.get("exception", {}).get("values", [])
    return kept | {
        "message": event.get("message", ""),
        "tags": {"request_id": request_ids.current()},
        "transaction": access_log.view_name(request) if request else "",
        "exception": {
            "values": [
                {name: each[name] for name in KEPT_OF_EXCEPTIONS & each.keys()}
                for each in exceptions
            ]
        },
    }
