"""The environment variables that the desk reads, as the README tells them."""

import re
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
# Those of one Stigg environment bear its name; granian reads its own before the desk does
PREFIXES = ("STIGG_", "GRANIAN_")


def told() -> set[str]:
    """The names in the README's table of settings; test_house compares them with the code."""
    table = (ROOT / "README.md").read_text().split("## Settings")[1]
    names = "".join(re.findall(r"^\| (.*?) \|", table, re.MULTILINE))
    return set(re.findall(r"`([A-Z][A-Z_]+)`", names))


def without(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a machine where nobody has configured a desk."""
    ours = told()
    return {
        name: value
        for name, value in environment.items()
        if name.removesuffix("_FILE") not in ours and not name.startswith(PREFIXES)
    }
