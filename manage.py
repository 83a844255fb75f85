#!/usr/bin/env python
"""Django's command line for the desk."""

import os
import signal
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    if sys.argv[1:2] == ["serve"]:  # Python's KeyboardInterrupt can be lost where it is raised
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:  # an operator needs the sentence, not the traceback
        sys.exit(f"The desk is not configured.\n{error}")


if __name__ == "__main__":
    main()
