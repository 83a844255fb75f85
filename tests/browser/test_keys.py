"""Single keys and their help, in a real Chromium."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from integrations_app.simulator import Simulator
from integrations_app.upstream import fresh_or_copy
from tests.browser import chromium

pytestmark = chromium.NEEDED
PAGE = "/production/customers/every-link/integrations/"


@pytest.fixture
def rows(visit: Page) -> Page:
    """The customer with every kind of link; the outside world answers "there"."""
    outside = re.compile(r"^https?://(?!localhost|127)")
    visit.context.route(outside, lambda route: route.fulfill(body="there"))
    visit.goto(PAGE)
    return visit


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.dataset.integrationId"))


def ids(page: Page) -> list[str]:
    script = "rows => rows.map((row) => row.dataset.integrationId)"
    return [str(each) for each in page.locator("tbody tr").evaluate_all(script)]


def test_j_and_k_move_between_the_rows_and_stop_at_the_ends(rows: Page) -> None:
    known = ids(rows)
    rows.keyboard.press("j")
    assert focused(rows) == known[0]
    rows.keyboard.press("j")
    rows.keyboard.press("j")
    assert focused(rows) == known[2]
    rows.keyboard.press("k")
    assert focused(rows) == known[1]
    rows.keyboard.press("k")
    rows.keyboard.press("k")
    assert focused(rows) == known[0]
    rows.locator("tbody tr a.open").last.focus()
    here = rows.evaluate("document.activeElement.closest('tr').dataset.integrationId")
    rows.keyboard.press("k")
    assert focused(rows) == known[known.index(here) - 1]


def test_a_rows_link_its_id_and_its_own_page_are_one_key_away(rows: Page) -> None:
    rows.keyboard.press("j")
    row = rows.locator("tbody tr").first
    id_ = row.locator("td .id").first.inner_text()
    rows.keyboard.press("y")
    expect(rows.get_by_role("status")).to_have_text("Copied")
    assert rows.evaluate("navigator.clipboard.readText()") == id_
    address = row.locator("a.open").get_attribute("href")
    with rows.context.expect_page() as opened:
        rows.keyboard.press("Enter")
    expect(opened.value).to_have_url(str(address))
    rows.keyboard.press("e")
    expect(rows).to_have_url(re.compile(r"/integration/"))
    expect(rows.locator(".integration")).to_contain_text(id_)


def test_keys_do_not_mind_caps_lock_but_a_modifier(rows: Page) -> None:
    rows.keyboard.press("Shift+j")
    rows.keyboard.press("Control+j")
    assert focused(rows) == "None"
    # What a browser says of the key while Caps Lock is on
    rows.evaluate(
        "document.body.dispatchEvent(new KeyboardEvent('keydown', KEY))".replace(
            "KEY", "{key: 'J', bubbles: true}"
        )
    )
    assert focused(rows) == ids(rows)[0]


def test_letters_that_are_typed_are_no_keys(rows: Page) -> None:
    rows.locator("#q").fill("")
    rows.locator("#q").press_sequentially("jkye?")
    expect(rows.locator("#q")).to_have_value("jkye?")
    expect(rows.get_by_role("dialog")).to_have_count(0)


def test_a_question_mark_shows_the_help_and_escape_leads_back(rows: Page) -> None:
    rows.keyboard.press("j")
    first = focused(rows)
    rows.keyboard.press("?")
    help_ = rows.get_by_role("dialog", name="Help")
    expect(help_).to_contain_text("copy the row's id")
    expect(help_).to_contain_text("an e-mail", ignore_case=True)
    assert chromium.violations_in_both(rows) == []
    rows.keyboard.press("j")
    rows.keyboard.press("Escape")
    expect(help_).to_have_count(0)
    expect(rows).to_have_url(re.compile(re.escape(PAGE) + "$"))
    assert focused(rows) == first
    rows.get_by_role("link", name="Help").click()
    close = rows.get_by_role("button", name="Close")
    high, low = close.bounding_box(), rows.locator("#keys").bounding_box()
    assert high
    assert low
    assert high["y"] + high["height"] <= low["y"]
    close.click()
    expect(help_).to_have_count(0)


def test_the_help_of_somebody_whose_sign_in_has_ended_is_the_sign_in(rows: Page) -> None:
    rows.context.clear_cookies()
    rows.keyboard.press("?")
    expect(rows.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()


def test_the_keys_can_be_switched_off_and_stay_off(rows: Page) -> None:
    rows.keyboard.press("?")
    switch = rows.get_by_role("button", name="Single-key shortcuts")
    expect(switch).to_have_attribute("aria-pressed", "true")
    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "false")
    rows.reload()
    expect(rows.locator("kbd").filter(visible=True)).to_have_count(0)
    for key in "5cj/?":
        rows.keyboard.press(key)
    expect(rows).to_have_url(re.compile(re.escape(PAGE) + "$"))
    expect(rows.get_by_role("combobox")).not_to_be_focused()
    expect(rows.get_by_role("status")).to_have_text("")
    expect(rows.get_by_role("dialog")).to_have_count(0)
    assert rows.evaluate("Object.entries(localStorage)") == [["desk-keys", "off"]]
    rows.get_by_role("link", name="Help").click()
    expect(switch).to_have_attribute("aria-pressed", "false")
    switch.click()
    rows.keyboard.press("Escape")
    expect(switch).to_have_count(0)
    rows.keyboard.press("5")
    expect(rows.locator(".host")).to_have_text("zuora.partner.example")


def test_help_is_a_page_too(visit: Page) -> None:
    visit.goto("/help/")
    expect(visit.get_by_role("heading", name="Help")).to_be_visible()
    for width in (1280, 320):
        visit.set_viewport_size({"width": width, "height": 800})
        assert chromium.violations_in_both(visit) == []
        assert visit.evaluate("document.documentElement.scrollWidth") <= width


def test_without_scripts_help_is_a_page_that_says_what_keys_need(
    chrome: Browser, rows: Page
) -> None:
    state = rows.context.storage_state()
    context = chrome.new_context(base_url=rows.url, java_script_enabled=False, storage_state=state)
    page = context.new_page()
    page.goto(PAGE)
    page.get_by_role("link", name="Help").click()
    expect(page.get_by_text("They need JavaScript")).to_be_visible()
    expect(page.locator(".keys").filter(visible=True)).to_have_count(0)
    context.close()


def test_where_there_is_hardly_a_keyboard_no_key_is_offered(chrome: Browser, rows: Page) -> None:
    state = rows.context.storage_state()
    touched = chrome.new_context(
        base_url=rows.url,
        storage_state=state,
        has_touch=True,
        is_mobile=True,
        viewport={"width": 1280, "height": 800},
    )
    page = touched.new_page()
    page.goto(PAGE)
    expect(page.locator("kbd").filter(visible=True)).to_have_count(0)
    names = page.locator(".vendor > bdi:not(.id)").all()
    assert len(names) > 1
    assert all(each.evaluate("(name) => name.scrollWidth <= name.clientWidth") for each in names)
    touched.close()


def test_f_leads_to_the_filter_which_keeps_the_focus(rows: Page) -> None:
    rows.goto("/production/customers/meridian-group/integrations/")
    rows.keyboard.press("f")
    expect(rows.locator("#find")).to_be_focused()
    rows.keyboard.type("zuora")
    rows.keyboard.press("Enter")
    expect(rows.get_by_role("status")).to_have_text("31 of 137 integrations with “zuora”")
    expect(rows).to_have_url(re.compile(r"\?find=zuora$"))
    expect(rows.locator("#find")).to_be_focused()
    rows.go_back()
    expect(rows.get_by_role("heading", name="1–20 of 137 integrations")).to_be_visible()


def test_states_that_come_late_leave_the_focus_in_its_row(
    rows: Page, stigg: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fresh_or_copy, "EXTRA_SECONDS", 0.01)
    stigg.fault(route="graphql", delay=2)
    rows.goto("/production/customers/meridian-group/integrations/")
    with rows.expect_response("**/results/**"):
        rows.keyboard.press("j")
    expect(rows.locator("#results tbody tr").first).to_be_focused()
    expect(rows.locator("#late-states")).to_be_visible()


def test_states_that_come_late_leave_alone_what_is_being_typed(
    rows: Page, stigg: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fresh_or_copy, "EXTRA_SECONDS", 0.01)
    stigg.fault(route="graphql", delay=2)
    rows.goto("/production/customers/meridian-group/integrations/")
    expect(rows.locator("#late-states")).to_be_visible()
    with rows.expect_response("**/results/**"):
        rows.locator("#find").fill("zu")
    rows.keyboard.type("ora")
    expect(rows.locator("#find")).to_have_value("zuora")
    expect(rows.locator("#late-states")).to_be_visible()
    rows.keyboard.press("Enter")
    expect(rows.get_by_role("heading", name="31 of 137 integrations with “zuora”")).to_be_visible()


def test_in_an_empty_box_the_keys_mean_what_help_says(visit: Page) -> None:
    box = visit.get_by_role("combobox")
    visit.goto("/")
    expect(box).to_be_focused()
    visit.keyboard.type("/acme-corp")
    expect(box).to_have_value("acme-corp")
    visit.keyboard.type("/?")
    expect(box).to_have_value("acme-corp/?")
    box.fill("")
    visit.keyboard.press("?")
    expect(visit.get_by_role("dialog")).to_be_visible()
