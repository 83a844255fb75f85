"""The Django app of the desk."""

from django.apps import AppConfig


class IntegrationsAppConfig(AppConfig):
    name = "integrations_app"
    verbose_name = "Integrations Desk"
