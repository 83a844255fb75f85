"""An agent's preferences: read once a request, applied on the server, changed by one form."""

from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin
from django.utils.functional import SimpleLazyObject

from integrations_app.access import rules
from integrations_app.own.models import Preferences

PAGE_SIZES = (10, 20, 50, 100)
THEMES = [("", "As the system"), ("light", "Light"), ("dark", "Dark")]
# By hand, because each page asks, and Django takes four times as long to put it together.
_THEIRS = "SELECT * FROM integrations_app_preferences WHERE user_id = %s"


def preferences_of(user: User | AnonymousUser) -> Preferences:
    """The account's; the desk's for one that chose nothing, and for nobody."""
    if not isinstance(user, User):
        return Preferences()
    known: Preferences | None = getattr(user, "_preferences", None)
    if known is None:
        known = next(iter(Preferences.objects.raw(_THEIRS, [user.pk])), Preferences())
        setattr(user, "_preferences", known)  # noqa: B010 - kept with the account of this request
    return known


def first_environment(user: User | AnonymousUser) -> str:
    """Where "/" leads; "" where the account chose none, or may not see it any more."""
    chosen = preferences_of(user).environment
    return chosen if chosen in rules.environments(user) else ""


class OwnTimeZone(MiddlewareMixin):
    """Times of a request are those of its agent's zone; the next one begins with the desk's."""

    def process_request(self, _: HttpRequest) -> None:
        timezone.deactivate()

    def process_view(self, request: HttpRequest, view_func: Any, *_: Any) -> None:
        """Where anybody may go, nobody asks who it is."""
        if getattr(view_func, "login_required", True):
            timezone.activate(preferences_of(request.user).zone)


def context(request: HttpRequest) -> dict[str, Any]:
    """For every page; a request that was refused early has no account."""
    user = getattr(request, "user", AnonymousUser())
    return {"preferences": SimpleLazyObject(lambda: preferences_of(user))}


@cache
def zones() -> tuple[str, ...]:
    """Places of the IANA database, without its aliases for offsets and for whole countries."""
    places = (name for name in available_timezones() if "/" in name)
    return ("UTC", *sorted(name for name in places if not name.startswith("Etc/")))


class PreferencesForm(forms.Form):
    """What the account can choose: nobody is asked what would change none of their pages."""

    environment = forms.ChoiceField(required=False, label="Environment at the start")
    page_size = forms.TypedChoiceField(
        coerce=int, choices=[(size, str(size)) for size in PAGE_SIZES], label="Rows on a page"
    )
    time_zone = forms.ChoiceField(required=False, label="Time zone")
    theme = forms.ChoiceField(required=False, choices=THEMES, label="Colours")

    def __init__(self, user: User, data: Any = None) -> None:
        super().__init__(data, initial=vars(preferences_of(user)))
        self.user = user
        seen = rules.environments(user)
        of_desk = next((each.label for each in seen.values()), "")
        _offer(self, "environment", of_desk, [(name, at.label) for name, at in seen.items()])
        _offer(self, "time_zone", settings.TIME_ZONE, [(name, name) for name in zones()])
        if len(seen) < 2:
            del self.fields["environment"]
        if not seen:
            del self.fields["page_size"]

    def save(self) -> None:
        Preferences.objects.update_or_create(user=self.user, defaults=self.cleaned_data)


def _offer(form: forms.Form, name: str, of_desk: str, offered: list[tuple[str, str]]) -> None:
    field: Any = form.fields[name]
    field.choices = [("", f"As the desk has it: {of_desk}"), *offered]
