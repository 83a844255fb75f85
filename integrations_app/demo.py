"""What a desk without a key has to try: an account for each role, and link templates."""

import secrets
from functools import partial

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import Group, User

from dashboard.sign_in import ROLES
from dashboard.state import kept_secret
from integrations_app.links.models import LinkTemplate
from integrations_app.upstream import environments
from integrations_app.vendors import presets

NAMES = ("demo", *ROLES)  # the first may everything, the others what their role may


def accounts() -> tuple[str, list[str]]:
    """Their password, and whose it is. Missing ones are made; another password stays as it is."""
    word = kept_secret(settings.VAR / "demo-password", partial(secrets.token_urlsafe, 9))
    held = dict(User.objects.filter(username__in=NAMES).values_list("username", "password"))
    opened = {hashed for hashed in set(held.values()) if check_password(word, hashed)}
    hashed = min(opened, default="") or make_password(word)  # one for all: hashing is slow
    for name in NAMES:
        if name not in held:
            is_first = name == NAMES[0]
            made = User.objects.create(username=name, password=hashed, is_superuser=is_first)
            made.groups.set(Group.objects.filter(name=name))
    return word, [name for name in NAMES if held.get(name, hashed) in {hashed, *opened}]


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
