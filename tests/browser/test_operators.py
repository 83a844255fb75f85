"""The operators' page in a real Chromium: every state of it, on a narrow screen too."""

import re

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from integrations_app.models import StiggCount, WrongLink
from integrations_app.operators.counts import keep, minute
from tests.browser import chromium

pytestmark = chromium.NEEDED
WRONG = ("key-rejected", "forbidden", "rate-limited", "unavailable", "timeout", "unexpected")
NARROW = 320


def counted(outcome: str, times: int, kind: str = "rest") -> None:
    """In each of the last ten minutes."""
    StiggCount.objects.bulk_create(
        StiggCount(
            minute=minute() - ago,
            environment="production",
            kind=kind,
            outcome=outcome,
            at_most_ms=100,
            count=times,
        )
        for ago in range(10)
    )


@pytest.fixture
def operator(visit: Page) -> Page:
    User.objects.update(is_superuser=True)
    keep()
    StiggCount.objects.all().delete()
    return visit


def found(page: Page, scheme: chromium.Scheme, state: str) -> list[object]:
    """What is wrong with the page in this state."""
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto("/operations/")
    expect(page.locator(state).first).to_be_visible()
    for details in page.locator("summary").all():
        details.press("Enter")
    violations: list[object] = [*chromium.violations(page, scheme)]
    page.set_viewport_size({"width": NARROW, "height": 900})
    if page.evaluate("document.documentElement.scrollWidth") > NARROW:
        violations.append("it moves sideways")
    return violations


@pytest.mark.parametrize("scheme", chromium.SCHEMES)
def test_everybody_can_read_each_state(operator: Page, scheme: chromium.Scheme) -> None:
    operator.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    assert found(operator, scheme, "[data-advice=unknown]") == []
    counted("answered", 1234)
    assert found(operator, scheme, "[data-advice=none]") == []
    counted("key-rejected", 12, "graphql")
    assert found(operator, scheme, "[data-advice=now]") == []
    for outcome in WRONG:
        counted(outcome, 123_456)
    counted("busy", 123_456, "not-asked")
    WrongLink.objects.create(
        environment="production", vendor_identifier="A_VENDOR" * 20, at=timezone.now()
    )
    assert found(operator, scheme, "[data-advice=now] >> nth=6") == []


def test_an_operator_gets_there_and_opens_a_table_by_keyboard(operator: Page) -> None:
    counted("answered", 3)
    operator.goto("/")
    operator.get_by_role("link", name="Operations", exact=True).press("Enter")
    expect(operator.get_by_role("heading", name="Operations")).to_be_visible()
    table = operator.get_by_role("table", name="Production in the last hour")
    expect(table).to_be_hidden()
    operator.get_by_text("Figures of the last hour").first.press("Enter")
    expect(table).to_be_visible()
    expect(table.locator("tbody tr")).to_have_count(12)
    chart = operator.get_by_role("img", name=re.compile("Production's calls in the last hour"))
    heights = [bar.bounding_box() for bar in chart.locator(".calls").all()]
    assert [bool(box and box["height"]) for box in heights[-2:]] == [True, True]
    assert max(box["height"] for box in heights if box) > 60
