"""Django admin, with the desk's own answer to who may enter."""

from django.contrib.admin.apps import AdminConfig


class Admin(AdminConfig):
    default_site = "integrations_app.access.site.Site"
