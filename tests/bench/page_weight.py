"""Part of `make bench`: what a page weighs in a real Chromium, and Lighthouse's scores where
`lighthouse` is installed (`npm install -g lighthouse`).

Nodes of the DOM, elements that Tab reaches, and how long a chip takes from the click until the
answer is in place and painted, at the machine's own speed and at a quarter of it. Medians of five.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Page, sync_playwright  # noqa: E402 - as below

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"  # for the hash of a password

from integrations_app import simulator  # noqa: E402 - found only by the line above
from tests.browser import chromium  # noqa: E402
from tests.desks import Desk, open_desk  # noqa: E402

CUSTOMER = "/production/customers/{}/integrations/"
PAGES = {
    "look-up": "/",
    "6 rows": CUSTOMER.format("acme-corp"),
    "20 of 137 rows": CUSTOMER.format("meridian-group"),
    "100 of 137 rows": CUSTOMER.format("meridian-group") + "?limit=100",
}
ROUNDS, SLOWER = 5, 4
NODES = "document.querySelectorAll('*').length"
REACHED = """[...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
    .filter((it) => it.tabIndex >= 0 && it.type !== 'hidden' && it.checkVisibility()).length"""
# From the click until the frame with the answer is made
CHIP = """() => new Promise((done) => {
    const began = performance.now();
    const painted = () => done(performance.now() - began);
    // A task after the frame's own work
    document.addEventListener('htmx:afterSettle', () => requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = painted;
        port2.postMessage(0);
    }), { once: true });
    document.querySelector('a.chip[data-vendor]').click();
})"""
SCORES = ("performance", "accessibility", "best-practices")


@contextmanager
def desk() -> Iterator[tuple[Desk, str]]:
    """A desk of its own against a simulated Stigg, and the session of an agent who may export."""
    with tempfile.TemporaryDirectory() as directory, simulator.start() as stigg:
        database = f"sqlite:///{directory}/bench.sqlite3"
        with open_desk(stigg, DATABASE_URL=database, LOG_LEVEL="ERROR") as running:
            yield running, str(running.sign_in().cookies["sessionid"])


def chip(page: Page, address: str, slower: int) -> float:
    """Milliseconds, with the whole answer of the list not in the desk's copies."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    taken = list[float]()
    for _ in range(ROUNDS):
        page.goto(address, wait_until="networkidle")
        taken.append(float(page.evaluate(CHIP)))
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    return statistics.median(taken)


def weigh(page: Page) -> None:
    print("a page in Chromium:  DOM nodes  Tab stops  chip to painted, ms  the same at 4x CPU")
    for name, address in PAGES.items():
        page.goto(address, wait_until="networkidle")
        sizes = f"  {name:<18} {page.evaluate(NODES):>9,} {page.evaluate(REACHED):>10}"
        has_chips = page.locator("a.chip[data-vendor]").count()
        times = [chip(page, address, slower) for slower in (1, SLOWER)] if has_chips else []
        print(sizes, "".join(f"{took:>20.0f}" for took in times))


def lighthouse(program: str, url: str, session: str, *, mobile: bool) -> dict[str, Any]:
    headers = json.dumps({"Cookie": f"sessionid={session}"})
    command = [program, url, "--quiet", "--output=json", f"--extra-headers={headers}"]
    command += [f"--only-categories={','.join(SCORES)}", "--chrome-flags=--no-sandbox --headless"]
    command += [] if mobile else ["--preset=desktop"]
    known = os.environ | {"CHROME_PATH": chromium.find() or ""}
    done = subprocess.run(command, env=known, check=False, stdout=subprocess.PIPE)
    return dict(json.loads(done.stdout)["categories"]) if done.stdout else {}


def score(running: Desk, session: str) -> None:
    program = shutil.which("lighthouse")
    if not program:
        print("Lighthouse is not installed: npm install -g lighthouse")
        return
    print(f"Lighthouse, {' / '.join(SCORES)}:")
    for name, address in PAGES.items():
        for form in ("desktop", "mobile"):
            url = running.url + address
            found = lighthouse(program, url, session, mobile=form == "mobile")
            scores = [f"{found[of]['score'] * 100:.0f}" for of in SCORES if of in found]
            print(f"  {name:<18} {form:<8} {' / '.join(scores) or 'no result'}")


def main() -> None:
    path = chromium.find()
    if not path:
        print("no Chromium, so no page was weighed: set CHROMIUM to one")
        return
    with desk() as (running, session), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        context = browser.new_context(base_url=running.url)
        context.add_cookies([{"name": "sessionid", "value": session, "url": running.url}])
        weigh(context.new_page())
        browser.close()
        score(running, session)


if __name__ == "__main__":
    main()
