"""`make pictures`: README's pictures: a running desk, simulated customers, light and dark."""

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import ViewportSize, sync_playwright  # noqa: E402 - as below

from tests.bench.page_weight import CUSTOMER, desk  # noqa: E402 - found only by the line above
from tests.browser import chromium  # noqa: E402

SIZE: ViewportSize = {"width": 1280, "height": 720}


def main() -> None:
    with desk() as (running, session), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=["--no-sandbox"])
        context = browser.new_context(base_url=running.url, viewport=SIZE, reduced_motion="reduce")
        context.add_cookies([{"name": "sessionid", "value": session, "url": running.url}])
        page = context.new_page()
        for scheme in chromium.SCHEMES:
            page.emulate_media(color_scheme=scheme)
            page.goto(CUSTOMER.format("acme-corp"), wait_until="networkidle")
            path = ROOT / "docs" / f"desk-{scheme}.png"
            page.screenshot(path=path)
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes")
        browser.close()


if __name__ == "__main__":
    main()
