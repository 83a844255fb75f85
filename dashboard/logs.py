"""Lines of the log: JSON, in UTC, with the request's name, and without what a request holds."""

import logging
import time

from pythonjsonlogger.json import JsonFormatter

from dashboard.masking import masked
from dashboard.request_ids import current


class Formatter(JsonFormatter):
    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03d+00:00"

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))


class Filter(logging.Filter):
    """Puts the request's name on a record, and takes Django's request off it: written out, that is
    an address, with what an agent pasted or a customer's id. Anybody may send a wrong Host: one
    line.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current()
        vars(record).pop("request", None)
        if record.name == "django.request" and isinstance(record.args, tuple) and record.args:
            record.msg, record.args = str(record.args[0]), ()  # "Not Found: /the/path"
            if record.levelno == logging.WARNING:  # of a request, not of the desk
                record.levelno, record.levelname = logging.INFO, "INFO"
        if record.name == "django.security.DisallowedHost":
            record.exc_info = record.exc_text = None
        return True
