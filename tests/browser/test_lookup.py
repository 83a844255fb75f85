"""Looking a customer up in a real Chromium: by hand, by keyboard, by what a screen reader is told,
and by axe.
"""

import re

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser, Locator, Page, expect

from integrations_app.simulator import Simulator
from integrations_app.simulator.rows import RowMaker
from tests.browser import chromium

pytestmark = chromium.NEEDED
CUSTOMER = "/production/customers/{}/integrations/"


def box(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Customer")


def listbox(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Suggestions")


# --- what a look-up leads to ----------------------------------------------------------------------


def test_a_pasted_e_mail_and_one_enter_open_the_customer(visit: Page) -> None:
    expect(box(visit)).to_be_focused()
    visit.keyboard.insert_text("Anna <ops@acme.example>")
    visit.keyboard.press("Enter")
    expect(visit).to_have_url(re.compile(re.escape(CUSTOMER.format("acme-corp"))))
    expect(visit.get_by_role("heading", name="Acme Inc.")).to_be_visible()


def test_an_agent_chooses_between_several(visit: Page) -> None:
    box(visit).fill("shared@twins.example")
    visit.keyboard.press("Enter")
    expect(visit.get_by_role("heading", name="2 customers in Production match")).to_be_visible()
    row = visit.get_by_role("row").filter(has_text="twin-two")
    expect(row).to_contain_text("e-mail only, check it")
    row.get_by_role("link", name="Twin Two Ltd.").click()
    expect(visit.get_by_role("heading", name="Twin Two Ltd.")).to_be_visible()


def test_a_miss_is_told_and_the_text_is_there_to_be_mended(visit: Page) -> None:
    box(visit).fill("acme-korp")
    visit.keyboard.press("Enter")
    expect(visit.get_by_role("heading", name="Not in Production.")).to_be_visible()
    expect(visit.get_by_text("Capitals matter in a customer id")).to_be_visible()
    expect(box(visit)).to_be_focused()
    expect(box(visit)).to_have_value("acme-korp")
    box(visit).fill("acme-corp")
    visit.keyboard.press("Enter")
    expect(visit.get_by_role("heading", name="Acme Inc.")).to_be_visible()


def test_a_customer_of_another_environment_is_one_click_away(visit: Page) -> None:
    box(visit).fill("staging-only")
    visit.keyboard.press("Enter")
    expect(
        visit.get_by_role("heading", name="Not in Production. Found in Staging.")
    ).to_be_visible()
    visit.get_by_role("link", name="Staging Only Inc.").click()
    expect(visit.locator("body")).to_have_attribute("data-live", "false")
    expect(visit.get_by_role("heading", name="Staging Only Inc.")).to_be_visible()


def test_pasted_lines_stay_several_texts(visit: Page) -> None:
    visit.evaluate(
        "navigator.clipboard.writeText('acme-corp\\nshared@twins.example\\r\\n\\nnobody-x\\n')"
    )
    box(visit).focus()
    visit.keyboard.press("Control+V")
    expect(box(visit)).to_have_value("acme-corp; shared@twins.example; nobody-x")
    visit.keyboard.press("Enter")
    expect(visit.locator("section.found")).to_have_count(3)


def test_recents_are_reached_by_keyboard_from_the_empty_box(visit: Page) -> None:
    visit.goto(CUSTOMER.format("acme-corp"))
    visit.goto(CUSTOMER.format("meridian-group"))
    visit.goto("/")
    expect(box(visit)).to_be_focused()
    visit.keyboard.press("ArrowDown")
    expect(visit.get_by_role("link", name="Meridian Group meridian-group")).to_be_focused()
    visit.keyboard.press("Tab")
    visit.keyboard.press("Enter")
    expect(visit.get_by_role("heading", name="Acme Inc.")).to_be_visible()


# --- suggestions ----------------------------------------------------------------------------------


def test_suggestions_are_chosen_by_keyboard(visit: Page) -> None:
    box(visit).fill("apex")
    expect(listbox(visit)).to_be_visible()
    options = listbox(visit).get_by_role("option")
    expect(box(visit)).to_have_attribute("aria-expanded", "true")
    visit.keyboard.press("ArrowDown")
    visit.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    visit.keyboard.press("ArrowUp")
    expect(options.nth(0)).to_have_attribute("aria-selected", "true")
    expect(options.nth(1)).to_have_attribute("aria-selected", "false")
    expect(box(visit)).to_be_focused()
    address = str(options.nth(0).get_attribute("href"))
    visit.keyboard.press("Enter")
    expect(visit).to_have_url(re.compile(re.escape(address)))


def test_a_screen_reader_is_told_of_box_list_and_choice(visit: Page) -> None:
    expect(box(visit)).to_have_attribute("aria-autocomplete", "list")
    expect(box(visit)).to_have_attribute("aria-expanded", "false")
    box(visit).fill("meridian")
    expect(visit.get_by_role("status")).to_have_text("1 suggestion")
    expect(visit.get_by_role("option", name=re.compile("Meridian Group"))).to_be_visible()
    assert box(visit).get_attribute("aria-controls") == listbox(visit).get_attribute("id")
    assert box(visit).get_attribute("aria-activedescendant") is None
    visit.keyboard.press("ArrowDown")
    chosen = visit.get_by_role("option", selected=True)
    assert box(visit).get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    visit.keyboard.press("ArrowDown")  # past the end: the box itself, as typed
    assert box(visit).get_attribute("aria-activedescendant") is None
    visit.keyboard.press("Escape")
    expect(listbox(visit)).to_be_hidden()
    expect(box(visit)).to_have_value("meridian")
    expect(box(visit)).to_have_attribute("aria-expanded", "false")


def test_a_suggestion_is_clicked_and_leaving_the_box_hides_the_rest(visit: Page) -> None:
    box(visit).fill("apex")
    expect(listbox(visit)).to_be_visible()
    visit.keyboard.press("Tab")
    expect(listbox(visit)).to_be_hidden()
    box(visit).clear()
    box(visit).press_sequentially("meridian")  # whatever comes on the way, the last answer stays
    listbox(visit).get_by_role("option", name=re.compile("Meridian Group")).click()
    expect(visit.get_by_role("heading", name="Meridian Group")).to_be_visible()


def test_enter_never_waits_for_suggestions(visit: Page) -> None:
    visit.route("**/lookup/suggestions/**", lambda _route: None)  # asked for, and never answered
    with visit.expect_request("**/lookup/suggestions/**"):
        box(visit).fill("acme-corp")
    visit.keyboard.press("Enter")
    expect(visit.get_by_role("heading", name="Acme Inc.")).to_be_visible()


def test_an_old_call_is_cancelled_and_the_newest_alone_is_answered(
    visit: Page, stigg: Simulator
) -> None:
    stigg.fault(said="%apex%", delay=600)  # and not "%apex books%"
    asked, failed = list[str](), list[str]()
    visit.on("request", lambda request: asked.append(request.url))
    visit.on("requestfailed", lambda request: failed.append(request.url))
    for text in ("apex", "apex books"):
        with visit.expect_request("**/lookup/suggestions/**"):
            box(visit).fill(text)
    expect(listbox(visit).get_by_role("option")).to_have_count(1)
    assert len(asked) == 2
    assert failed == asked[:1]


def test_fewer_than_three_letters_ask_nothing_and_hide_what_was_there(visit: Page) -> None:
    asked = list[str]()
    visit.on("request", lambda request: asked.append(request.url))
    box(visit).fill("meridian")
    expect(listbox(visit)).to_be_visible()
    before = len(asked)
    box(visit).fill("me")
    expect(listbox(visit)).to_be_hidden()
    assert len(asked) == before


@pytest.mark.parametrize("fault", [{"status": 503}, {"code": "AccessDeniedError"}, {"html": True}])
def test_errors_show_nothing_under_the_box(
    visit: Page, stigg: Simulator, fault: dict[str, object]
) -> None:
    stigg.fault(route="graphql", **fault)
    with visit.expect_response("**/lookup/suggestions/**"):
        box(visit).fill("nimbus")
    expect(listbox(visit)).to_be_hidden()
    expect(box(visit)).to_have_value("nimbus")


def test_a_sign_in_that_ended_does_not_take_the_text_away(visit: Page) -> None:
    visit.context.clear_cookies()
    with visit.expect_response("**/lookup/suggestions/**") as answer:
        box(visit).fill("meridian")
    assert answer.value.status == 401
    expect(box(visit)).to_have_value("meridian")
    visit.keyboard.press("Enter")
    expect(visit).to_have_url(re.compile(r"/login/\?next=/lookup%3F.*meridian"))


def test_suggestions_on_a_customers_page_leave_its_rows_alone(visit: Page) -> None:
    visit.goto(CUSTOMER.format("acme-corp"))
    box(visit).fill("meridian")
    expect(listbox(visit)).to_be_visible()
    expect(visit.locator("#results")).not_to_have_attribute("aria-busy", "true")
    assert visit.url.endswith(CUSTOMER.format("acme-corp"))


def test_all_of_it_works_without_javascript(chrome: Browser, visit: Page) -> None:
    context = chrome.new_context(
        base_url=visit.url, java_script_enabled=False, storage_state=visit.context.storage_state()
    )
    page = context.new_page()
    page.goto("/")
    page.get_by_role("searchbox", name="Customer").fill("shared@twins.example")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Twin One Ltd.").click()
    expect(page.get_by_role("heading", name="Twin One Ltd.")).to_be_visible()
    context.close()


# --- how it looks ---------------------------------------------------------------------------------

STATES = {
    "home with recents": "/",
    "chooser": "/lookup?q=shared@twins.example",
    "parts of names": "/lookup?q=apex",
    "none": "/lookup?q=nobody@nowhere.example",
    "elsewhere": "/lookup?q=staging-only",
    "list": "/lookup?q=acme-corp; nobody-x; https://evil.example/a; shared@twins.example",
    "ticket": "/lookup?q=ops@acme.example and shared@twins.example on cus_NffrFeUfNV2Hib",
    "did you mean": "/lookup?q=Meridan Group",
    "bad input": "/lookup?q=https://evil.example/",
    "trouble": "/lookup?q=fault-429",
    "long": f"/lookup?q={'x' * 300} {'y' * 200}; a",
    "public": "/lookup?q=@gmail.com",
}


def test_axe_finds_nothing_in_any_state_of_a_look_up_and_none_is_wider_than_a_phone(
    visit: Page,
) -> None:
    visit.goto(CUSTOMER.format("acme-corp"))
    for state, address in [*STATES.items(), ("suggestions", "/")]:
        cache.clear()  # one text's rate limit rests the whole environment
        visit.goto(address)
        if state == "suggestions":
            box(visit).fill("apex")
            expect(listbox(visit)).to_be_visible()
            visit.keyboard.press("ArrowDown")
        assert chromium.violations_in_both(visit) == [], state
    visit.set_viewport_size({"width": 360, "height": 800})
    assert visit.evaluate("document.documentElement.scrollWidth") <= 360
    for state, address in STATES.items():
        visit.goto(address)
        assert visit.evaluate("document.documentElement.scrollWidth") <= 360, state


# --- while Stigg takes its time -------------------------------------------------------------------


# A page that is being left cannot be looked at from outside: it notes itself what it shows.
NOTE_WAITING = """() => new MutationObserver(() => {
  const shown = document.getElementById("waiting")?.textContent;
  if (shown) sessionStorage.shown = `${sessionStorage.shown ?? ""}|${shown}`;
  const said = document.getElementById("announcement").textContent;
  if (said && said !== sessionStorage.said?.split("|").at(-1))
    sessionStorage.said = `${sessionStorage.said ?? ""}|${said}`;
}).observe(document.body, { childList: true, subtree: true })"""


def test_a_slow_look_up_shows_the_way_and_then_the_seconds(visit: Page, stigg: Simulator) -> None:
    stigg.fault(route="customers", delay=3.5)
    visit.evaluate(NOTE_WAITING)
    box(visit).fill("ops@acme.example")
    visit.keyboard.press("Enter")
    expect(visit.get_by_role("heading", name="Acme Inc.")).to_be_visible()
    shown = visit.evaluate("sessionStorage.shown").split("|")
    assert shown[1] == "Asking Stigg"
    assert "Asking Stigg, 3 s" in shown
    expect(visit.locator("#waiting")).to_have_count(0)
    said = visit.evaluate("sessionStorage.said").split("|")
    assert said[-2:] == ["Asking Stigg", "Still asking Stigg, for three seconds now"]


def test_escape_ends_the_way_of_a_navigation_that_is_stopped(visit: Page) -> None:
    visit.route("**/leads-nowhere", lambda route: route.fulfill(status=204))
    visit.evaluate("document.querySelector('a.brand').setAttribute('href', '/leads-nowhere')")
    visit.locator("a.brand").click()
    expect(visit.locator("#waiting")).to_have_text("Asking Stigg")
    visit.keyboard.press("Escape")
    expect(visit.locator("#waiting")).to_have_count(0)


def test_a_slow_filter_shows_the_way_until_its_rows_come(visit: Page, stigg: Simulator) -> None:
    visit.goto(CUSTOMER.format("meridian-group"))
    stigg.fault(route="integrations", delay=1)
    visit.get_by_role("link", name=re.compile("Zuora")).first.click()
    expect(visit.locator("#waiting")).to_have_text("Asking Stigg")
    expect(visit.locator("#waiting")).to_have_count(0)


def test_the_agent_stays_in_the_chosen_environment(visit: Page) -> None:
    visit.goto("/staging/customers/acme-corp/integrations/?vendor=STRIPE")
    visit.get_by_role("link", name="Production").click()
    expect(visit).to_have_url(re.compile(r"/production/customers/acme-corp/.*\?vendor=STRIPE$"))
    visit.get_by_role("link", name="Staging").click()
    visit.get_by_role("link", name="Integrations Desk").click()
    expect(visit.locator("body")).to_have_attribute("data-live", "false")
    box(visit).fill("staging-only")
    visit.keyboard.press("Enter")
    expect(visit.get_by_role("heading", name="Staging Only Inc.")).to_be_visible()


def test_a_whole_ticket_is_one_paste(visit: Page) -> None:
    ticket = "Hi team,\\nthe plan of `acme-corp` is wrong.\\nRegards,\\nops@acme.example"
    visit.evaluate(f"navigator.clipboard.writeText('{ticket}')")
    box(visit).focus()
    visit.keyboard.press("Control+V")
    visit.keyboard.press("Enter")
    expect(visit.get_by_role("heading", name="Acme Inc.")).to_be_visible()


# --- the row that was looked up -------------------------------------------------------------------

LATER = RowMaker("production", "meridian-group").synced_id("STRIPE", 41)


def looked_up_row(page: Page) -> Locator:
    return page.get_by_role("row").filter(has_text="Looked up")


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_the_looked_up_row_is_in_view_and_first_by_keyboard(
    chrome: Browser, visit: Page, width: int, scripts: bool
) -> None:
    context = chrome.new_context(
        base_url=visit.url,
        java_script_enabled=scripts,
        storage_state=visit.context.storage_state(),
        viewport={"width": width, "height": 800},
    )
    page = context.new_page()
    page.goto(f"{CUSTOMER.format('meridian-group')}?row={LATER}#row")
    row = looked_up_row(page)
    expect(row).to_contain_text(LATER)
    expect(row).to_be_in_viewport()
    expect(row).to_be_focused()
    page.keyboard.press("Tab")
    expect(row.locator(":focus")).to_have_count(1)
    context.close()


def test_a_pasted_vendors_id_ends_at_its_row_also_after_back_and_reload(visit: Page) -> None:
    record = RowMaker("production", "acme-corp").synced_id("HUBSPOT")
    box(visit).fill(record)
    visit.keyboard.press("Enter")
    expect(looked_up_row(visit)).to_contain_text(record)
    expect(looked_up_row(visit)).to_be_focused()
    visit.reload()
    expect(looked_up_row(visit)).to_contain_text(record)
    visit.locator("a[data-vendor=HUBSPOT]").click()
    expect(visit.get_by_role("heading", name="HubSpot only")).to_be_visible()
    expect(looked_up_row(visit)).to_have_count(0)
    visit.go_back()
    expect(looked_up_row(visit)).to_contain_text(record)


def test_axe_finds_nothing_in_a_page_with_a_looked_up_row_or_without_it(visit: Page) -> None:
    for record in (LATER, "cus_gone"):
        visit.goto(f"{CUSTOMER.format('meridian-group')}?row={record}#row")
        assert chromium.violations_in_both(visit) == [], record
    visit.set_viewport_size({"width": 360, "height": 800})
    visit.goto(f"{CUSTOMER.format('meridian-group')}?row={LATER}#row")
    assert visit.evaluate("document.documentElement.scrollWidth") <= 360
