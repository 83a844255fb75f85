"""What a browser loads at first: few requests, few bytes, and nothing in them that only people
read.
"""

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from playwright.sync_api import Browser, Page

from tests.browser.chromium import NEEDED

MAX_BYTES = 30_000
LOOK_UP = "/"
TWENTY_ROWS = "/production/customers/meridian-group/integrations/"


@pytest.fixture
def served(settings: Any, tmp_path: Path) -> Path:
    """The static files as the production server has them, each beside its compressed form."""
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "dashboard.storage.StaticStorage"},
    }
    settings.STATICFILES_DIRS = [settings.BASE_DIR / "static"]
    call_command("collectstatic", verbosity=0, interactive=False)
    return tmp_path


def files_of(page: str) -> list[str]:
    soup = BeautifulSoup(page, "html.parser")
    named = [
        tag.get("href") or tag.get("src") for tag in soup.select("link[rel=stylesheet], [src]")
    ]
    return [str(name).removeprefix(settings.STATIC_URL) for name in named]


@pytest.mark.parametrize("path", [LOOK_UP, TWENTY_ROWS])
def test_a_first_visit_is_at_most_thirty_kilobytes_as_sent(
    agent: Client, served: Path, path: str
) -> None:
    response = agent.get(path, headers={"Accept-Encoding": "gzip"})
    files = files_of(gzip.decompress(response.content).decode())
    assert len(files) == 3
    assert (
        len(response.content) + sum((served / f"{name}.gz").stat().st_size for name in files)
        <= MAX_BYTES
    )


def test_the_served_files_are_the_written_ones_without_comments(served: Path) -> None:
    for kind in ("css", "js"):
        (named,) = served.glob(f"desk.*.{kind}")
        written, sent = (settings.BASE_DIR / f"static/desk.{kind}").read_text(), named.read_text()
        assert "// ---" in written or "/* " in written
        assert "// " not in sent
        assert "/* " not in sent
        assert len(sent) > len(written) / 2
        assert gzip.decompress(Path(f"{named}.gz").read_bytes()).decode() == sent


RULES = """css => { const sheet = new CSSStyleSheet(); sheet.replaceSync(css);
    return [...sheet.cssRules].map(rule => rule.cssText).join("\\n"); }"""


def told_apart(rules: str) -> str:
    """Without the blanks that mean nothing; browsers keep those of custom properties as they are
    written.
    """
    return re.sub(r"(?<=[,{};:]) | (?=[{}])|\s*\n\s*", "", rules)


class TestInABrowser:
    pytestmark = NEEDED

    def test_the_served_style_means_what_is_written(self, visit: Page, served: Path) -> None:
        written, sent = (
            (settings.BASE_DIR / "static/desk.css").read_text(),
            (served / "desk.css").read_text(),
        )
        assert told_apart(visit.evaluate(RULES, sent)) == told_apart(visit.evaluate(RULES, written))

    @pytest.mark.parametrize("path", [LOOK_UP, TWENTY_ROWS])
    def test_a_first_visit_is_four_requests(self, visit: Page, chrome: Browser, path: str) -> None:
        first = chrome.new_context(
            base_url=visit.url, storage_state=visit.context.storage_state()
        ).new_page()
        asked = list[str]()
        first.on("request", lambda request: asked.append(request.url))
        first.goto(path, wait_until="networkidle")
        first.context.close()
        assert len([url for url in asked if not url.startswith("data:")]) == 4
