"""The house rules: who may import whom, and that the README tells every setting."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
APP = ROOT / "integrations_app"
DJANGO, HTTP = {"django"}, {"requests", "urllib3"}
OURS = {path.stem for path in APP.iterdir() if not path.name.startswith("_")}
NEVER = {
    "vendors": DJANGO | HTTP | OURS,
    "links": DJANGO | HTTP | OURS - {"vendors"},
    "link_templates": DJANGO | HTTP | OURS - {"links", "vendors"},
    "paste": DJANGO | HTTP | OURS,
    "addresses": DJANGO | HTTP | OURS - {"paste", "vendors"},
    "lookup": DJANGO | HTTP | OURS - {"paste", "addresses", "vendors"},
    "states": DJANGO | HTTP | OURS - {"stigg"},
    "linking": DJANGO | HTTP | OURS - {"links", "link_templates", "vendors"},
    "listing": DJANGO | HTTP | OURS - {"stigg", "vendors", "links", "linking", "states"},
    "ticket": DJANGO | HTTP | OURS - {"listing"},
    "leaving": HTTP | OURS,
    "templating": HTTP | OURS - {"leaving", "links", "listing", "vendors"},
    "models": HTTP | OURS - {"audit", "links", "link_templates", "vendors"},
    "admin": HTTP | OURS - {"models", "environments", "links", "link_templates", "vendors"},
    "link_views": HTTP | {"os", "simulator", "stigg"},
    "problems": DJANGO | HTTP | OURS - {"stigg"},
    "resilience": DJANGO | HTTP | OURS - {"stigg"},
    "walks": DJANGO | HTTP | OURS - {"stigg", "resilience"},
    "request_ids": HTTP | OURS,
    "environments": HTTP | {"views", "listing", "customer_page", "problems", "sync"},
    "sync": DJANGO | HTTP | OURS - {"stigg", "states", "environments", "resilience"},
    "customer_page": HTTP | {"views", "simulator"},
    "finding": DJANGO | HTTP | OURS - {"environments", "lookup", "problems"},
    "asks": DJANGO | HTTP | OURS - {"finding", "lookup", "stigg"},
    "finder": HTTP
    | OURS - {"asks", "environments", "finding", "lookup", "problems", "stigg", "sync"},
    "audit": HTTP | OURS - {"stigg"},
    "views": HTTP | {"os", "simulator"},
    "lookup_views": HTTP | {"os", "simulator"},
    "middleware": HTTP | OURS,
}
INSIDE_STIGG = {
    "transport": {"pydantic", "answers", "records", "client", "graphql"},
    "answers": HTTP | {"records", "client", "graphql", "transport"},
    "records": HTTP | {"client", "graphql", "transport"},
    "client": HTTP | {"graphql"},
    "graphql": HTTP | {"transport"},
}
SIMULATOR = DJANGO | HTTP | {"pydantic"} | OURS - {"simulator"}


def named(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.ImportFrom) and node.level > 1:
            names |= {f"integrations_app.{alias.name}" for alias in node.names}
    return names


def imported(path: Path) -> set[str]:
    names = named(path)
    ours = {name.split(".")[1] for name in names if name.startswith("integrations_app.")}
    return ours | {name.split(".")[0] for name in names if not name.startswith("integrations_app")}


@pytest.mark.parametrize("module", NEVER)
def test_imports_point_one_way(module: str) -> None:
    assert not imported(APP / f"{module}.py") & NEVER[module]


@pytest.mark.parametrize("module", INSIDE_STIGG)
def test_stigg_knows_nothing_of_the_desk_and_imports_one_way_inside(module: str) -> None:
    path = APP / "stigg" / f"{module}.py"
    assert not imported(path) & (DJANGO | OURS - {"stigg"})
    inside = {
        name.split(".")[2] for name in named(path) if name.startswith("integrations_app.stigg.")
    }
    assert not (inside | imported(path)) & INSIDE_STIGG[module]


@pytest.mark.parametrize(
    "path", sorted((APP / "simulator").glob("*.py")), ids=lambda path: path.stem
)
def test_the_simulator_knows_nothing_of_the_desk(path: Path) -> None:
    assert not imported(path) & SIMULATOR


def test_the_readme_tells_every_variable_that_the_settings_read() -> None:
    source = (ROOT / "dashboard/settings.py").read_text()
    read = set(
        re.findall(r'\.(?:str|int|float|bool|list|dj_\w+)\(\s*f?"(?:\{prefix\})?([A-Z_]+)"', source)
    )
    prefixed = set(re.findall(r'f"\{prefix\}([A-Z_]+)"', source))
    expected = {f"STIGG_{name}" if name in prefixed else name for name in read}
    table = (ROOT / "README.md").read_text().split("## Settings")[1]
    told = set(
        re.findall(r"`([A-Z][A-Z_]+)`", "".join(re.findall(r"^\| (.*?) \|", table, re.MULTILINE)))
    )
    assert len(expected) > 20
    assert told == expected
