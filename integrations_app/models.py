"""What the desk keeps itself. Django looks for models here."""

from integrations_app.audit import AuditEvent

__all__ = ["AuditEvent"]
