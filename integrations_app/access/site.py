"""Django admin's door: for who may operate the desk, whether Django calls them staff or not."""

from django.contrib.admin import AdminSite
from django.http import HttpRequest

from integrations_app.access import rules


class Site(AdminSite):
    def has_permission(self, request: HttpRequest) -> bool:
        return rules.may(request.user, rules.OPERATE)
