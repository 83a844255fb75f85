"""The house rules: who may import whom, that the README tells every setting, and that migrations
make what the models say.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

from tests import variables

ROOT = Path(__file__).parent.parent
APP = "integrations_app"

# Every room of the house, with all that it may import beside the standard library and itself.
# A room is a package of the app, or a module that stands beside the packages.
MAY_IMPORT = {
    # the wire: knows nothing of Django nor of the desk
    "stigg": "pydantic requests urllib3",
    "vendors": "",
    # Stigg on a bad day
    "upstream": "django metrics pydantic stigg simulator traces",
    "access": "django allauth audit cryptography dashboard htmx requests upstream",
    "audit": "django dashboard htmx metrics stigg",
    "record": "django access audit spreadsheets",
    "operators": (
        "django access allauth audit dashboard links metrics prometheus_client upstream vendors"
    ),
    "index": "django stigg upstream",
    "links": "django access ada_url audit publicsuffixlist upstream vendors",
    "own": "django access audit stigg",
    "customer": (
        "django access audit dashboard htmx index links metrics own pages spreadsheets stigg"
        " upstream vendors"
    ),
    "lookup": "django access ada_url audit customer index own pages stigg upstream vendors",
    # what one sees from outside
    "metrics": "prometheus_client",
    "traces": "",
    "spreadsheets": "",
    # what joins the rooms
    "htmx": "django",
    "templating": "django jinja2 links markupsafe pages vendors",
    "pages": "django upstream",
    "urls": "django customer lookup operators own record",
    "models": "access audit index links operators own",
    "admin": "access links",
    "apps": "django access",
    "demo": "django dashboard links upstream vendors",
    "management": (
        "django access allauth audit dashboard demo index models operators stigg upstream"
    ),
    "migrations": "django models",
    # a Stigg of our own, which must not share a misunderstanding with our client
    "simulator": "",
    "dashboard": (
        "django allauth dj_database_url environs granian htmx metrics prometheus_client psycopg"
        " pydantic pythonjsonlogger redis sentry_sdk traces whitenoise"
    ),
}
MAY = {name: set(rooms.split()) for name, rooms in MAY_IMPORT.items()}
# Rooms of which some modules are pure: no database, no network, no settings.
PURE = {
    "customer.chips": {"customer.query", "stigg", "vendors"},
    "customer.listing": {
        "customer.chips",
        "customer.query",
        "customer.rows",
        "customer.states",
        "links",
        "stigg",
        "vendors",
    },
    "customer.query": {"stigg", "vendors"},
    "customer.rows": {"customer.query", "customer.states", "links", "stigg", "vendors"},
    "customer.states": {"stigg"},
    "customer.ticket": {"customer.listing", "customer.rows"},
    "links.judge": {"ada_url", "publicsuffixlist", "vendors"},
    "links.offers": {"links.judge", "links.url_templates", "vendors"},
    "links.url_templates": {"ada_url", "links.judge"},
    "lookup.addresses": {"ada_url", "lookup.wrappers", "stigg", "vendors"},
    "lookup.emails": set(),
    "lookup.pasted_text": {
        "lookup.addresses",
        "lookup.emails",
        "lookup.guesses",
        "lookup.terms",
        "lookup.plain",
        "vendors",
    },
    "lookup.hits": {"lookup.guesses", "upstream", "vendors"},
    "lookup.guesses": {
        "ada_url",
        "lookup.addresses",
        "lookup.emails",
        "lookup.terms",
        "stigg",
        "vendors",
    },
    "lookup.terms": set(),
    "lookup.plain": set(),
    "lookup.similar": {"lookup.terms"},
    "lookup.wrappers": {"vendors"},
    "stigg.answers": set(),
    "stigg.customer_ids": set(),
    "stigg.quotations": set(),
    "upstream.problems": {"stigg"},
    "upstream.copies": {"stigg", "upstream.kept"},
    "upstream.kept": set(),
    "upstream.limits": {"metrics", "stigg", "upstream.copies"},
    "upstream.upstream": {"metrics", "stigg", "traces", "upstream.copies", "upstream.limits"},
    "upstream.fresh_or_copy": {
        "metrics",
        "stigg",
        "traces",
        "upstream.copies",
        "upstream.limits",
        "upstream.upstream",
    },
}
STANDARD = set(sys.stdlib_module_names)


def every_module() -> Iterator[tuple[str, Path]]:
    """Each module of the product, named without the app: `customer.page`, `dashboard.urls`."""
    for path in sorted([*(ROOT / APP).rglob("*.py"), *(ROOT / "dashboard").rglob("*.py")]):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(part for part in parts if part not in (APP, "__init__"))
        if name:
            yield name, path


MODULES = dict(every_module())


def imports(name: str, path: Path) -> set[str]:
    """What a module imports: ours without the app's name, others by their first name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{origin(node, name, path)}.{alias.name}" for alias in node.names}
    return {short(dotted) for dotted in found} - STANDARD


def origin(node: ast.ImportFrom, name: str, path: Path) -> str:
    if not node.level:
        return node.module or ""
    here = [APP, *name.split(".")]
    package = here if path.name == "__init__.py" else here[:-1]
    return ".".join([*package[: len(package) - node.level + 1], *filter(None, [node.module])])


def short(dotted: str) -> str:
    first, _, rest = dotted.partition(".")
    if first.startswith("django"):
        return "django"
    return rest if first == APP else dotted if first == "dashboard" else first


def room(dotted: str) -> str:
    return dotted.split(".")[0]


def within(dotted: str, allowed: set[str]) -> bool:
    return any(dotted == name or dotted.startswith(f"{name}.") for name in allowed)


def test_every_room_is_in_the_table() -> None:
    assert {room(name) for name in MODULES} == set(MAY)


@pytest.mark.parametrize("name", MODULES)
def test_imports_point_one_way(name: str) -> None:
    assert {room(other) for other in imports(name, MODULES[name])} <= {room(name), *MAY[room(name)]}


@pytest.mark.parametrize("name", PURE)
def test_what_is_pure_stays_pure(name: str) -> None:
    assert {
        other for other in imports(name, MODULES[name]) if not within(other, PURE[name])
    } == set()


def test_no_two_rooms_import_each_other() -> None:
    ours = {name: {other for other in allowed if other in MAY} for name, allowed in MAY.items()}
    ready: set[str] = set()
    while left := {name: needs - ready for name, needs in ours.items() if name not in ready}:
        free = {name for name, needs in left.items() if not needs}
        assert free, f"these import each other in a circle: {sorted(left)}"
        ready |= free


def test_a_forbidden_import_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "page.py"
    path.write_text("def later():\n    from ..simulator import start\n    import redis\n")
    assert imports("customer.page", path) == {"simulator.start", "redis"}


def test_the_readme_tells_every_variable_that_the_settings_read() -> None:
    source = "".join(path.read_text() for path in (ROOT / "dashboard").glob("*.py"))
    kinds = r"\.(?:str|int|float|bool|json|list|dj_\w+)"
    read = set(re.findall(kinds + r'\(\s*f?"(?:\{prefix\})?([A-Z_]+)"', source))
    prefixed = set(re.findall(r'f"\{prefix\}([A-Z_]+)"', source))
    expected = {f"STIGG_{name}" if name in prefixed else name for name in read}
    assert len(expected) > 20
    assert variables.told() == expected


@pytest.mark.django_db
def test_the_migrations_make_what_the_models_say() -> None:
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)
