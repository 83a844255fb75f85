"""docs/ASVS.md goes through all of OWASP ASVS 5.0.0; what it and ACCESSIBILITY.md name exists."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOLD = (ROOT / "docs" / "ASVS.md").read_text()
NAMING = TOLD + (ROOT / "docs" / "ACCESSIBILITY.md").read_text()
# How many requirements of levels 1 and 2 each section has; they are its first ones.
# https://github.com/OWASP/ASVS/tree/v5.0.0_release/5.0
SECTIONS = """
1.1:2 1.2:9 1.3:11 1.4:3 1.5:2 2.1:3 2.2:3 2.3:4 2.4:1 3.2:2 3.3:4 3.4:6 3.5:5 3.7:2 4.1:3 4.2:1
4.3:2 4.4:4 5.1:1 5.2:3 5.3:2 5.4:3 6.1:3 6.2:12 6.3:4 6.4:4 6.5:5 6.6:3 6.8:4 7.1:3 7.2:4 7.3:2
7.4:5 7.5:2 7.6:2 8.1:2 8.2:3 8.3:1 8.4:1 9.1:3 9.2:4 10.1:2 10.2:2 10.3:4 10.4:11 10.5:5 10.6:2
10.7:3 11.1:2 11.2:3 11.3:3 11.4:4 11.5:1 11.6:1 12.1:3 12.2:2 12.3:4 13.1:1 13.2:5 13.3:2 13.4:5
14.1:2 14.2:4 14.3:3 15.1:3 15.2:3 15.3:7 16.1:1 16.2:5 16.3:4 16.4:3 16.5:3 17.1:1 17.2:4 17.3:2
"""
ALL = [
    f"{section}.{number}"
    for section, count in (each.split(":") for each in SECTIONS.split())
    for number in range(1, int(count) + 1)
]


def test_every_requirement_has_one_line_in_its_order() -> None:
    told: list[str] = []
    for first, last in re.findall(r"^\| (\d+\.\d+\.\d+)(?:–(\d+\.\d+\.\d+))? \|", TOLD, re.M):
        told += ALL[ALL.index(first) : ALL.index(last or first) + 1]
    assert len(ALL) == 253
    assert told == ALL


def test_every_test_that_is_named_exists() -> None:
    named = set(re.findall(r"`(tests/\S+)::(\w+)`", NAMING))
    assert len(named) > 130
    sources = {path: (ROOT / path).read_text() for path, _ in named}
    assert [(path, name) for path, name in named if f"\ndef {name}(" not in sources[path]] == []


def test_every_file_that_is_named_exists() -> None:
    path = r"`((?:tests|docs|dashboard|static|templates)/[\w./]+|[A-Z]\w*\.md)`"
    named = re.findall(path, NAMING)
    assert len(named) > 30
    assert [name for name in named if not (ROOT / name).exists()] == []
