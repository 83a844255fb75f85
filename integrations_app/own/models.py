"""What an agent keeps for itself: how pages come, and customers to find again."""

from contextlib import suppress
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone

from integrations_app.stigg import DEFAULT_LIMIT


class Preferences(models.Model):
    """How pages come to an agent; what is empty is as the desk has it."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True)
    environment = models.CharField(max_length=31, blank=True)
    page_size = models.PositiveSmallIntegerField(default=DEFAULT_LIMIT)
    time_zone = models.CharField(max_length=64, blank=True)
    theme = models.CharField(max_length=8, blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"preferences of {self.user}"

    @property
    def zone(self) -> ZoneInfo:
        """The desk's also where this machine does not know the chosen one any more."""
        with suppress(KeyError, ValueError, OSError):
            return ZoneInfo(self.time_zone or timezone.get_default_timezone_name())
        return ZoneInfo(timezone.get_default_timezone_name())


class Pin(models.Model):
    """A customer of an environment that an agent wants at hand, with its name as last seen."""

    user = models.ForeignKey(User, models.CASCADE, related_name="pins")
    environment = models.CharField(max_length=31)
    customer_id = models.CharField(max_length=255)
    customer_name = models.CharField(max_length=100, blank=True)

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=["user", "environment", "customer_id"], name="one_pin"),
        )

    def __str__(self) -> str:
        return self.customer_id
