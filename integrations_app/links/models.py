"""What the desk keeps about links: templates, trusted hosts, and agents' reports of wrong links."""

from django.core.exceptions import ValidationError
from django.db import connection, models
from django.utils import timezone

from integrations_app.vendors import vendor_for

from .judge import is_domain, is_public_suffix
from .offers import LinkSettings
from .url_templates import check_template

ENVIRONMENT_LENGTH = 31  # dashboard/settings.py allows no longer name
VENDOR_LENGTH = HOST_LENGTH = 255
MAX_WORD_CHARACTERS = 200


def validate_template(text: str) -> None:
    if problems := check_template(text):
        raise ValidationError([ValidationError(sentence, code="template") for sentence in problems])


def validate_domain(text: str) -> None:
    if "." in text and is_public_suffix(text):
        raise ValidationError(
            f"Anybody can publish under {text}. Write the vendor's own domain, with what stands "
            "before that."
        )
    if not is_domain(text):
        raise ValidationError(
            "Write a bare domain in lower case, such as billing.example.com. International "
            "names go in punycode."
        )


class ForVendor(models.Model):
    """A vendor of an environment, in plain text: settings know the one, the other may be new."""

    environment = models.CharField(max_length=ENVIRONMENT_LENGTH)
    vendor_identifier = models.CharField("vendor", max_length=VENDOR_LENGTH)

    class Meta:
        abstract = True

    def clean(self) -> None:
        """Keep the vendor as the pages spell it, so that capitals make no difference."""
        self.vendor_identifier = vendor_for(self.vendor_identifier).identifier

    @property
    def vendor_name(self) -> str:
        return vendor_for(self.vendor_identifier).name


class LinkTemplate(ForVendor):
    """How the desk builds the link that Stigg does not give, for one vendor of an environment."""

    template = models.TextField(validators=[validate_template])

    class Meta:
        ordering = ("environment", "vendor_identifier")
        constraints = (
            models.UniqueConstraint(
                fields=["environment", "vendor_identifier"],
                name="one_template_per_vendor",
                violation_error_message=(
                    "This vendor has a template in this environment already. Change that one."
                ),
            ),
        )

    def __str__(self) -> str:
        return f"{self.vendor_name} in {self.environment}"


class TrustedHost(ForVendor):
    """A domain, and every host under it, whose links open directly: an operator vouches for it."""

    environment = models.CharField(
        max_length=ENVIRONMENT_LENGTH, blank=True, help_text="Empty for every environment."
    )
    domain = models.CharField(
        max_length=253,
        validators=[validate_domain],
        help_text=(
            "Such as billing.example.com. Every host under it is trusted too, so write it "
            "as long as you can."
        ),
    )

    class Meta:
        ordering = ("vendor_identifier", "domain")
        constraints = (
            models.UniqueConstraint(
                fields=["environment", "vendor_identifier", "domain"],
                name="one_domain_per_vendor",
                violation_error_message="This domain is trusted for this vendor already.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.domain} for {self.vendor_name}"


# By hand, because putting it together costs Django ten times what the databases need for it.
_SETTINGS = """
SELECT vendor_identifier, template, NULL FROM integrations_app_linktemplate WHERE environment = %s
UNION ALL
SELECT vendor_identifier, NULL, domain FROM integrations_app_trustedhost
WHERE environment IN ('', %s)
ORDER BY 1, 3
"""


def link_settings(environment: str) -> LinkSettings:
    """What operators have set for the environment, and for all of them."""
    with connection.cursor() as cursor:
        cursor.execute(_SETTINGS, [environment] * 2)
        rows = cursor.fetchall()
    hosts: dict[str, list[str]] = {}
    for vendor_identifier, _, domain in rows:
        if domain is not None:
            hosts.setdefault(vendor_identifier, []).append(domain)
    return LinkSettings({vendor: built for vendor, built, _ in rows if built is not None}, hosts)


class WrongLink(ForVendor):
    """An agent's word that a link led to the wrong place; it outlives templates and accounts."""

    class Source(models.TextChoices):
        STIGG = "stigg", "Stigg's own link"
        TEMPLATE = "template", "Built by the desk"

    at = models.DateTimeField(default=timezone.now, editable=False, db_index=True)
    user = models.CharField(max_length=150, editable=False)
    customer_id = models.CharField("customer", max_length=255, editable=False)
    integration_id = models.CharField("integration", max_length=255, blank=True)
    host = models.CharField(max_length=HOST_LENGTH, blank=True)
    source = models.CharField(max_length=8, choices=Source.choices)
    template = models.TextField(blank=True, editable=False)
    word = models.CharField("what is wrong", max_length=MAX_WORD_CHARACTERS, blank=True)

    class Meta:
        ordering = ("-at",)

    def __str__(self) -> str:
        return f"{self.vendor_name} link of {self.customer_id} in {self.environment}"
