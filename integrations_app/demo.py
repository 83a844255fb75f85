"""What a desk without a key has to try: an account and link templates in its own database."""

import secrets

from django.conf import settings
from django.contrib.auth import get_user_model

from integrations_app.links.models import LinkTemplate
from integrations_app.upstream import environments
from integrations_app.vendors import presets

NAME = "demo"


def password() -> str | None:
    """The demo account's password, which is made once and kept. None when an account of this name
    has another one: that is somebody's own, and stays as it is.
    """
    kept = settings.VAR / "demo-password"
    if not kept.exists() or not kept.stat().st_size:
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_urlsafe(9))
    word: str = kept.read_text()
    users = get_user_model().objects
    account = users.filter(username=NAME).first() or users.create_superuser(NAME, password=word)
    return word if account.check_password(word) else None


def add_link_templates() -> None:
    """One for each case that an agent can meet, while there is none."""
    if LinkTemplate.objects.exists():
        return
    LinkTemplate.objects.bulk_create(
        LinkTemplate(environment=environment["name"], vendor_identifier=vendor, template=template)
        for environment in environments.simulated()
        for vendor, template in _templates(is_live=environment["live"]).items()
    )


def _templates(*, is_live: bool) -> dict[str, str]:
    answers = {"my_domain": "acme", "portal_id": "1234567"}
    chosen = {
        "SALESFORCE": "Salesforce account",
        "HUBSPOT": "HubSpot company",
        "STRIPE_INVOICING": "Stripe, live" if is_live else "Stripe, test",
    }
    return {vendor: presets()[name][1].answered(answers) for vendor, name in chosen.items()}
