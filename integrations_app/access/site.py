"""Django admin's door: for who may operate the desk, whether Django calls them staff or not."""

from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import HttpRequest

from integrations_app.access import rules


class Site(AdminSite):
    site_title = "Integrations Desk"
    site_header = f"{site_title} – simulated data" if settings.STIGG_SIMULATOR else site_title

    def has_permission(self, request: HttpRequest) -> bool:
        return rules.may(request.user, rules.OPERATE)
