"""The desk's addresses: its own, sign-in, and Django admin."""

from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.urls import include, path

urlpatterns = [
    path(
        "accounts/login/",
        auth_views.LoginView.as_view(redirect_authenticated_user=True),
        name="login",
    ),
    path("accounts/logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
    path("", include("integrations_app.urls")),
]

handler400 = "integrations_app.customer.views.bad_request"
handler403 = "integrations_app.customer.views.forbidden"
handler404 = "integrations_app.customer.views.not_found"
handler500 = "integrations_app.customer.views.server_error"
