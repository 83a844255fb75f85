"""The face that Django looks for: every model, and the validators that migrations name."""

from integrations_app.access.models import EnvironmentLimit
from integrations_app.audit.events import AuditEvent
from integrations_app.index.models import IndexEntry
from integrations_app.links.models import (
    LinkTemplate,
    TrustedHost,
    WrongLink,
    validate_domain,
    validate_template,
)
from integrations_app.operators.counts import StiggCount
from integrations_app.own.models import Pin, Preferences
