"""The record in a real Chromium: links that are opened tell it, auditors read it by keyboard."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect

from integrations_app.audit.events import AuditEvent
from tests.browser import chromium

pytestmark = chromium.NEEDED
PAGE = "/production/customers/every-link/integrations/"
WAYS: dict[str, Callable[[Locator], None]] = {
    "click": lambda link: link.click(),
    "middle click": lambda link: link.click(button="middle"),
    "with a key held": lambda link: link.click(modifiers=["ControlOrMeta"]),
    "Enter": lambda link: link.press("Enter"),
    "its number": lambda link: link.page.keyboard.press("1"),
}


@pytest.fixture
def outside(visit: Page) -> Page:
    """A page whose outside world answers "there"."""
    outer = re.compile(r"^https?://(?!localhost|127)")
    visit.context.route(outer, lambda route: route.fulfill(body="there"))
    return visit


@pytest.fixture
def auditor(visit: Page) -> Page:
    User.objects.update(is_superuser=True)
    return visit


def opened() -> list[tuple[str, ...]]:
    found = AuditEvent.objects.filter(action="link").order_by("id")
    return list(found.values_list("user", "customer_id", "detail"))


@pytest.mark.parametrize("way", WAYS)
def test_a_link_that_is_opened_is_on_record(outside: Page, way: str) -> None:
    outside.goto(PAGE)
    row = outside.locator("tr:has(a.open[data-key='1'])")
    told = outside.expect_event("requestfinished", lambda sent: sent.url.endswith("/opened/"))
    with told, outside.context.expect_page():
        WAYS[way](row.locator("a.open"))
    assert opened() == [("mara", "every-link", row.get_attribute("data-integration-id"))]


def test_an_unfamiliar_link_is_on_record_twice_when_asked_about_and_when_opened(
    outside: Page,
) -> None:
    outside.goto(PAGE)
    outside.get_by_role("link", name=re.compile("Check, then open")).first.click()
    outside.wait_for_url("**/integration/**")  # until it has loaded, and its script with it
    told = outside.expect_event("requestfinished", lambda sent: sent.url.endswith("/opened/"))
    with told, outside.context.expect_page():
        outside.get_by_role("link", name=re.compile("opens in a new tab")).click()
    actions = AuditEvent.objects.exclude(action="sign-in").order_by("id")
    assert list(actions.values_list("action", flat=True)) == ["view", "integration", "link"]


def test_an_auditor_filters_by_keyboard_and_follows_a_customer(auditor: Page) -> None:
    auditor.goto(PAGE)
    auditor.goto("/")
    auditor.get_by_role("link", name="Record", exact=True).press("Enter")
    expect(auditor.get_by_role("heading", name="Record")).to_be_visible()
    auditor.get_by_label("Customer's id").fill("every-link")
    auditor.keyboard.press("Enter")
    expect(auditor.locator("tbody tr")).to_have_count(1)
    auditor.locator("tbody tr td[data-label=Customer] a").press("Enter")
    expect(auditor).to_have_url(re.compile(re.escape(PAGE)))


def test_axe_finds_nothing_and_no_page_is_wider_than_a_phone(auditor: Page, settings: Any) -> None:
    AuditEvent.objects.create(
        user="otto",
        action="view",
        environment="production",
        customer_id="every-link",
        customer_name="A name that is long enough to meet the edge of a column " * 2,
        query="ops@acme.example; " * 10,
        ticket="T" * 64,
        detail="?vendor=STRIPE" * 15,
        outcome="shown",
        request_id="0123456789",
        address="2001:db8:1234:5678:9abc:def0:1234:5678",
    )
    settings.REQUIRE_TICKET = True
    settings.TICKET_PATTERN = "[0-9]+"
    for address, state in (
        ("/record/", "tbody tr"),
        ("/record/?customer=nobody", "[data-state=empty]"),
        ("/record/?since=yesterday", "[data-problem=bad-input]"),
        (PAGE, "form.ticket-first"),
        (f"{PAGE}?ticket=x", "[data-problem=bad-input]"),
        (f"{PAGE}?ticket=1", ".seen-by"),
    ):
        auditor.set_viewport_size({"width": 1280, "height": 800})
        auditor.goto(address)
        expect(auditor.locator(state).first).to_be_visible()
        assert chromium.violations_in_both(auditor) == [], address
        auditor.set_viewport_size({"width": 360, "height": 800})
        assert auditor.evaluate("document.documentElement.scrollWidth") <= 360, address


def test_no_page_of_the_record_is_asked_for_ahead(auditor: Page, monkeypatch: Any) -> None:
    monkeypatch.setattr("integrations_app.record.views.ROWS", 1)
    auditor.goto(PAGE)
    auditor.goto(PAGE)
    auditor.goto("/record/")
    asked = list[str]()
    auditor.on("request", lambda request: asked.append(request.url))
    auditor.get_by_role("link", name="Older").hover()
    auditor.get_by_role("link", name="Older").focus()
    auditor.reload()  # whatever was asked for before has been seen
    assert [url for url in asked if "ahead" in url] == []
