"""The desk's own addresses."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter
from django.views.generic import TemplateView

from integrations_app.customer import export_views, integration_views
from integrations_app.customer import views as customer_views
from integrations_app.lookup import views as lookup_views
from integrations_app.operators import views as operator_views
from integrations_app.own import views as own_views
from integrations_app.record import views as record_views


class AnyText(StringConverter):
    """Any text at all, slashes and line ends too: of a wrong id the view says what is wrong."""

    regex = r"[\s\S]+"


register_converter(AnyText, "any")

page = "<str:environment>/customers/<any:customer_id>/integrations/"

urlpatterns = [
    path("", lookup_views.home, name="home"),
    path("lookup", lookup_views.lookup, name="lookup"),
    path("lookup/suggestions/", lookup_views.suggestions, name="suggestions"),
    path(f"{page}results/", customer_views.results, name="results"),
    path(f"{page}csv/", export_views.export, {"form": "csv"}, name="export-csv"),
    path(f"{page}json/", export_views.export, {"form": "json"}, name="export-json"),
    path(f"{page}text/", export_views.export, {"form": "text"}, name="export-text"),
    path(f"{page}ahead/", customer_views.ahead, name="ahead"),
    path(f"{page}opened/", integration_views.opened, name="opened"),
    path(f"{page}pin/", own_views.pin, name="pin"),
    path("accounts/preferences/", own_views.preferences, name="preferences"),
    path("help/", TemplateView.as_view(template_name="help.html"), name="help"),
    path("record/", record_views.record, name="record"),
    path("record/csv/", record_views.record, {"as_csv": True}, name="record-csv"),
    path("operations/", operator_views.operations, name="operations"),
    path(page, customer_views.integrations, name="integrations"),
    path(
        "<str:environment>/customers/<any:customer_id>/integration/<any:integration_id>/",
        integration_views.integration,
        name="integration",
    ),
]
