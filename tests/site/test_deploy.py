"""The files of docs/deploy, run as they are written but for ports and paths."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from integrations_app import simulator
from tests.desks import MANAGE, ROOT, browser
from tests.services import HOST, Server, _free_port, _installed
from tests.site.test_stopping import wait_until
from tests.variables import told

pytestmark = pytest.mark.slow  # starts servers

FILES = ROOT / "docs/deploy"


def commands(unit: str) -> list[str]:
    return re.findall(r"^Exec\w+=/opt/desk/\.venv/bin/python (.*)$", unit, re.MULTILINE)


def test_the_units_commands_are_commands_of_the_desk(tmp_path: Path) -> None:
    migrate, serve = commands((FILES / "desk.service").read_text())
    settings = {
        "ENV_FILE": "",
        "STIGG_API_KEY": next(iter(simulator.KEYS)),
        "SECRET_KEY": "tests" * 12,
        "DATABASE_URL": f"sqlite:///{tmp_path}/desk.sqlite3",
    }
    python = [MANAGE[0]]
    subprocess.run([*python, *shlex.split(migrate)], cwd=ROOT, env=settings, check=True)
    port = _free_port()
    settings["PORT"] = str(port)
    serving = Server([*python, *shlex.split(serve)], port, cwd=ROOT, env=settings)
    serving.ready = "Integrations Desk: http"
    serving.start()
    serving.stop()
    assert serving.process.returncode in (0, -15)  # -15: told before it was the server


def test_the_timer_starts_a_command_of_the_desk(tmp_path: Path) -> None:
    (tidy,) = commands((FILES / "desk-tidy.service").read_text())
    settings = {
        "ENV_FILE": "",
        "STIGG_API_KEY": next(iter(simulator.KEYS)),
        "DATABASE_URL": f"sqlite:///{tmp_path}/desk.sqlite3",
    }
    for command in ("manage.py migrate --verbosity 0", tidy):
        subprocess.run([MANAGE[0], *shlex.split(command)], cwd=ROOT, env=settings, check=True)


def test_systemd_reads_the_units(tmp_path: Path) -> None:
    program = _installed("systemd-analyze", "systemd")
    units = ["desk.service", "desk-tidy.service", "desk-tidy.timer"]
    for name in units:
        text = (FILES / name).read_text().replace("/opt/desk/.venv/bin/python", "/bin/true")
        (tmp_path / name).write_text(text)
    command = [str(program), "verify", *(str(tmp_path / name) for name in units)]
    said = subprocess.run(command, capture_output=True, text=True).stderr
    assert [line for line in said.splitlines() if "desk" in line] == []


def image() -> tuple[str, dict[str, str]]:
    """The last stage of the Dockerfile, and its environment."""
    stage = (FILES / "Dockerfile").read_text().rpartition("FROM ")[2]
    (environment,) = re.findall("^ENV (.*)", stage, re.MULTILINE)
    return stage, dict(pair.split("=", 1) for pair in shlex.split(environment))


def command(stage: str, kind: str) -> list[str]:
    (found,) = re.findall(rf"^{kind} ?(\[.*\])$", stage, re.MULTILINE)
    return [str(word) for word in json.loads(found)]


def lay_out(stage: str, place: Path) -> None:
    """What the Dockerfile copies, and the libraries; nothing else."""
    for copied in re.findall("^COPY ([^-].*) .*", stage, re.MULTILINE):
        for name in copied.split():
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, place / name)
    (place / ".venv").symlink_to(sys.prefix)


def test_what_the_image_holds_is_enough_for_its_commands(tmp_path: Path) -> None:
    stage, environment = image()
    lay_out(stage, tmp_path)
    port = _free_port()
    known = {"STIGG_API_KEY": next(iter(simulator.KEYS)), "PORT": str(port), **environment}
    place: dict[str, Any] = {"cwd": tmp_path, "env": known}
    subprocess.run([".venv/bin/python", "manage.py", "migrate", "-v0"], check=True, **place)
    serving = Server(command(stage, "CMD"), port, **place)
    serving.ready = "Integrations Desk: http"
    check = [word.replace("8000", str(port)) for word in command(stage, "HEALTHCHECK .* CMD")]
    assert subprocess.run(check, capture_output=True, **place).returncode == 1
    serving.start()
    try:
        wait_until(lambda: subprocess.run(check, capture_output=True, **place).returncode == 0)
        form = browser().get(f"http://{HOST}:{port}/accounts/login/")
        assert "Integrations Desk" in form.text  # allauth has a form of its own
    finally:
        serving.stop()


def test_kubernetes_sets_only_what_the_desk_reads_and_asks_where_it_answers() -> None:
    given = list(yaml.safe_load_all((FILES / "kubernetes.yaml").read_text()))
    config, deployment, *_ = given
    assert config["data"].keys() <= told()
    pod = deployment["spec"]["template"]["spec"]
    (migrate,), (serve,) = pod["initContainers"], pod["containers"]
    assert [each["command"][1:] for each in (migrate, serve)] == [
        ["manage.py", "migrate"],
        ["manage.py", "serve"],
    ]
    assert serve["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert serve["livenessProbe"]["httpGet"]["path"] == "/healthz"


def test_compose_sets_only_what_the_desk_reads() -> None:
    services = yaml.safe_load((FILES / "compose.yaml").read_text())["services"]
    for name in ("migrate", "desk"):
        assert services[name]["environment"].keys() <= told()
    assert services["migrate"]["command"][1:] == ["manage.py", "migrate"]
