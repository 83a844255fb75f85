"""What a browser loads at first: few requests and few bytes, as they are sent."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client, override_settings
from playwright.sync_api import Browser, Page

from dashboard import settings as production
from integrations_app.management.commands import serve
from tests.browser.chromium import NEEDED

pytestmark = pytest.mark.slow  # compresses all files

LOOK_UP = "/"
TWENTY_ROWS = "/production/customers/meridian-group/integrations/"
BOTH_PAGES = pytest.mark.parametrize("path", [LOOK_UP, TWENTY_ROWS])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The static files as `manage.py serve` collects them, each beside its compressed forms."""
    collected = tmp_path_factory.mktemp("static")
    with override_settings(STATIC_ROOT=collected, STORAGES=production.STORAGES):
        serve.collect_static()
        yield collected


def files_of(page: str) -> list[str]:
    soup = BeautifulSoup(page, "html.parser")
    return [
        str(tag.get("href") or tag.get("src")) for tag in soup.select("link[rel=stylesheet], [src]")
    ]


def sent(agent: Client, path: str, accepted: str) -> int:
    """The bytes of a page and of its files for a browser that accepts these. Pages are gzip."""
    page = agent.get(path, headers={"Accept-Encoding": accepted})
    urls = files_of(gzip.decompress(page.content).decode())
    files = [agent.get(url, headers={"Accept-Encoding": accepted}) for url in urls]
    assert [file.status_code for file in files] == [200, 200, 200]
    assert {file["Content-Encoding"] for file in files} == {"br" if "br" in accepted else "gzip"}
    return len(page.content) + sum(len(file.getvalue()) for file in files)


@BOTH_PAGES
def test_over_https_a_first_visit_is_at_most_30_kilobytes(
    agent: Client, served: Path, path: str
) -> None:
    assert sent(agent, path, "gzip, deflate, br, zstd") <= 30_000


@BOTH_PAGES
def test_over_http_a_first_visit_is_at_most_32_kilobytes(
    agent: Client, served: Path, path: str
) -> None:
    assert sent(agent, path, "gzip, deflate") <= 33_000


@pytest.mark.parametrize("name", ["desk.js", "export.js", "desk.css", "pages.css"])
def test_what_is_served_is_the_code_without_its_comments(served: Path, name: str) -> None:
    written = (production.BASE_DIR / "static" / name).read_text()
    lines = [re.sub(r"\s*/\*[^*]*\*/$", "", line).strip() for line in written.splitlines()]
    code = [line for line in lines if line and not line.startswith("//")]
    (sent,) = served.glob(name.replace(".", ".*.", 1))
    assert [line for line in sent.read_text().splitlines() if line] == code


def test_of_the_files_of_django_htmx_only_the_used_one_is_served(served: Path) -> None:
    shipped = {path.name.rsplit(".", 2)[0] for path in (served / "django_htmx").rglob("*.js")}
    assert shipped == {"htmx-2.min", "django-htmx"}  # debug pages load the second


class TestInABrowser:
    pytestmark = NEEDED

    @BOTH_PAGES
    def test_a_first_visit_is_four_requests_that_accept_brotli(
        self, visit: Page, chrome: Browser, path: str
    ) -> None:
        first = chrome.new_context(
            base_url=visit.url, storage_state=visit.context.storage_state()
        ).new_page()
        asked = list[Any]()
        first.on("request", lambda request: asked.append(request))
        first.goto(path, wait_until="networkidle")
        fetched = [request for request in asked if not request.url.startswith("data:")]
        assert len(fetched) == 4
        assert all(
            "br" in request.all_headers()["accept-encoding"].split(", ") for request in fetched
        )
        first.context.close()
