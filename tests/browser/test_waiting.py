"""In a real Chromium: how the bar that tells of waiting ends, and a long ticket in the box."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import chromium

pytestmark = chromium.NEEDED
OPENED = re.compile(r"/production/customers/acme-corp/integrations/")
PROSE = "Здравствуйте, у нас неверный счёт. "
LONG = f"{PROSE * 300}\ncustomer id: acme-corp\n{PROSE * 200}"  # 17,500 characters


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_ticket_too_long_for_an_address_is_one_paste(
    chrome: Browser, visit: Page, scripts: bool
) -> None:
    context = chrome.new_context(
        base_url=visit.url,
        java_script_enabled=scripts,
        storage_state=visit.context.storage_state(),
    )
    page = context.new_page()
    page.goto("/")
    page.get_by_label("Customer", exact=True).fill(LONG.replace("\n", " "))
    page.keyboard.press("Enter")
    expect(page).to_have_url(OPENED)
    expect(page.get_by_role("heading", name="Acme Inc.")).to_be_visible()
    context.close()


def test_a_long_paste_asks_for_no_suggestions(visit: Page) -> None:
    asked = list[str]()
    visit.on("request", lambda request: asked.append(request.url))
    box = visit.get_by_role("combobox", name="Customer")
    box.fill("meridian")
    expect(visit.get_by_role("option").first).to_be_visible()
    box.fill("x" * 101)
    expect(visit.get_by_role("option").first).to_be_hidden()
    assert [url for url in asked if "suggestions" in url and "xxx" in url] == []


# --- the bar --------------------------------------------------------------------------------------


def begin_to_wait(page: Page) -> None:
    """A navigation that leads nowhere tells nobody that it ended."""
    page.route("**/leads-nowhere", lambda route: route.fulfill(status=204))
    page.evaluate("document.querySelector('a.brand').setAttribute('href', '/leads-nowhere')")
    page.locator("a.brand").click()


def test_the_bar_ends_by_itself_after_half_a_minute(visit: Page) -> None:
    visit.clock.install()
    begin_to_wait(visit)
    visit.clock.run_for(29_000)
    expect(visit.locator("#waiting")).to_have_text("Asking Stigg, 28 s")
    visit.clock.run_for(2_000)
    expect(visit.locator("#waiting")).to_have_count(0)


def test_a_page_that_comes_back_from_the_browsers_memory_does_not_wait(visit: Page) -> None:
    begin_to_wait(visit)
    expect(visit.locator("#waiting")).to_have_count(1)
    visit.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: false}))")
    expect(visit.locator("#waiting")).to_have_count(0)
