"""The files of docs/deploy, run as they are written but for ports and paths."""

import re
import shlex
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests
import yaml

from integrations_app import simulator
from tests.desks import MANAGE, NAME, PASSWORD, ROOT, Desk, browser, open_desk
from tests.services import HOST, Server, _free_port, _installed
from tests.variables import told

pytestmark = [
    pytest.mark.slow,  # starts servers
    pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning"),  # self-signed
]

FILES = ROOT / "docs/deploy"
SITE = "desk.example.com"
SELF_SIGNED = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=desk.example.com"


class Nginx(Server):
    """It says nothing when it is ready."""

    ready = "start worker process"

    def __init__(self, directory: Path, desk: Desk) -> None:
        self.secure, self.plain, nobody = _free_port(), _free_port(), _free_port()
        program = _installed("nginx", "nginx", Path("/usr/sbin"))
        changes = {
            "listen 443": f"listen {HOST}:{self.secure}",
            "listen 80": f"listen {HOST}:{self.plain}",
            "127.0.0.1:8000": f"{HOST}:{desk.port}",
            "127.0.0.1:8001": f"{HOST}:{nobody}",  # one of the two is always away
            "/etc/nginx": str(directory),
        }
        text = (FILES / "nginx.conf").read_text()
        for written, here in changes.items():
            assert written in text
            text = text.replace(written, here)
        (directory / "nginx.conf").write_text(text)
        own = "daemon off; error_log stderr notice; pid nginx.pid;"
        command = [str(program), "-p", str(directory), "-c", "nginx.conf", "-g", own]
        super().__init__(command, self.secure)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = tmp_path_factory.mktemp("nginx")
    kept = ["-keyout", str(made / "desk.key"), "-out", str(made / "desk.pem")]
    subprocess.run([*shlex.split(SELF_SIGNED), *kept], check=True, capture_output=True)
    return made


@pytest.fixture(scope="module")
def desk(directory: Path) -> Iterator[Desk]:
    _installed("nginx", "nginx", Path("/usr/sbin"))
    known = {
        "HTTPS": "true",
        "ALLOWED_HOSTS": SITE,
        "TRUSTED_PROXIES": HOST,
        "DATABASE_URL": f"sqlite:///{directory}/desk.sqlite3",
    }
    with simulator.start() as stigg, open_desk(stigg, **known) as running:
        yield running


@pytest.fixture(scope="module")
def nginx(directory: Path, desk: Desk) -> Iterator[Nginx]:
    server = Nginx(directory, desk)
    server.start()
    yield server
    server.stop()


def visit(nginx: Nginx, path: str = "/accounts/login/", **headers: str) -> requests.Response:
    return visited(browser(), nginx, path, **headers)


def visited(agent: requests.Session, nginx: Nginx, path: str, **headers: str) -> requests.Response:
    named = {"Host": SITE, **{name.replace("_", "-"): value for name, value in headers.items()}}
    url = f"https://{HOST}:{nginx.secure}{path}"
    return agent.get(url, headers=named, verify=False, allow_redirects=False, timeout=30)


def test_nginx_speaks_tls_and_passes_over_a_desk_that_is_away(nginx: Nginx) -> None:
    for _ in range(6):
        page = visit(nginx)
        assert page.status_code == 200
        assert "max-age=31536000" in page.headers["Strict-Transport-Security"]
    assert "__Host-csrftoken" in page.headers["Set-Cookie"]
    assert "Secure" in page.headers["Set-Cookie"]


def test_plain_http_leads_to_https(nginx: Nginx) -> None:
    url = f"http://{HOST}:{nginx.plain}/lookup"
    answer = browser().get(url, headers={"Host": SITE}, allow_redirects=False, timeout=30)
    assert (answer.status_code, answer.headers["Location"]) == (301, f"https://{SITE}/lookup")


def test_what_a_client_says_of_its_way_does_not_count(nginx: Nginx) -> None:
    forged = {
        "X_Forwarded_Proto": "http",
        "X_Forwarded_Host": "evil.example",
        "X_Request_ID": "forged-by-a-client",
    }
    page = visit(nginx, **forged)
    assert page.status_code == 200
    assert "evil.example" not in page.text
    assert re.fullmatch("[0-9a-f]{32}", page.headers["X-Request-ID"])


def test_metrics_are_not_for_outside(nginx: Nginx) -> None:
    assert visit(nginx, "/metrics").status_code == 404


def test_an_agent_signs_in_through_nginx(nginx: Nginx, desk: Desk) -> None:
    desk.manage(
        "createsuperuser",
        "--noinput",
        f"--username={NAME}",
        "--email=",
        DJANGO_SUPERUSER_PASSWORD=PASSWORD,
    )
    agent = browser()
    token = re.search(
        r'name="csrfmiddlewaretoken" value="(\w+)"', visited(agent, nginx, "/accounts/login/").text
    )
    assert token
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in agent.cookies)
    answer = agent.post(
        f"https://{HOST}:{nginx.secure}/accounts/login/",
        {"login": NAME, "password": PASSWORD, "csrfmiddlewaretoken": token[1]},
        headers={"Host": SITE, "Referer": f"https://{SITE}/accounts/login/", "Cookie": cookies},
        verify=False,
        allow_redirects=False,
        timeout=30,
    )
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert "__Host-sessionid" in answer.headers["Set-Cookie"]


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


def test_compose_sets_only_what_the_desk_reads() -> None:
    services = yaml.safe_load((FILES / "compose.yaml").read_text())["services"]
    for name in ("migrate", "desk"):
        assert services[name]["environment"].keys() <= told()
    assert services["migrate"]["command"][1:] == ["manage.py", "migrate"]


def test_the_backup_of_sqlite_holds_what_is_not_in_the_file_yet(tmp_path: Path) -> None:
    told = re.search(r'python -c "(.*)"', (FILES.parent / "DEPLOY.md").read_text())
    assert told
    (tmp_path / "var").mkdir()
    with closing(sqlite3.connect(tmp_path / "var/desk.sqlite3")) as serving:
        serving.execute("PRAGMA journal_mode=WAL")
        serving.execute("CREATE TABLE record (row)")
        serving.commit()
        subprocess.run([MANAGE[0], "-c", told[1]], cwd=tmp_path, check=True)
    with closing(sqlite3.connect(tmp_path / "desk.backup")) as kept:
        assert kept.execute("SELECT count(*) FROM record").fetchone() == (0,)
