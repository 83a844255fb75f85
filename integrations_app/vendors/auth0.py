"""Auth0."""

import base64
import re
from urllib.parse import unquote

from .vendor import DNS_LABEL, IdShape, Parameter, Preset, Vendor, customer_page

# A user is "<connection>|<id>" (auth0.com/docs, User profile structure), an organization
# "org_<id>".
_ID = IdShape(
    "Auth0 id",
    re.compile(
        r"(?:auth0|google-oauth2|google-apps|facebook|github|linkedin|twitter|apple|windowslive"
        r"|oauth2|oidc|okta|samlp|waad|ad|adfs|email|sms)\|[^\s/?#%\\]{1,240}"
        r"|org_[A-Za-z0-9]{8,251}"
    ),
    near_miss=(
        "Stigg is not searched by Auth0 ids: one is found only where it is the customer's own id."
    ),
)


def _in_address(text: str) -> str:
    """In base64, some percent-encoded before. Connections have any name: the bar tells an id."""
    forms = (text, unquote(text), _from_base64(text), unquote(_from_base64(text)))
    return next((form for form in forms if "|" in form or form.startswith("org_")), "")


def _from_base64(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return ""


_PAGES = (
    customer_page(
        r"(?:/dashboard/[^/?#]+/[^/?#]+/|/#/)(?:users|organizations)/(?P<id>[^/?#]+)",
        _ID,
        _in_address,
    ),
)

VENDORS = (
    Vendor(
        "AUTH0",
        "Auth0",
        "Au",
        # Public code. Not all of auth0.com: each tenant has a host there and may write its HTML
        # (Auth0's docs).
        ("manage.auth0.com",),
        ids=(_ID,),
        pages=_PAGES,
        presets=(
            Preset(
                "Auth0 user",  # public code
                "https://manage.auth0.com/dashboard/<<region>>/<<tenant>>/users/{synced_entity_id}",
                (
                    Parameter("region", "The Auth0 region", "[a-z]{2}(?:-[0-9])?", "us"),
                    Parameter("tenant", "The Auth0 tenant", DNS_LABEL, "acme-prod"),
                ),
            ),
        ),
    ),
)
