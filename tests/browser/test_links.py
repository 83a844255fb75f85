"""A journey for each kind of link, the keys, the summary and the report, in a real Chromium."""

import re

import pytest
from django.contrib.auth import get_user_model
from playwright.sync_api import Browser, Locator, Page, expect

from integrations_app.links.models import LinkTemplate, WrongLink
from tests.browser import chromium

pytestmark = chromium.NEEDED
PAGE = "/production/customers/every-link/integrations/"
TEMPLATES = {
    "SALESFORCE": "https://acme.lightning.force.com/lightning/r/Account/{synced_entity_id}/view",
    "STRIPE_INVOICING": "https://dashboard.stripe.com/customers/{synced_entity_id}",
}


@pytest.fixture
def rows(visit: Page) -> Page:
    """The customer with every kind of link, among them those of two templates; the outside world
    answers "there".
    """
    for vendor, template in TEMPLATES.items():
        LinkTemplate.objects.create(
            environment="production", vendor_identifier=vendor, template=template
        )
    visit.context.route(
        re.compile(r"^https?://(?!localhost|127)"), lambda route: route.fulfill(body="there")
    )
    visit.goto(PAGE)
    return visit


def row(page: Page, text: str, number: int = 0) -> Locator:
    return page.locator("tr[data-integration-id]").filter(has_text=text).nth(number)


def test_a_verified_link_opens_at_once_and_a_link_of_the_wrong_mode_warns(rows: Page) -> None:
    with rows.context.expect_page() as opened:
        row(rows, "Stripe").get_by_role("link", name=re.compile("^Open in Stripe cus_")).click()
    expect(opened.value).to_have_url(re.compile("https://dashboard.stripe.com/customers/cus_"))
    expect(row(rows, "Stripe").locator(".badge")).to_have_text("LIVE")
    expect(row(rows, "Stripe", 1).locator(".badge")).to_have_text("TEST")
    expect(row(rows, "Stripe", 1)).to_contain_text(
        "This is a test link, but Production is a live environment."
    )
    expect(rows.locator("tr", has_text="acct_1Jx7QeKZ3vWq8fTb")).to_be_visible()


def test_an_unfamiliar_link_is_asked_about_once_and_leads_on_or_back(rows: Page) -> None:
    row(rows, "partner.example").get_by_role("link", name=re.compile("Check, then open")).click()
    expect(rows.get_by_role("heading", name="Does this address belong to Zuora?")).to_be_visible()
    expect(rows.locator(".host")).to_have_text("zuora.partner.example")
    with rows.context.expect_page() as opened:
        rows.get_by_role("link", name="Open zuora.partner.example (opens in a new tab)").click()
    expect(opened.value).to_have_url("https://zuora.partner.example/accounts/2c92c0f9")
    assert opened.value.evaluate("window.opener === null && document.referrer === ''")
    rows.get_by_role("link", name="Back to the customer").click()
    expect(rows).to_have_url(re.compile(re.escape(PAGE) + "$"))


def test_a_refused_link_is_text_with_its_reason_and_can_be_copied(rows: Page) -> None:
    refused = row(rows, "javascript:")
    expect(refused).to_contain_text("This is a script, not the address of a page")
    assert refused.locator("a[href^='javascript']").count() == 0
    refused.get_by_role("button", name="Copy the refused address").click()
    expect(rows.get_by_role("status")).to_have_text("Copied")
    assert rows.evaluate("navigator.clipboard.readText()") == "javascript:alert(1)"


def test_a_row_without_a_link_says_why_and_gives_stiggs_reasons(rows: Page) -> None:
    expect(row(rows, "AWS Marketplace")).to_contain_text("has no page for one customer")
    expect(row(rows, "Auth0")).to_contain_text("ask an operator for a link template")
    expect(row(rows, "Acme Ledger")).to_contain_text("in a form that the desk does not know")
    unsynced = row(rows, "before the customer is synced")
    unsynced.get_by_text("Why it may not be synced").click()
    expect(unsynced.get_by_text("The customer has no subscription.")).to_be_visible()


def test_a_template_builds_the_link_that_is_missing_and_keeps_stiggs_own_second(rows: Page) -> None:
    expect(row(rows, "Salesforce")).to_contain_text("Built by the desk")
    with rows.context.expect_page() as opened:
        row(rows, "Salesforce").get_by_role("link", name=re.compile("^Open in Sales")).click()
    expect(opened.value).to_have_url(
        re.compile(r"https://acme\.lightning\.force\.com/lightning/r/Account/0015\w+/view")
    )
    invoicing = row(rows, "Stripe Invoicing")
    expect(invoicing.locator("a.open")).to_have_attribute(
        "href", re.compile("https://dashboard.stripe.com/customers/")
    )
    invoicing.get_by_role("link", name="check invoices.partner.example").click()
    expect(rows.locator(".host")).to_have_text("invoices.partner.example")


def test_a_number_opens_its_link_but_not_while_typing_nor_with_a_modifier(rows: Page) -> None:
    shown = [key.inner_text() for key in rows.locator(".key").all()]
    assert shown == list("123456789")
    rows.get_by_role("combobox").press("2")
    expect(rows.get_by_role("combobox")).to_have_value("2")
    rows.locator("h1").click()
    rows.keyboard.press("Control+2")
    with rows.context.expect_page() as opened:
        rows.keyboard.press("2")
    expect(opened.value).to_have_url(re.compile("https://dashboard.stripe.com/test/customers/"))
    assert len(rows.context.pages) == 2
    rows.keyboard.press("5")  # an unfamiliar one leads to the page that asks
    expect(rows.locator(".host")).to_have_text("zuora.partner.example")


def test_numbers_follow_the_rows_after_a_filter(rows: Page) -> None:
    rows.locator("a[data-vendor=SALESFORCE]").click()
    expect(rows.get_by_role("status")).to_contain_text("Salesforce only")
    with rows.context.expect_page() as opened:
        rows.keyboard.press("1")
    expect(opened.value).to_have_url(re.compile("lightning.force.com"))


def test_one_key_and_one_button_copy_the_summary_for_the_ticket(rows: Page) -> None:
    heading = rows.locator("#results-heading")
    heading.focus()
    rows.keyboard.press("c")
    expect(rows.get_by_role("status")).to_have_text("Summary for the ticket copied")
    expect(heading).to_be_focused()
    plain = rows.evaluate("navigator.clipboard.readText()")
    assert plain.startswith("Every Link Ltd. (every-link), Production\n16 integrations, ")
    assert rows.url in plain
    rows.get_by_text("Text for the ticket").click()
    rows.get_by_role("button", name="Copy as Markdown").click()
    expect(rows.get_by_role("status")).to_have_text("Summary copied as Markdown")
    assert "**Every Link Ltd.** (`every-link`)" in rows.evaluate("navigator.clipboard.readText()")
    rows.locator("a[data-vendor=SALESFORCE]").click()
    expect(rows.get_by_role("heading", name="1 integration, Salesforce only")).to_be_visible()
    rows.get_by_role("button", name="Copy for ticket").click()
    expect(rows.get_by_role("status")).to_have_text("Summary for the ticket copied")
    assert "\n1 integration, Salesforce only, " in rows.evaluate("navigator.clipboard.readText()")


def test_an_agent_reports_a_wrong_link(rows: Page) -> None:
    row(rows, "Salesforce").get_by_role("link", name=re.compile("Details of 0015")).click()
    box = rows.get_by_role("textbox", name="What is wrong")
    box.fill("opens another account")
    box.press("Enter")
    expect(rows.get_by_text("Your report was sent to the operators")).to_be_visible()
    assert WrongLink.objects.get().template == TEMPLATES["SALESFORCE"]


def test_it_all_works_without_javascript(chrome: Browser, rows: Page) -> None:
    state = rows.context.storage_state()
    context = chrome.new_context(base_url=rows.url, java_script_enabled=False, storage_state=state)
    page = context.new_page()
    page.goto(PAGE)
    for useless in (".key", "#copy-ticket", ".copy"):
        expect(page.locator(useless).filter(visible=True)).to_have_count(0)
    page.get_by_text("Text for the ticket").click()
    expect(page.get_by_label("Plain text")).to_contain_text(
        "Every Link Ltd. (every-link), Production"
    )
    page.get_by_role("link", name=re.compile("Check, then open")).first.click()
    page.get_by_role("link", name="Back to the customer").click()
    page.get_by_role("link", name=re.compile("Details of 0015")).first.click()
    page.get_by_role("button", name="Report the link").click()
    expect(page.get_by_text("Your report was sent")).to_be_visible()
    context.close()


def test_axe_finds_nothing_on_the_pages_about_links_and_none_is_wider_than_a_phone(
    rows: Page,
) -> None:
    own_pages = [str(link.get_attribute("href")) for link in rows.locator("a.details").all()]
    missing = PAGE.replace("integrations", "integration/no-such")
    for address in (PAGE, PAGE.replace("production", "staging"), *own_pages, missing):
        rows.set_viewport_size({"width": 1280, "height": 800})
        rows.goto(address)
        for summary in rows.locator("summary").all():
            summary.click()
        rows.evaluate("scrollTo(0, 0)")  # else the header lies over a row, wherever that is
        assert chromium.violations_in_both(rows) == [], address
        for width in (360, 320):
            rows.set_viewport_size({"width": width, "height": 800})
            assert rows.evaluate("document.documentElement.scrollWidth") <= width, address


def test_admin_works_under_the_strict_policy(rows: Page) -> None:
    """The page's fixture fails when the browser refuses a script or a style."""
    user = get_user_model().objects.get()
    user.is_staff = user.is_superuser = True
    user.save()
    rows.goto("/admin/integrations_app/linktemplate/")
    rows.get_by_role("link", name="Add from a preset").click()
    rows.get_by_label("Preset").select_option("HubSpot company")
    rows.get_by_role("button", name="Continue").click()
    rows.get_by_label("HubSpot portal id").fill("1234567")
    rows.get_by_role("button", name="Continue").click()
    expect(
        rows.get_by_text("https://app.hubspot.com/contacts/1234567/record/0-2/auth0%7C65f1c0ffee")
    ).to_be_visible()
    rows.get_by_role("button", name="Save", exact=True).click()
    expect(rows.locator(".messagelist")).to_contain_text("was added successfully")
    assert LinkTemplate.objects.filter(vendor_identifier="HUBSPOT").count() == 1
    rows.goto("/admin/integrations_app/wronglink/")
    expect(rows.get_by_role("heading", name="Select wrong link to view")).to_be_visible()


@pytest.mark.parametrize("width", [360, 1024, 1280, 1600])
def test_admins_lists_cut_no_column(rows: Page, width: int) -> None:
    get_user_model().objects.update(is_staff=True, is_superuser=True)
    named = {"environment": "production", "vendor_identifier": "HUBSPOT", "host": "app.hubspot.com"}
    WrongLink.objects.create(user="u" * 60, customer_id="c" * 60, word="w " * 60, **named)
    rows.set_viewport_size({"width": width, "height": 800})
    for address in ("integrations_app/wronglink/", "integrations_app/linktemplate/", "auth/user/"):
        rows.goto(f"/admin/{address}")
        assert rows.evaluate("document.documentElement.scrollWidth") <= width, address
        box = rows.locator("#changelist .results")
        hidden = box.evaluate("it => it.scrollWidth - it.clientWidth")
        expect(box).to_have_css("overflow-x", "auto")
        assert hidden <= 0 or width < 1280, address  # narrower lists scroll in their box
