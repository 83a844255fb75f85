"""What an account may do (its permissions, which roles bring) and which environments it sees."""

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models

from integrations_app.upstream import environments

# What `rules` decides by, in Django's form
PERMISSIONS = (
    ("look_up", "Can look customers up"),
    ("export", "Can export what it sees"),
    ("operate", "Can change what the desk is set to"),
    ("read_record", "Can read the record"),
)


class EnvironmentLimit(models.Model):
    """One of the environments that an account is limited to; without any it sees all."""

    user = models.ForeignKey(User, models.CASCADE, related_name="environment_limits")
    environment = models.CharField(max_length=31)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["user", "environment"], name="one_limit_per_place"),
        )
        permissions = PERMISSIONS

    def __str__(self) -> str:
        return self.environment

    def clean(self) -> None:
        if self.environment not in environments.names():
            raise ValidationError({"environment": unknown(self.environment)})


def unknown(environment: str) -> str:
    """What is said of an environment that this desk does not have."""
    known = ", ".join(environments.names())
    return f"There is no environment {environment}. This desk has: {known}."
