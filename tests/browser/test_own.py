"""What an agent keeps for itself, in a real Chromium: by keyboard and without scripts."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect

from tests.browser import chromium

pytestmark = chromium.NEEDED
PREFERENCES = "/accounts/preferences/"
ACME = "/production/customers/acme-corp/integrations/"
SURFACES = {"light": "oklch(0.992 0.002 260)", "dark": "oklch(0.19 0.012 265)"}


def surface(page: Page) -> Any:
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


@pytest.fixture
def scriptless(visit: Page, chrome: Browser) -> Page:
    state = visit.context.storage_state()
    context = chrome.new_context(base_url=visit.url, storage_state=state, java_script_enabled=False)
    return context.new_page()


@pytest.mark.parametrize(("chosen", "system"), [("dark", "light"), ("light", "dark")])
def test_the_chosen_colours_come_with_the_page_whatever_the_system_says(
    visit: Page, chosen: str, system: Any
) -> None:
    visit.emulate_media(color_scheme=system)
    visit.goto("/")
    assert surface(visit) == SURFACES[system]
    visit.goto(PREFERENCES)
    visit.get_by_label("Colours").select_option(chosen)
    visit.get_by_role("button", name="Save").press("Enter")
    expect(visit.get_by_text("Saved.")).to_be_focused()  # so it is read out
    for address in ("/", ACME):
        answer = visit.goto(address)
        assert answer
        assert f'data-theme="{chosen}"' in answer.text()
        assert surface(visit) == SURFACES[chosen]
    visit.emulate_media(media="print")
    assert surface(visit) == SURFACES["light"]


def test_it_all_works_without_scripts(scriptless: Page) -> None:
    scriptless.goto(PREFERENCES)
    scriptless.get_by_label("Rows on a page").select_option("50")
    scriptless.get_by_role("button", name="Save").click()
    expect(scriptless.get_by_text("Saved.")).to_be_focused()
    scriptless.goto("/production/customers/meridian-group/integrations/")
    expect(scriptless.get_by_role("heading", name="1–50 of 137 integrations")).to_be_visible()
    scriptless.get_by_role("button", name="Pin", exact=True).press("Enter")
    expect(scriptless.get_by_role("button", name="Unpin")).to_be_visible()
    expect(scriptless.get_by_text("Pinned: it is on the look-up page")).to_be_visible()
    scriptless.goto("/")
    scriptless.get_by_role("region", name="Pinned").get_by_role("link").click()
    scriptless.get_by_role("button", name="Unpin").click()
    expect(scriptless.get_by_role("button", name="Pin", exact=True)).to_be_visible()


def test_the_account_menu_is_one_tab_stop_and_leads_to_preferences(visit: Page) -> None:
    opener = visit.get_by_role("button", name="mara")
    preferences = visit.get_by_role("link", name="Preferences")
    opener.press("Enter")
    expect(preferences).to_be_visible()
    assert chromium.violations_in_both(visit) == []
    visit.keyboard.press("Escape")
    expect(preferences).to_be_hidden()
    expect(opener).to_be_focused()
    visit.set_viewport_size({"width": 320, "height": 800})
    opener.press("Enter")
    expect(visit.get_by_role("button", name="Sign out")).to_be_in_viewport(ratio=1)
    visit.keyboard.press("Tab")
    expect(preferences).to_be_focused()
    visit.keyboard.press("Enter")
    expect(visit.get_by_role("heading", name="Preferences")).to_be_visible()


def test_without_scripts_the_account_menu_opens_too(scriptless: Page) -> None:
    scriptless.goto(ACME)
    scriptless.get_by_role("button", name="mara").click()
    scriptless.get_by_role("button", name="Sign out").click()
    expect(scriptless.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize(("width", "beside"), [(1280, True), (900, False)])
def test_pins_and_recents_are_side_by_side_where_there_is_room(
    visit: Page, width: int, beside: bool
) -> None:
    visit.goto(ACME)
    visit.get_by_role("button", name="Pin", exact=True).click()
    expect(visit.get_by_role("button", name="Unpin")).to_be_visible()
    visit.set_viewport_size({"width": width, "height": 800})
    visit.goto("/")
    pinned, recent = (
        visit.get_by_role("region", name=name).bounding_box() for name in ("Pinned", "Recent")
    )
    assert pinned
    assert recent
    assert (pinned["y"] == recent["y"]) is beside


def test_a_pin_is_put_in_place_by_keyboard_and_stays_under_the_focus(visit: Page) -> None:
    visit.goto(ACME)
    asked = list[str]()
    visit.on("request", lambda request: asked.append(request.url))
    visit.get_by_role("button", name="Pin", exact=True).press("Enter")
    expect(visit.get_by_role("button", name="Unpin")).to_be_focused()
    expect(visit.locator("#announcement")).to_contain_text("Pinned: it is on the look-up page")
    assert [url.rsplit("/", 2)[1] for url in asked] == ["pin"]
    visit.locator("a[data-vendor=STRIPE]").click()  # which swaps the heading beside it
    expect(visit).to_have_url(re.compile("vendor=STRIPE"))
    expect(visit.get_by_role("button", name="Unpin")).to_be_visible()
    visit.goto("/")
    visit.get_by_role("combobox").press("ArrowDown")
    expect(visit.get_by_role("region", name="Pinned").get_by_role("link")).to_be_focused()
    visit.keyboard.press("Enter")
    visit.get_by_role("button", name="Unpin").press("Enter")
    expect(visit.get_by_role("button", name="Pin", exact=True)).to_be_focused()


def test_a_pinned_customer_is_first_in_the_boxs_list(visit: Page) -> None:
    User.objects.get().pins.create(
        environment="production", customer_id="meridian-group", customer_name="Meridian Group"
    )
    visit.goto(ACME)
    visit.get_by_role("combobox").press_sequentially("mer")
    first = visit.get_by_role("option").first
    expect(first).to_contain_text("Pinned")
    visit.keyboard.press("ArrowDown")
    visit.keyboard.press("Enter")
    expect(visit.get_by_role("heading", name="Meridian Group")).to_be_visible()


def test_a_form_out_of_date_says_so_in_place_of_the_page(visit: Page) -> None:
    visit.goto(ACME)
    visit.evaluate("document.querySelector('#account [name=csrfmiddlewaretoken]').value = 'x'")
    visit.get_by_role("button", name="Pin", exact=True).click()
    expect(visit.get_by_role("heading", name="This form is out of date")).to_be_visible()
    expect(visit.locator("main")).to_have_count(1)
    expect(visit.locator("#results")).to_have_count(0)


@pytest.mark.parametrize("trouble", ["abort", "fulfill"])
def test_a_desk_that_does_not_answer_is_told(visit: Page, trouble: str) -> None:
    visit.goto(ACME)
    answer = {"status": 429, "body": "Too many"} if trouble == "fulfill" else {}
    visit.route("**/pin/", lambda route: getattr(route, trouble)(**answer))
    visit.get_by_role("button", name="Pin", exact=True).click()
    expect(visit.locator("#results [data-problem=desk-unreachable]")).to_be_visible()
    expect(visit.get_by_role("button", name="Pin", exact=True)).to_be_visible()


def test_with_no_room_the_page_says_so(visit: Page) -> None:
    user = User.objects.get()
    for number in range(20):
        user.pins.create(environment="production", customer_id=f"c{number}")
    visit.goto(ACME)
    visit.get_by_role("button", name="Pin", exact=True).click()
    expect(visit.get_by_text("you have 20 pins in this environment")).to_be_visible()


def test_axe_finds_nothing_and_nothing_is_wider_than_a_phone(visit: Page) -> None:
    pins = User.objects.get().pins
    pins.create(environment="production", customer_id="acme-corp", customer_name="Acme " * 20)
    pins.create(environment="production", customer_id="x" * 255)
    for address, state in (
        (PREFERENCES, "select#theme"),
        ("/", "section[aria-labelledby=pinned]"),
        (ACME, "#pin"),
        ("/accounts/", "main a"),
    ):
        visit.set_viewport_size({"width": 1280, "height": 800})
        visit.goto(address)
        expect(visit.locator(state).first).to_be_visible()
        assert chromium.violations_in_both(visit) == [], address
        visit.set_viewport_size({"width": 320, "height": 800})
        assert chromium.violations(visit, narrow=True) == [], address
        assert visit.evaluate("document.documentElement.scrollWidth") <= 320, address
