"""Accounts of tests, each with the roles that its test is about."""

from importlib import import_module
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group, User
from django.db.models.signals import post_migrate
from django.test import Client

PASSWORD = "a long enough one"


def account(name: str = "mara", *roles: str, **kind: Any) -> User:
    """With these roles; without any named a viewer."""
    user = User.objects.create_user(name, password=PASSWORD, **kind)
    give(user, *(roles or ("viewer",)))
    return user


def roleless(name: str = "mara", **kind: Any) -> User:
    return User.objects.create_user(name, password=PASSWORD, **kind)


def give(user: User, *roles: str) -> None:
    user.groups.add(*(Group.objects.get(name=role) for role in roles))


def browser_of(user: User) -> Client:
    """A browser without JavaScript in which this account is signed in."""
    browser = Client()
    browser.force_login(user)
    return browser


def made_again_when_emptied() -> None:
    """Tests that commit empty every table, the groups of the migration too."""
    post_migrate.connect(_make_roles, sender=apps.get_app_config("integrations_app"))


def _make_roles(**_: Any) -> None:
    import_module("integrations_app.migrations.0004_roles").make_roles(apps)
