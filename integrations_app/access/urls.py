"""Sign-in and one's own account, named as allauth looks for them: no sign-up, and no mail."""

from allauth.account import views as account
from allauth.account.decorators import reauthentication_required
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from allauth.socialaccount import views as socialaccount
from allauth.usersessions import views as sessions
from django.contrib.auth.decorators import login_not_required
from django.urls import path
from django.views.decorators.http import require_POST
from django.views.generic import RedirectView

from integrations_app.access import company
from integrations_app.access.accounts import limited
from integrations_app.access.second_factor import confirmed, local

others = reauthentication_required(allow_get=True)(sessions.list_usersessions)
to_account = RedirectView.as_view(pattern_name="mfa_index")
logout = login_not_required(require_POST(account.logout))
disabled = login_not_required(account.account_inactive)
by_passkey = confirmed(passkeys.reauthenticate_webauthn)
new_codes = local(codes.generate_recovery_codes)

urlpatterns = [
    path("", mfa.index, name="mfa_index"),
    path("login/", account.login, name="account_login"),
    path("login/code/", mfa.authenticate, name="mfa_authenticate"),
    path("login/passkey/", limited(passkeys.login_webauthn), name="mfa_login_webauthn"),
    path("logout/", logout, name="account_logout"),
    path("disabled/", disabled, name="account_inactive"),
    path("oidc/login/", company.start, name="openid_connect_login"),
    path("oidc/callback/", company.callback, name="openid_connect_callback"),
    path("oidc/cancelled/", socialaccount.login_cancelled, name="socialaccount_login_cancelled"),
    path("confirm/", confirmed(account.reauthenticate), name="account_reauthenticate"),
    path("confirm/code/", confirmed(mfa.reauthenticate), name="mfa_reauthenticate"),
    path("confirm/passkey/", by_passkey, name="mfa_reauthenticate_webauthn"),
    path("password/", local(account.password_change), name="account_change_password"),
    path("authenticator/add/", local(totp.activate_totp), name="mfa_activate_totp"),
    path("authenticator/remove/", local(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("passkeys/", to_account, name="mfa_list_webauthn"),
    path("passkeys/add/", local(passkeys.add_webauthn), name="mfa_add_webauthn"),
    path("passkeys/<int:pk>/remove/", local(passkeys.remove_webauthn), name="mfa_remove_webauthn"),
    path("recovery-codes/", local(codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path("recovery-codes/new/", new_codes, name="mfa_generate_recovery_codes"),
    path("sessions/", others, name="usersessions_list"),
]
