"""Accounts in admin, each with the environments that it is limited to.

Admin shows nothing of allauth: its forms hold secrets, and change what only the sign-in may.
"""

from typing import ClassVar

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User

from integrations_app.access.models import EnvironmentLimit

admin.site.unregister(
    [Authenticator, EmailAddress, SocialAccount, SocialApp, SocialToken, UserSession, User]
)


class Limits(admin.TabularInline):  # type: ignore[type-arg] # generic in the stubs only
    model = EnvironmentLimit
    extra = 1
    verbose_name_plural = "limited to these environments (none: sees all, as superusers do anyway)"


@admin.register(User)
class AccountAdmin(UserAdmin):  # type: ignore[type-arg] # generic in the stubs only
    inlines = (Limits,)

    class Media:
        css: ClassVar = {"all": ["admin-lists.css"]}
