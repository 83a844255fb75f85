"""What django-allauth is told; nothing here depends on the environment.

https://docs.allauth.org/en/latest/account/configuration.html
"""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from environs import ValidationError

ROLES = ("viewer", "exporter", "operator", "auditor")  # Django groups
SIGN_IN_APPS = [
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    "allauth.usersessions",
]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"

ACCOUNT_ADAPTER = "integrations_app.access.accounts.Accounts"
ACCOUNT_SESSION_REMEMBER = True  # the desk's own limits end a session
# Nothing is ever mailed, and an e-mail address opens no account.
ACCOUNT_EMAIL_VERIFICATION = SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_UNIQUE_EMAIL = False
ACCOUNT_RATE_LIMITS = {
    "login": "120/m/ip",
    # Failures. A right password is not counted. The key is an account together with an address.
    "login_failed": "30/m/ip,5/5m/key",
    # The desk's own: failures of an account from anywhere, and what each address may then try.
    "account": "25/15m/key",
    "slow": "2/5m/key",
    "locked": "1/5m/key",  # how often the record says so
}

SOCIALACCOUNT_ADAPTER = "integrations_app.access.company.Company"
USERSESSIONS_ADAPTER = "integrations_app.access.accounts.Sessions"
MFA_ADAPTER = "integrations_app.access.second_factor.Factors"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "Integrations Desk"


def network(given: str) -> IPv4Network | IPv6Network:
    """One of TRUSTED_PROXIES."""
    try:
        return ip_network(given)
    except ValueError as error:
        raise ValidationError(str(error)) from error


def role_map(given: Any) -> None:
    """OIDC_ROLE_MAP leads from the company's groups to lists of roles."""
    roles = [*given.values()] if isinstance(given, dict) else [None]
    if not all(isinstance(some, list) and all(role in ROLES for role in some) for some in roles):
        raise ValidationError(f'Not like {{"group": ["role"]}}, of: {", ".join(ROLES)}.')
