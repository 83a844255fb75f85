"""Whole journeys in a real Chromium, and axe on every state in both colour schemes."""

import re

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from integrations_app.simulator import Simulator
from tests.accounts import give
from tests.browser import chromium

pytestmark = chromium.NEEDED
CUSTOMER = "/production/customers/{}/integrations/"


def ids(page: Page) -> list[str]:
    return [
        str(row.get_attribute("data-integration-id"))
        for row in page.locator("tr[data-integration-id]").all()
    ]


def test_an_agent_finds_filters_pages_and_clicks_through(visit: Page) -> None:
    visit.get_by_role("combobox").fill("  meridian-group ")
    visit.keyboard.press("Enter")
    expect(visit.get_by_role("heading", name="1–20 of 137 integrations")).to_be_visible()
    visit.locator("a[data-vendor=STRIPE]").click()
    expect(visit.locator("a[data-vendor=STRIPE]")).to_have_attribute("aria-current", "true")
    expect(visit.locator("a[data-vendor=STRIPE]")).to_be_focused()
    visit.locator("a[data-vendor=ZUORA]").click()
    expect(visit).to_have_url(re.compile(r"\?vendor=STRIPE&vendor=ZUORA$"))
    expect(visit.get_by_role("status")).to_contain_text("Stripe and Zuora only")
    first = ids(visit)
    seen = len(first)
    while visit.locator("a[rel=next]").count():
        before = visit.url
        visit.locator("a[rel=next]").click()
        expect(visit).not_to_have_url(before)
        expect(visit.locator("#results-heading")).to_be_focused()
        seen += len(ids(visit))
    counted = [int(chip.inner_text()) for chip in visit.locator(".chip[aria-current] .count").all()]
    assert seen == sum(counted)
    visit.go_back()
    expect(visit.locator("a[rel=next]")).to_be_visible()
    while visit.locator("a[rel=prev]").count():
        before = visit.url
        visit.locator("a[rel=prev]").click()
        expect(visit).not_to_have_url(before)
    assert ids(visit) == first
    visit.get_by_role("link", name="Staging").click()
    expect(visit.locator("body")).to_have_attribute("data-live", "false")


def test_a_link_opens_in_a_new_tab_without_telling_where_from(visit: Page) -> None:
    visit.context.route(
        "https://dashboard.stripe.com/**", lambda route: route.fulfill(body="stripe")
    )
    visit.goto(CUSTOMER.format("acme-corp"))
    with visit.context.expect_page() as opened:
        visit.get_by_role(
            "link", name=re.compile(r"Open in Stripe cus_\w+ \(opens in a new tab\)")
        ).first.click()
    expect(opened.value).to_have_url(re.compile("https://dashboard.stripe.com/"))


def test_an_error_is_shown_in_place_and_goes_away_again(visit: Page, stigg: Simulator) -> None:
    visit.goto(CUSTOMER.format("meridian-group"))
    stigg.fault(customer="meridian-group", route="integrations", status=500)
    visit.locator("a[data-vendor=STRIPE]").click()
    expect(visit.locator("[data-problem=unavailable]")).to_be_visible()
    stigg.clear()
    visit.get_by_role("link", name="Try again").click()
    expect(visit.get_by_role("heading", name="1–20 of 42 integrations")).to_be_visible()


def test_a_wait_is_counted_down_and_the_page_tries_again_by_itself(
    visit: Page, stigg: Simulator
) -> None:
    stigg.fault(
        customer="acme-corp",
        route="integrations",
        times=1,
        status=429,
        headers={"Retry-After": "2"},
    )
    visit.goto(CUSTOMER.format("acme-corp"))
    expect(visit.locator("[data-problem=rate-limited]")).to_be_visible()
    expect(visit.locator("[data-countdown]")).to_have_text(re.compile("^[12]$"))
    expect(visit.get_by_role("heading", name="6 integrations")).to_be_visible()


def test_a_page_that_nobody_looks_at_does_not_try_again(visit: Page, stigg: Simulator) -> None:
    stigg.fault(
        customer="acme-corp",
        route="integrations",
        times=1,
        status=429,
        headers={"Retry-After": "1"},
    )
    visit.add_init_script("Object.defineProperty(document, 'hidden', {get: () => !window.looking})")
    visit.goto(CUSTOMER.format("acme-corp"))
    expect(visit.locator("[data-countdown]")).to_have_text("0")
    asked = len(stigg.requests())
    expect(visit.locator("[data-problem=rate-limited]")).to_be_visible()
    assert len(stigg.requests()) == asked
    visit.evaluate("window.looking = true")
    expect(visit.get_by_role("heading", name="6 integrations")).to_be_visible()


def test_old_rows_are_dimmed_while_new_ones_come(visit: Page) -> None:
    visit.emulate_media(reduced_motion="reduce")
    visit.goto(CUSTOMER.format("meridian-group"))
    expect(visit.locator("#results tbody")).to_have_css("opacity", "1")
    visit.route("**/results/**", lambda _route: None)  # asked for, and never answered
    visit.locator("a[rel=next]").click()
    expect(visit.locator("#results tbody")).to_have_css("opacity", "0.45")


def test_a_page_that_is_not_the_results_is_never_put_in_their_place(visit: Page) -> None:
    visit.goto(CUSTOMER.format("acme-corp"))
    visit.route(
        "**/results/**", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>")
    )
    visit.locator("a[data-vendor=STRIPE]").click()
    expect(visit.locator("[data-problem=desk-unreachable]")).to_be_visible()
    expect(visit.locator("tr[data-integration-id]")).to_have_count(6)
    expect(visit.get_by_role("status")).to_contain_text("The desk did not answer")
    expect(visit.locator(".results-head [data-problem]")).to_have_count(0)


@pytest.mark.parametrize("key", ["Control", "Shift"])
def test_a_click_with_a_key_held_opens_a_page_of_its_own(visit: Page, key: str) -> None:
    visit.goto(CUSTOMER.format("acme-corp"))
    with visit.context.expect_page() as opened:
        visit.locator("a[data-vendor=STRIPE]").click(modifiers=[key])  # type: ignore[list-item]
    expect(opened.value).to_have_url(re.compile(r"/integrations/\?vendor=STRIPE$"))
    expect(visit.get_by_role("heading", name="6 integrations")).to_be_visible()


def test_new_rows_leave_the_focus_where_somebody_types(visit: Page) -> None:
    visit.goto(CUSTOMER.format("meridian-group"))
    held = list[Route]()
    visit.route("**/results/**", lambda route: held.append(route))
    with visit.expect_request("**/results/**"):
        visit.locator("a[rel=next]").click()
    visit.locator("#q").fill("ac")
    held.pop().continue_()
    expect(visit.locator("a[rel=prev]")).to_be_visible()
    visit.keyboard.type("me")
    expect(visit.locator("#q")).to_have_value("acme")
    expect(visit.locator("#q")).to_be_focused()


def test_refreshing_is_no_step_for_back(visit: Page) -> None:
    visit.goto(CUSTOMER.format("acme-corp"))
    visit.locator("a[data-vendor=STRIPE]").click()
    for _ in range(3):
        # Said when all is in place
        expect(visit.get_by_role("status")).to_have_text("2 integrations, Stripe only")
        visit.evaluate("document.getElementById('announcement').textContent = ''")
        with visit.expect_response("**/results/**"):
            visit.keyboard.press("r")
    visit.go_back()
    expect(visit.get_by_role("heading", name="6 integrations")).to_be_visible()


def test_after_three_tries_the_wait_is_over(visit: Page, stigg: Simulator) -> None:
    stigg.fault(
        customer="acme-corp", route="integrations", status=429, headers={"Retry-After": "1"}
    )
    visit.clock.install()
    visit.goto(CUSTOMER.format("acme-corp"))
    for _ in range(3):
        cache.clear()  # the environment itself need not rest for this
        with visit.expect_response("**/results/**"):
            visit.clock.fast_forward(3_000)
        expect(visit.locator("[data-countdown]")).to_be_visible()
    visit.clock.fast_forward(3_000)
    expect(visit.locator("[data-problem=rate-limited]")).to_contain_text("The wait is over")


def test_an_old_copy_is_shown_with_its_age_while_stigg_fails(visit: Page, stigg: Simulator) -> None:
    visit.goto(CUSTOMER.format("acme-corp"))
    stigg.fault(customer="acme-corp", status=500)
    visit.keyboard.press("r")
    expect(visit.locator("[data-stale=unavailable]")).to_be_visible()
    expect(visit.get_by_role("status")).to_contain_text("This is a copy from")
    expect(visit.locator("time[data-age]")).to_have_text(re.compile("^just now$"))
    visit.locator("a[data-vendor=STRIPE]").click()
    expect(visit.get_by_role("heading", name="2 integrations, Stripe only")).to_be_visible()


def test_the_wait_that_a_copy_names_is_counted_down(visit: Page, stigg: Simulator) -> None:
    visit.goto(CUSTOMER.format("acme-corp"))
    stigg.fault(customer="acme-corp", status=429, headers={"Retry-After": "1"})
    visit.keyboard.press("r")
    notice = visit.locator("[data-stale=rate-limited]")
    expect(notice).to_contain_text("This is a copy from")
    expect(notice).to_contain_text("The wait is over. Try again when you like.")
    expect(notice).to_contain_text("This is a copy from")  # it stays


def test_a_sign_in_that_ended_leads_back_to_the_same_page(visit: Page) -> None:
    visit.goto(CUSTOMER.format("acme-corp"))
    visit.context.clear_cookies()
    visit.locator("a[data-vendor=STRIPE]").click()
    expect(visit.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()
    visit.get_by_label("User name").fill("mara")
    visit.get_by_label("Password").fill("a long enough one")
    visit.get_by_role("button", name="Sign in", exact=True).click()
    expect(visit.get_by_role("heading", name="Acme Inc.")).to_be_visible()


def test_an_id_is_copied_and_said(visit: Page) -> None:
    visit.goto(CUSTOMER.format("acme-corp"))
    visit.get_by_role("button", name="Copy customer id acme-corp").click()
    expect(visit.get_by_role("status")).to_have_text("Copied")
    assert visit.evaluate("navigator.clipboard.readText()") == "acme-corp"


def test_a_long_sync_error_is_opened_by_keyboard(visit: Page) -> None:
    visit.goto(CUSTOMER.format("hostile-values"))
    details = visit.locator("details[data-sync=failed]").first
    expect(details.locator(".whole")).to_be_hidden()
    details.locator("summary").focus()
    visit.keyboard.press("Enter")
    expect(details.locator(".whole")).to_contain_text("x" * 300)


def test_a_slash_leads_to_the_box_and_no_customer_is_kept_in_the_browser(visit: Page) -> None:
    visit.goto(CUSTOMER.format("acme-corp"))
    visit.keyboard.press("/")
    expect(visit.get_by_role("combobox")).to_be_focused()
    visit.locator("a[data-vendor=STRIPE]").click()
    expect(visit).to_have_url(re.compile("STRIPE"))
    kept = "Object.keys(sessionStorage).concat(Object.keys(localStorage))"
    assert visit.evaluate(kept) == []
    visit.go_back()
    expect(visit.locator("a[data-vendor=STRIPE]")).not_to_have_attribute("aria-current", "true")
    expect(visit.locator("#results")).to_be_visible()
    visit.wait_for_load_state()
    assert visit.evaluate(kept) == []


STATES = {
    "look-up": "/",
    "bad look-up": "/lookup?q=a/b",
    "no page": "/nowhere",
    "bad query": CUSTOMER.format("x") + "?limit=0",
    **{
        name: CUSTOMER.format(name)
        for name in (
            "acme-corp",
            "empty-co",
            "archived-co",
            "hostile-values",
            "every-link",
            "all-vendors",
            "nobody-here",
            "fault-401",
            "fault-403",
            "fault-429",
            "fault-500",
            "fault-html",
        )
    },
    "filtered out": CUSTOMER.format("acme-corp") + "?vendor=ZUORA",
    "expired": CUSTOMER.format("acme-corp") + "?after=7d617674-0000-4000-8000-000000000000",
    "filtered here": CUSTOMER.format("acme-corp") + "?vendor=ACME_LEDGER",
    "dense": CUSTOMER.format("meridian-group") + "?limit=51",
    "staging": "/staging/customers/acme-corp/integrations/",
}
# What a phone shows otherwise than a desk
STACKED = (
    "look-up",
    "acme-corp",
    "hostile-values",
    "every-link",
)


def test_axe_finds_nothing_on_any_state_and_no_page_is_wider_than_a_phone(visit: Page) -> None:
    for state, address in STATES.items():
        cache.clear()  # one customer's rate limit rests the whole environment
        visit.set_viewport_size({"width": 1280, "height": 800})
        visit.goto(address)
        assert chromium.violations_in_both(visit) == [], state
        visit.set_viewport_size({"width": 360, "height": 800})
        assert visit.evaluate("document.documentElement.scrollWidth") <= 360, state
        if state in STACKED:
            assert chromium.violations(visit, narrow=True) == [], state


def test_axe_finds_nothing_on_the_states_of_a_bad_day(visit: Page, stigg: Simulator) -> None:
    visit.goto(CUSTOMER.format("acme-corp"))
    stigg.fault(status=503)
    for address, state in (
        ("acme-corp", "[data-stale]"),
        ("empty-co", "[data-problem=unavailable]"),
    ):
        visit.goto(CUSTOMER.format(address) + "?refresh=1")
        expect(visit.locator(state)).to_be_visible()
        assert chromium.violations_in_both(visit) == []
    visit.context.set_offline(True)
    visit.locator("#try-again").click()
    expect(visit.locator("[data-problem=desk-unreachable]")).to_be_visible()
    assert chromium.violations_in_both(visit) == []


def test_axe_finds_nothing_on_the_sign_in_page(chrome: Browser, live_server: LiveServer) -> None:
    page = chrome.new_page(base_url=live_server.url)
    page.goto("/")
    assert chromium.violations(page) == []
    page.close()


def test_the_journey_works_without_javascript(chrome: Browser, visit: Page) -> None:
    context = chrome.new_context(
        base_url=visit.url, java_script_enabled=False, storage_state=visit.context.storage_state()
    )
    page = context.new_page()
    page.goto(CUSTOMER.format("meridian-group") + "?limit=7")
    page.locator("a[data-vendor=STRIPE]").click()
    page.locator("a[rel=next]").click()
    expect(page).to_have_url(re.compile("after="))
    page.locator("a[rel=prev]").click()
    expect(page).to_have_url(re.compile("limit=7$"))
    expect(page.locator("tr[data-integration-id]")).to_have_count(7)
    context.close()


def test_an_export_is_a_download_that_leaves_the_page_as_it_is(visit: Page) -> None:
    give(User.objects.get(), "exporter")
    visit.goto(CUSTOMER.format("acme-corp"))
    visit.locator("a[data-vendor=STRIPE]").click()
    expect(visit.get_by_role("status")).to_contain_text("Stripe only")
    with visit.expect_download() as downloaded:
        visit.get_by_role("link", name="CSV").press("Enter")
    assert downloaded.value.suggested_filename.startswith("acme-corp-production-")
    assert len(downloaded.value.path().read_text().splitlines()) == 3
    expect(visit.get_by_role("heading", name="2 integrations, Stripe only")).to_be_visible()
    expect(visit.get_by_role("link", name="CSV")).to_be_focused()


def test_another_size_starts_at_the_top_with_the_focus_in_view(visit: Page) -> None:
    visit.goto(CUSTOMER.format("meridian-group"))
    visit.get_by_role("link", name="50 rows a page").press("Enter")
    heading = visit.locator("#results-heading")
    expect(heading).to_have_text("1–50 of 137 integrations")
    expect(heading).to_be_focused()
    expect(heading).to_be_in_viewport()


@pytest.mark.parametrize("width", [320, 375, 768, 901, 1024, 1081, 1280])
def test_nothing_is_cut_nor_wider_than_the_window(visit: Page, width: int) -> None:
    visit.set_viewport_size({"width": width, "height": 800})
    for customer in ("meridian-group", "every-link", "hostile-values", "acme-corp"):
        visit.goto(CUSTOMER.format(customer))
        assert visit.evaluate("document.documentElement.scrollWidth") <= width, customer
        beyond = "links => links.filter((a) => a.getBoundingClientRect().right > innerWidth).length"
        assert visit.locator("td a").evaluate_all(beyond) == 0, customer
        cut = "names => names.filter((it) => it.scrollWidth > it.clientWidth + 1).length"
        assert visit.locator(".vendor > bdi:not(.id)").evaluate_all(cut) == 0, customer


@pytest.mark.parametrize("width", [718, 1046, 1200])
def test_on_paper_nothing_is_cut_broken_up_or_over_something_else(visit: Page, width: int) -> None:
    visit.set_viewport_size({"width": width, "height": 800})
    visit.emulate_media(media="print")
    for customer in ("every-link", "hostile-values", "acme-corp"):
        visit.goto(CUSTOMER.format(customer))
        assert visit.evaluate("document.documentElement.scrollWidth") <= width, customer
        over = """cells => cells.filter((it) => it.firstElementChild.getBoundingClientRect().right
            > it.getBoundingClientRect().right + 1).length"""
        assert visit.locator("tbody th").evaluate_all(over) == 0, customer
        tall = "ids => ids.filter((it) => it.innerText.length < 37 && it.offsetHeight > 24).length"
        assert visit.locator("td .copyable .id").evaluate_all(tall) == 0, customer


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_a_script_that_comes_late_moves_nothing(visit: Page, width: int) -> None:
    visit.set_viewport_size({"width": width, "height": 800})
    held = list[Route]()
    visit.route("**/desk*.js", lambda route: held.append(route))
    visit.goto(CUSTOMER.format("meridian-group"), wait_until="commit")
    expect(visit.locator(".pager")).to_have_css("display", "flex")  # all is there, and styled
    top = "document.querySelector('table').getBoundingClientRect().top"
    before = visit.evaluate(top)
    held.pop().continue_()
    expect(visit.locator("time[data-age]")).to_have_text("just now")
    assert visit.evaluate(top) == before


def test_the_chosen_chip_can_be_read_with_the_mouse_on_it(visit: Page) -> None:
    visit.goto(CUSTOMER.format("meridian-group"))
    visit.locator("a[data-vendor=STRIPE]").click()
    expect(visit.locator("a[data-vendor=STRIPE]")).to_have_attribute("aria-current", "true")
    visit.locator("a[data-vendor=STRIPE]").hover()
    assert chromium.violations_in_both(visit) == []
