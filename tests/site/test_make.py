"""`make` finds a .venv that cannot be used, and makes it anew."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.desks import ROOT

PYTHON = """#!/bin/sh
echo "$*" >> asked
[ -h .venv/bin/python ] && [ ! -e .venv/bin/python ] && exit 1  # as venv does
mkdir -p .venv/bin
ln -sf /bin/true .venv/bin/python
%s
"""
WHOLE, HALF = "ln -sf /bin/true .venv/bin/pip", '[ "$2" != venv ]'


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for name in ("Makefile", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def make(directory: Path, python: str) -> bool:
    """Whether all was installed."""
    program = directory / "python"
    program.write_text(PYTHON % python)
    program.chmod(0o755)
    command = ["make", "-s", ".venv/run.stamp", "PYTHON=./python"]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True)
    return done.returncode == 0


def times_made(directory: Path) -> int:
    return (directory / "asked").read_text().count("-m venv")


def test_what_is_whole_is_left_alone(directory: Path) -> None:
    assert make(directory, WHOLE)
    assert make(directory, WHOLE)
    assert times_made(directory) == 1


def test_one_that_could_not_be_made_does_not_stay(directory: Path) -> None:
    assert not make(directory, HALF)
    assert make(directory, WHOLE)


def test_one_that_was_left_half_made_is_made_anew(directory: Path) -> None:
    assert make(directory, WHOLE)
    (directory / ".venv/bin/pip").unlink()
    assert make(directory, WHOLE)
    assert times_made(directory) == 2


@pytest.mark.parametrize("left", ["/nonexistent/python", "/bin/false"], ids=["gone", "too old"])
def test_one_whose_interpreter_will_not_do_is_made_anew_and_filled_again(
    directory: Path, left: str
) -> None:
    assert make(directory, WHOLE)
    python = directory / ".venv/bin/python"
    python.unlink()
    python.symlink_to(left)
    assert make(directory, WHOLE)
    assert times_made(directory) == 2
