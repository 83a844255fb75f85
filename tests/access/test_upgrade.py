"""The upgrade of a desk from before there were roles."""

import json
from pathlib import Path

import pytest

from tests.services import Postgres
from tests.site.test_start import KEY, started

pytestmark = pytest.mark.slow  # migrates in a process of its own

BEFORE = """
import json
import django
django.setup()
from django.core.management import call_command
for app in (["integrations_app", "0003_record"], ["auth"], ["socialaccount"]):
    call_command("migrate", *app, verbosity=0)

from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import Group, User
PEOPLE = {
    "plain": {},
    "staff": {"is_staff": True},
    "disabled": {"is_active": False},
    "root": {"is_superuser": True},
    "exporter": {},
    "helper": {},
    "company": {},
    "refused": {},
}
User.objects.bulk_create(User(username=name, **kind) for name, kind in PEOPLE.items())
groups = {"exporter": "exporter", "helper": "of the operator's own", "company": "exporter"}
for name in set(groups.values()):
    Group.objects.create(name=name)
user = {user.username: user for user in User.objects.all()}
in_group = User.groups.through
in_group.objects.bulk_create(
    in_group(user=user[name], group=Group.objects.get(name=group)) for name, group in groups.items()
)
for name in ("company", "refused"):
    SocialAccount.objects.create(user=user[name], provider="p", uid=name)

call_command("migrate", verbosity=0)
from integrations_app.access import rules
print(json.dumps({each.username: sorted(rules.rights(each).may) for each in User.objects.all()}))
"""

EVERYTHING = ["export", "look_up", "operate", "read_record"]


def upgraded(database: str) -> dict[str, list[str]]:
    """What each account may afterwards."""
    settings = {"DJANGO_SETTINGS_MODULE": "dashboard.settings", "DATABASE_URL": database}
    ended = started(["-c", BEFORE], STIGG_API_KEY=KEY, **settings)
    assert ended.returncode == 0, ended.stderr
    told: dict[str, list[str]] = json.loads(ended.stdout)
    return told


def check(database: str) -> None:
    assert upgraded(database) == {
        "plain": ["look_up"],
        "staff": ["look_up", "operate"],
        "disabled": [],
        "root": EVERYTHING,
        "exporter": ["export", "look_up"],
        "helper": ["look_up"],
        "company": ["export", "look_up"],
        "refused": [],
    }


def test_who_could_look_up_before_still_can_and_who_was_refused_still_is(tmp_path: Path) -> None:
    check(f"sqlite:///{tmp_path}/desk.sqlite3")


def test_the_same_on_postgresql(postgres: Postgres) -> None:
    check(postgres.new_database())
