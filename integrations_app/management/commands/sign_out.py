"""`manage.py sign_out NAME`: end every session of an account. It may sign in again."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core.management import BaseCommand, CommandError, CommandParser

from dashboard.sessions import end_all
from integrations_app.audit.events import Action, note


class Command(BaseCommand):
    help = "End every session of an account. To keep it out, disable it in admin first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument(
            "--forget-second-factor",
            action="store_true",
            help="also remove its app, passkeys and recovery codes, when a device is lost",
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        account = User.objects.filter(username=options["name"]).first()
        if not account:
            raise CommandError(f"There is no account named {options['name']}.")
        note(None, Action.SESSIONS_ENDED, "command", detail=account.username)
        if options["forget_second_factor"]:
            outcome = "second-factor-forgotten"
            note(None, Action.ACCOUNT, outcome, detail=account.username)
            Authenticator.objects.filter(user=account).delete()
        count = end_all(account.pk)
        self.stdout.write(f"{account}: {count} session{'' if count == 1 else 's'} ended.")
