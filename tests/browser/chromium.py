"""Find a Chromium for the browser tests; run as a script, try to install Debian's where none is
found.
"""

import os
import shutil
import subprocess
import sys
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

PACKAGES = ("chromium-headless-shell", "fonts-dejavu-core")  # of Debian
NAMES = (
    "chromium-headless-shell",  # the same engine without its windows: a third of the work
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)


def find() -> str | None:
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def install() -> None:
    if shutil.which("apt-get") and os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES], check=False
        )


NEEDED = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not find() and not os.environ.get("REQUIRE_BROWSER"),
        reason="no Chromium: set CHROMIUM to one",
    ),
]


Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
EVERY_RULE = {"rules": {"target-size": {"enabled": True}}}
COLOURS = {"runOnly": ["color-contrast"]}  # all that another scheme of colours can change
# What a narrow page can change
SIZES = {
    "runOnly": ["target-size"],
    "rules": {"target-size": {"enabled": True}},
}


def violations_in_both(page: Page) -> list[tuple[str, list[str]]]:
    """Of the page as it stands, in either scheme of colours."""
    found = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found += violations(page, scheme)
    return found


def violations(
    page: Page, scheme: Scheme = "light", *, narrow: bool = False
) -> list[tuple[str, list[str]]]:
    """What axe finds on the page as it stands: each rule, with the first places that break it."""
    options = SIZES if narrow else EVERY_RULE if scheme == "light" else COLOURS
    found = (
        Axe().run(page, options=options | {"resultTypes": ["violations"]}).response["violations"]
    )
    return [(rule["id"], [node["html"][:120] for node in rule["nodes"][:2]]) for rule in found]


if __name__ == "__main__":
    if not find():
        install()
    if not find():
        print(
            (
                "WARNING: no Chromium found, so every browser test will be SKIPPED. Set "
                "CHROMIUM to one."
            ),
            file=sys.stderr,
        )
