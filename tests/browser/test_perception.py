"""What axe cannot tell: whether controls stand out, and whether the page bears wider text.

https://www.w3.org/TR/WCAG22/#non-text-contrast, https://www.w3.org/TR/WCAG22/#text-spacing
"""

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import NEEDED, SCHEMES, Scheme

pytestmark = NEEDED

# Borders of boxes and buttons, the ring of the focus, and the marks of environments and states
ON_SURFACE = ("--line-strong", "--accent", "--live", "--not-live", "--ok", "--bad")
CONTRAST = """
name => {
  const probe = document.body.appendChild(document.createElement("i"));
  const pen = document.createElement("canvas").getContext("2d");
  const light = (token) => {
    probe.style.color = `var(${token})`;
    pen.fillStyle = getComputedStyle(probe).color;
    pen.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...pen.getImageData(0, 0, 1, 1).data].map((value) => value / 255)
      .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const [one, other] = [light(name), light("--surface")];
  probe.remove();
  return Math.max(one, other) / Math.min(one, other);
}
"""
WIDER = """
() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
    word-spacing: 0.16em !important } p { margin-block-end: 2em !important }`);
  document.adoptedStyleSheets.push(sheet);
}
"""
CUT = """
cells => cells.filter((cell) => cell.scrollWidth > cell.clientWidth + 1)
  .map((cell) => cell.innerText)
"""
PAGES = ("/", "/production/customers/meridian-group/integrations/", "/help/")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_controls_and_marks_stand_out_three_to_one(visit: Page, scheme: Scheme) -> None:
    visit.emulate_media(color_scheme=scheme)
    found = {name: visit.evaluate(CONTRAST, name) for name in ON_SURFACE}
    assert {name: ratio for name, ratio in found.items() if ratio < 3} == {}


@pytest.mark.parametrize("width", [360, 1280])
def test_wider_text_is_neither_cut_nor_wider_than_the_window(visit: Page, width: int) -> None:
    visit.set_viewport_size({"width": width, "height": 800})
    for address in PAGES:
        visit.goto(address)
        visit.evaluate(WIDER)
        assert visit.evaluate("document.documentElement.scrollWidth") <= width, address
        names = visit.locator("th .vendor > bdi:first-of-type, h1, h2, button, .chip")
        assert names.evaluate_all(CUT) == [], address
