"""The Django app of the desk."""

from django.apps import AppConfig


class IntegrationsAppConfig(AppConfig):
    name = "integrations_app"
    verbose_name = "Integrations Desk"

    def ready(self) -> None:
        import integrations_app.access.signals  # noqa: F401 - it connects them, and needs the models
