"""What makes a password too easy for whoever knows the desk."""

import re
from typing import Any

from django.core.exceptions import ValidationError

WORDS = ("integrations", "integration", "desk", "stigg", "support", "password", "admin")
LEFT = 8  # characters


class NoWordsOfTheDesk:
    """One of Django's password validators: these words do not make a password longer."""

    def validate(self, password: str, user: Any = None) -> None:  # noqa: ARG002 - Django's signature
        if len(re.sub("|".join(WORDS), "", password.lower())) < LEFT:
            raise ValidationError(self.get_help_text())

    def get_help_text(self) -> str:
        return f"Words such as {', '.join(WORDS)} do not count: {LEFT} characters must be left."
