"""`manage.py break_glass NAME`: a superuser with a password, when the company's sign-in fails."""

import logging
import secrets
from typing import Any

from django.contrib.auth.models import Group, User
from django.core.management import BaseCommand, CommandError, CommandParser
from django.db import transaction

from integrations_app.access.accounts import BREAK_GLASS
from integrations_app.audit.events import Action, note

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Make the one local superuser that a password opens although OIDC_ONLY is set."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        name, password = options["name"], secrets.token_urlsafe(18)
        group, _ = Group.objects.get_or_create(name=BREAK_GLASS)
        if User.objects.filter(username=name).exists():
            raise CommandError(f"{name} is an account already. Choose another name.")
        for before in group.user_set.all():
            before.is_active = False
            before.save()
        account = User.objects.create_superuser(name, password=password)
        note(None, Action.BREAK_GLASS, "made", account=account)
        account.groups.set([group])
        logger.warning("glass broken", extra={"account": name})
        self.stdout.write(
            f"{name} may sign in at /accounts/login/?local until it is disabled in admin.\n"
            f"This is shown only now: {password}"
        )
