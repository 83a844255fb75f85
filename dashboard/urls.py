"""The desk's addresses: its own, sign-in, and Django admin."""

from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.http import HttpRequest
from django.urls import include, path

from dashboard.health import healthz


class SignIn(auth_views.LoginView):
    """Who is signed in goes on, but never to this page again."""

    redirect_authenticated_user = True

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:  # noqa: ARG002 - Django 6's signature
        address = super().get_redirect_url()
        return "" if address.partition("?")[0] == self.request.path else address


urlpatterns = [
    path("accounts/login/", SignIn.as_view(), name="login"),
    path("accounts/logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
    path("", include("integrations_app.urls")),
]

handler400 = "dashboard.errors.bad_request"
handler403 = "dashboard.errors.forbidden"
handler404 = "dashboard.errors.not_found"
handler500 = "dashboard.errors.server_error"
