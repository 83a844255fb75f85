"""nginx in front of desks, by the file of docs/deploy as it is written but for ports and paths."""

import re
import shlex
import subprocess
from pathlib import Path

from tests.desks import ROOT
from tests.services import HOST, Server, _free_port, _installed

SITE = "desk.example.com"
SELF_SIGNED = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={SITE}"


class Nginx(Server):
    """It says nothing when it is ready."""

    ready = "start worker process"

    def __init__(self, directory: Path, *ports: int, base: str = "") -> None:
        """In front of desks on these ports, with a certificate that it signed itself; at a path as
        DEPLOY.md tells it.
        """
        program = _installed("nginx", "nginx", Path("/usr/sbin"))
        self.secure, self.plain = _free_port(), _free_port()
        self.url = f"https://{HOST}:{self.secure}"
        changes = {
            "listen 443": f"listen {HOST}:{self.secure}",
            "listen 80": f"listen {HOST}:{self.plain}",
            "/etc/nginx": str(directory),
        } | {f"127.0.0.1:800{number}": f"{HOST}:{port}" for number, port in enumerate(ports)}
        text = (ROOT / "docs/deploy/nginx.conf").read_text()
        if base:
            changes[locations(text)] = locations((ROOT / "docs/DEPLOY.md").read_text(), base)
        for written, here in changes.items():
            assert written in text
            text = text.replace(written, here)
        (directory / "nginx.conf").write_text(text)
        self.directory = directory
        self.make_certificate()
        own = "daemon off; error_log stderr notice; pid nginx.pid;"
        command = [str(program), "-p", str(directory), "-c", "nginx.conf", "-g", own]
        super().__init__(command, self.secure)

    def make_certificate(self) -> None:
        kept = [
            "-keyout",
            str(self.directory / "desk.key"),
            "-out",
            str(self.directory / "desk.pem"),
        ]
        subprocess.run([*shlex.split(SELF_SIGNED), *kept], check=True, capture_output=True)


def locations(text: str, base: str = "") -> str:
    """What nginx is told of the desk's pages and of its static files, in either text."""
    first = f"location = {base} " if base else "location / "
    found = re.search(rf"^ +{first}(?s:.*?){base}/static/(?s:.*?)}}$", text, re.MULTILINE)
    assert found
    return found[0]
