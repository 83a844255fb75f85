"""The desk's addresses: its own, sign-in, and Django admin."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("accounts/", include("integrations_app.access.urls")),
    # One door: the desk's own sign-in, with its limits.
    path("admin/login/", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/password_change/", RedirectView.as_view(pattern_name="account_change_password")),
    path("admin/", admin.site.urls),
    path("", include("integrations_app.urls")),
]

handler400 = "dashboard.errors.bad_request"
handler403 = "dashboard.errors.forbidden"
handler404 = "dashboard.errors.not_found"
handler429 = "dashboard.errors.too_many"
handler500 = "dashboard.errors.server_error"
