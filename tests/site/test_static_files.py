"""Two desks that start together in one place collect their static files one after the other."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from integrations_app.management.commands import serve
from tests.desks import ROOT, inherited
from tests.site.test_start import KEY

pytestmark = pytest.mark.slow  # starts other processes

TOGETHER = 3
COLLECT = """
import django
django.setup()
from integrations_app.management.commands.serve import collect_static
collect_static()
"""


def test_several_that_start_together_collect_them_once(tmp_path: Path) -> None:
    known = inherited() | {
        "ENV_FILE": "",
        "STIGG_API_KEY": KEY,
        "DJANGO_SETTINGS_MODULE": "tests.desk_settings",
        "STATIC_ROOT": str(tmp_path / "static"),
    }

    def collect(_: int) -> str:
        command = [sys.executable, "-c", COLLECT]
        return subprocess.run(command, cwd=ROOT, env=known, capture_output=True, text=True).stderr

    with ThreadPoolExecutor(TOGETHER) as desks:
        assert list(desks.map(collect, range(TOGETHER))) == [""] * TOGETHER


def test_a_disk_without_room_for_them_is_one_sentence(settings: Any, tmp_path: Path) -> None:
    settings.VAR = tmp_path / "gone"
    with pytest.raises(CommandError, match=r"Nothing can be kept in .*/gone: "):
        serve.prepare_files()
