"""The table in a real Chromium: its order, its Tab stops, what is fetched ahead, exports."""

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, Route, expect

from tests.accounts import give
from tests.browser import chromium

pytestmark = chromium.NEEDED
CUSTOMER = "/production/customers/{}/integrations/"


def test_a_head_sorts_in_place_and_keeps_the_focus(visit: Page) -> None:
    visit.goto(CUSTOMER.format("acme-corp"))
    head = visit.locator("#sort-vendor")
    head.press("Enter")
    expect(visit).to_have_url(re.compile(r"\?sort=vendor$"))
    expect(visit.get_by_role("status")).to_have_text("6 integrations, by vendor")
    expect(head).to_be_focused()
    expect(visit.get_by_role("columnheader", name="Vendor", exact=True)).to_have_attribute(
        "aria-sort", "ascending"
    )
    visit.set_viewport_size({"width": 360, "height": 800})
    expect(head).to_be_in_viewport()
    assert chromium.violations_in_both(visit) == []
    assert visit.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_row_is_one_tab_stop_and_arrows_lead_to_the_rest_of_it(visit: Page) -> None:
    visit.goto(CUSTOMER.format("acme-corp"))
    rows = visit.locator("#results tbody tr")
    rows.nth(0).locator(".open").focus()
    visit.keyboard.press("ArrowRight")
    expect(rows.nth(0).locator(".details")).to_be_focused()
    visit.keyboard.press("ArrowRight")  # there is no more
    expect(rows.nth(0).locator(".details")).to_be_focused()
    for _ in range(2):
        visit.keyboard.press("ArrowLeft")
    expect(rows.nth(0).locator(".copy")).to_be_focused()
    for row in range(1, 6):
        visit.keyboard.press("Tab")
        if row == 1:
            visit.keyboard.press("Tab")  # from the copy button to its own row's link
        expect(rows.nth(row).locator(":focus")).to_have_count(1)


def test_new_rows_are_one_tab_stop_each_too(visit: Page) -> None:
    visit.goto(CUSTOMER.format("meridian-group"))
    visit.locator("a[rel=next]").click()
    expect(visit.get_by_role("status")).to_have_text("21–40 of 137 integrations")
    stops = "row => [...row.querySelectorAll('a, button, summary')].filter(it => it.tabIndex >= 0)"
    rows = visit.locator("#results tbody tr")
    assert {row.evaluate(f"row => ({stops})(row).length") for row in rows.all()} == {1}


def test_twenty_rows_are_at_most_sixty_tab_stops_for_who_may_do_everything(visit: Page) -> None:
    User.objects.update(is_superuser=True, is_staff=True)
    visit.goto(CUSTOMER.format("meridian-group"))
    stops = visit.locator("a[href], button, input, summary").filter(visible=True)
    assert stops.evaluate_all("all => all.filter((it) => it.tabIndex >= 0).length") <= 60


def test_a_chips_answer_is_not_preceded_by_work_for_each_old_cell(visit: Page) -> None:
    """htmx would copy the page for a history that is off, and tell every element that it goes."""
    visit.goto(CUSTOMER.format("meridian-group"))
    visit.evaluate("""() => {
      window.told = [];
      for (const name of ["htmx:beforeHistorySave", "htmx:beforeCleanupElement"])
        document.addEventListener(name, (event) => window.told.push(event.target.tagName));
    }""")
    visit.locator("a[data-vendor=STRIPE]").click()
    expect(visit.get_by_role("status")).to_have_text("1–20 of 42 integrations, Stripe only")
    told = set(visit.evaluate("told"))
    assert "TABLE" in told
    assert told.isdisjoint({"BODY", "TD"})


def test_down_leads_through_the_recents(visit: Page) -> None:
    for customer in ("acme-corp", "meridian-group"):
        visit.goto(CUSTOMER.format(customer))
    visit.goto("/")
    recents = visit.locator("[aria-labelledby=recent] a")
    visit.locator("#q").press("ArrowDown")
    expect(recents.nth(0)).to_be_focused()
    visit.keyboard.press("ArrowDown")
    expect(recents.nth(1)).to_be_focused()
    visit.keyboard.press("ArrowUp")
    expect(recents.nth(0)).to_be_focused()


def test_what_may_be_opened_next_is_asked_for_once(visit: Page) -> None:
    asked = list[str]()
    visit.on("request", lambda request: asked.append(request.url))
    visit.goto(CUSTOMER.format("meridian-group"))
    following = visit.locator("a[rel=next]")
    with visit.expect_response("**/ahead/**") as first:
        following.hover()
    assert first.value.status == 204
    visit.locator("h1").hover()
    following.focus()
    following.hover()
    following.click()
    expect(visit.get_by_role("status")).to_have_text("21–40 of 137 integrations")
    visit.locator("h1").hover()
    with visit.expect_response("**/ahead/**"):
        following.focus()
    fetched = [url for url in asked if "/ahead/" in url]
    assert len(fetched) == len(set(fetched)) == 2


def test_a_suggestion_is_asked_for_when_it_is_chosen(visit: Page) -> None:
    visit.locator("#q").press_sequentially("meridian")
    expect(visit.get_by_role("option").first).to_be_visible()
    with visit.expect_response("**/customers/meridian-group/integrations/ahead/") as answer:
        visit.keyboard.press("ArrowDown")
    assert answer.value.status == 204


# --- exports --------------------------------------------------------------------------------------


@pytest.fixture
def exporter(visit: Page) -> Page:
    give(User.objects.get(), "exporter")
    visit.goto(CUSTOMER.format("meridian-group"))
    return visit


def test_an_export_says_its_rows_and_is_a_download(exporter: Page) -> None:
    with exporter.expect_download() as downloaded:
        exporter.get_by_role("link", name="CSV").press("Enter")
    assert re.fullmatch(
        r"meridian-group-production-[\d-]+\.csv", downloaded.value.suggested_filename
    )
    text = downloaded.value.path().read_bytes().decode()
    assert text.startswith("\ufeffvendor,")
    assert len(text.splitlines()) == 138
    expect(exporter.get_by_role("status").last).to_have_text("137 rows downloaded")
    expect(exporter.get_by_role("link", name="CSV")).to_be_focused()


def test_all_rows_are_copied_for_the_ticket(exporter: Page) -> None:
    exporter.get_by_role("link", name="Copy all rows for the ticket").click()
    expect(exporter.locator(".export output")).to_have_text("137 rows copied")
    copied = exporter.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("Meridian Group (meridian-group), Production\nAll integrations, ")
    assert copied.count("\n- ") == 137


def test_where_copying_is_not_allowed_the_text_is_there_to_be_copied(exporter: Page) -> None:
    exporter.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject('no'); }")
    exporter.get_by_role("link", name="Copy all rows for the ticket").click()
    expect(exporter.get_by_label("All rows for the ticket")).to_have_value(re.compile("Meridian"))
    expect(exporter.locator(".export output")).to_have_text("137 rows to copy by hand")


def test_an_export_can_be_cancelled_and_begun_anew(exporter: Page) -> None:
    held = list[Route]()
    exporter.route("**/json/", lambda route: held.append(route))
    link = exporter.get_by_role("link", name="JSON")
    with exporter.expect_request("**/json/"):
        link.click()
    exporter.get_by_role("button", name="Cancel").press("Enter")
    expect(exporter.locator(".export output")).to_have_text("Cancelled: nothing was exported.")
    expect(link).to_be_focused()
    exporter.unroute("**/json/")
    with exporter.expect_download() as downloaded:
        link.click()
    assert '"complete": true' in downloaded.value.path().read_text()


def test_a_refused_export_is_the_page_that_says_why(exporter: Page) -> None:
    exporter.route("**/csv/", lambda route: route.fulfill(status=429, body="<h1>Wait</h1>"))
    exporter.get_by_role("link", name="CSV").click()
    expect(exporter.get_by_role("heading", name="Wait")).to_be_visible()


def test_the_head_stays_in_view_and_hides_no_focus(visit: Page) -> None:
    visit.set_viewport_size({"width": 1280, "height": 500})
    visit.goto(CUSTOMER.format("meridian-group"))
    for _ in range(14):
        visit.keyboard.press("j")
    for _ in range(10):
        visit.keyboard.press("k")
    head, row = visit.locator("thead th").first, visit.locator("tr:focus")
    expect(head).to_be_in_viewport(ratio=1)
    ends, begins = head.bounding_box(), row.bounding_box()
    assert ends
    assert begins
    assert begins["y"] >= ends["y"] + ends["height"] - 1
