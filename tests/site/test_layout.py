"""The files of the pages: lines that a reader can take in, and a style that says things once."""

import re
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings

TEMPLATES = sorted(
    [
        *(settings.BASE_DIR / "templates").rglob("*.html"),
        *(settings.BASE_DIR / "integrations_app/templates").rglob("*.html"),
    ]
)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_template_is_short_and_so_are_its_lines(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 100


def test_no_selector_has_two_blocks_in_a_layer() -> None:
    css = re.sub(r"/\*.*?\*/", "", (settings.BASE_DIR / "static/desk.css").read_text(), flags=re.S)
    for name, layer in re.findall(r"^@layer (\w+) \{\n(.*?)^\}", css, re.M | re.S):
        for indent in ("  ", "    "):
            blocks = Counter(re.findall(rf"^{indent}([^@\s].*?)\s*\{{", layer, re.M))
            assert [selector for selector, count in blocks.items() if count > 1] == [], name
