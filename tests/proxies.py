"""nginx in front of desks, by the file of docs/deploy as it is written but for ports and paths."""

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

    def __init__(self, directory: Path, *ports: int) -> None:
        """In front of two desks on these ports, with a certificate that it signed itself."""
        program = _installed("nginx", "nginx", Path("/usr/sbin"))
        self.secure, self.plain = _free_port(), _free_port()
        self.url = f"https://{HOST}:{self.secure}"
        changes = {
            "listen 443": f"listen {HOST}:{self.secure}",
            "listen 80": f"listen {HOST}:{self.plain}",
            "/etc/nginx": str(directory),
        } | {f"127.0.0.1:800{number}": f"{HOST}:{port}" for number, port in enumerate(ports)}
        text = (ROOT / "docs/deploy/nginx.conf").read_text()
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
