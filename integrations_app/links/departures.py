"""Tokens for the page that asks before an unfamiliar link is opened.

Only an address that this desk has shown to this user opens there, and only for an hour. The page
never redirects, so a token is no way to send anybody anywhere.
"""

from dataclasses import astuple, dataclass

from django.core import signing

SALT = "integrations_app.leaving"
MAX_AGE_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Departure:
    """Who is about to open which address, and from which customer's page."""

    user: str
    environment: str
    customer_id: str
    vendor_identifier: str
    url: str


class Refused(Exception):
    """A token that opens nothing, with the words for the agent."""

    kind = "refused"
    status = 400
    title = "This link to the asking page does not work"
    meaning = (
        "It was changed on its way. Open the customer's page again and follow the link from there."
    )


class Expired(Refused):
    kind = "expired"
    title = "This page has expired"
    meaning = (
        "It asks about an address for one hour. Open the customer's page again and "
        "follow the link from there."
    )


class Foreign(Refused):
    kind = "foreign"
    status = 403
    title = "This page was made for somebody else"
    meaning = (
        "The desk shows an unfamiliar address only to the one who found it. Open the "
        "customer's page yourself."
    )


def sign(departure: Departure) -> str:
    return signing.dumps(astuple(departure), salt=SALT, compress=True)


def read(token: str, user: str) -> Departure:
    """The departure of a token. Raises Refused when it was tampered with, Expired or Foreign."""
    try:
        departure = Departure(*signing.loads(token, salt=SALT, max_age=MAX_AGE_SECONDS))
    except signing.SignatureExpired as error:
        raise Expired from error
    except (signing.BadSignature, TypeError) as error:
        # TypeError: signed by another version of the desk
        raise Refused from error
    if departure.user != user:
        raise Foreign
    return departure
