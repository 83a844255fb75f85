"""`manage.py add_agent NAME --role viewer`: an account with a password, roles and limits."""

import sys
from getpass import getpass
from typing import Any

from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, CommandError, CommandParser
from django.db import transaction

from dashboard.sign_in import ROLES
from integrations_app.access.models import EnvironmentLimit


class Command(BaseCommand):
    help = "Make an account. The password is asked for, or is one line of standard input."

    def add_arguments(self, parser: CommandParser) -> None:
        several: Any = {"action": "extend", "nargs": "+", "default": []}
        parser.add_argument("name")
        parser.add_argument("--role", **several, help=f"{', '.join(ROLES)}; else it has none")
        parser.add_argument("--environment", **several, help="all that it sees; else it sees all")
        parser.add_argument("--email", default="")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        account = User(username=options["name"], email=options["email"])
        roles, places = {*options["role"]}, {*options["environment"]}
        limits = [EnvironmentLimit(user=account, environment=place) for place in places]
        try:
            check(account, roles, limits)
            account.set_password(asked_password(account))
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        except KeyboardInterrupt:
            raise CommandError("No account was made.") from None
        with transaction.atomic():
            account.save()
            account.groups.set(Group.objects.filter(name__in=roles))
            for limit in limits:
                limit.save()  # each is on record
        given = ", ".join(sorted(group.name for group in account.groups.all())) or "no role"
        self.stdout.write(f"{account}: {given}, sees {', '.join(sorted(places)) or 'all'}.")


def check(account: User, roles: set[str], limits: list[EnvironmentLimit]) -> None:
    """Raises ValidationError for what cannot be, before a password is asked for."""
    if unknown := roles.difference(ROLES):
        raise ValidationError(f"There is no role {min(unknown)}. There are: {', '.join(ROLES)}.")
    if User.objects.filter(username__iexact=account.username).exists():
        raise ValidationError(f"{account} is an account already. Choose another name.")
    account.clean()
    account.clean_fields(exclude=["password"])
    for limit in limits:
        limit.clean()


def asked_password(account: User) -> str:
    """Asked for twice on a terminal, else the next line of standard input."""
    if sys.stdin.isatty():
        password = getpass()
        if getpass("Password (again): ") != password:
            raise ValidationError("The two passwords differ. No account was made.")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    validate_password(password, account)
    return password
