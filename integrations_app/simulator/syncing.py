"""How far the simulated Stigg is with a customer's integrations: Customer.syncStates of its
GraphQL, and the failures in its eventLogs.

All four kinds come, by the customer and the vendor. A vendor that Stigg's enum cannot name has no
state at all.
"""

import uuid
from datetime import UTC, datetime, timedelta
from functools import cache

from .data import Customer, stamp
from .rows import CURSORS, VENDORS, Integration, dice

TRIES = 3
LAST_TRY = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
FAILED_IN = 14  # one synced row in fourteen has failed since

MERGED = (
    "The record was deleted or merged into another one in the vendor's system after the "
    "last sync. "
    "Nothing was written since. Link the customer to the record that is left, or "
    "unlink it so that a new one is made."
)
FAILURES = (
    "Customer already exists",
    "The vendor asks for an e-mail address, and this customer has none.",
    "The vendor refused the access token. Connect the integration again in Stigg's settings.",
    MERGED,
)
BITING = (
    '<img src=x onerror="alert(1)"></td>{{ 7*7 }} \u202ednetxet\u202c \x00\x1b[31m\'";' + "x" * 300
)
NAMED_FAILURES = {
    (
        "acme-corp",
        "SALESFORCE",
    ): "REQUIRED_FIELD_MISSING: Salesforce wants an Industry for this account.",
    ("hostile-values", "HUBSPOT"): BITING,
}


@cache
def sync_states(customer: Customer) -> list[dict[str, object]]:
    return [
        state(customer, integration)
        for integration in customer.carried
        if integration.vendor in VENDORS
    ]


def state(customer: Customer, integration: Integration) -> dict[str, object]:
    status, error = outcome(customer, integration)
    return {
        "status": status,
        "error": error,
        "vendorIdentifier": integration.vendor,
        "syncedEntityId": integration.row["syncedEntityId"],
        "integration": {
            "id": str(uuid.uuid5(CURSORS, f"{customer.environment}/{integration.row['id']}")),
            "integrationId": integration.row["id"],
            "vendorIdentifier": integration.vendor,
        },
    }


def outcome(customer: Customer, integration: Integration) -> tuple[str, str | None]:
    roll = dice(customer.environment, customer.id, integration.row["id"], "state")
    if named := NAMED_FAILURES.get((customer.id, integration.vendor)):
        return "ERROR", named
    if integration.row["syncedEntityId"] is None:
        return ("PENDING" if roll % 2 else "NO_SYNC_REQUIRED"), None
    if customer.id != "acme-corp" and roll % FAILED_IN == 0:
        return "ERROR", FAILURES[roll // FAILED_IN % len(FAILURES)]
    return "SUCCESS", None


@cache
def failures(customer: Customer) -> list[dict[str, object]]:
    """What was tried of each failed one, an hour apart, newest first. The payload's form is not
    published; this is that of the webhook `sync.failed`.
    """
    failed = [(one, error) for one in customer.carried if (error := outcome(customer, one)[1])]
    events = [event(customer, *each, tried) for each in failed for tried in range(TRIES)]
    return sorted(events, key=lambda found: str(found["createdAt"]), reverse=True)


def event(
    customer: Customer, integration: Integration, error: str, tried: int
) -> dict[str, object]:
    named = f"{customer.environment}/{customer.id}/{integration.row['id']}/{tried}"
    minutes = dice(named) % 40
    return {
        "id": str(uuid.uuid5(CURSORS, named)),
        "createdAt": stamp(LAST_TRY - timedelta(hours=tried, minutes=minutes)),
        "traceId": str(uuid.uuid5(CURSORS, f"trace/{named}")),
        "entityId": customer.id,
        "entityType": "CUSTOMER",
        "eventLogType": "SYNC_FAILED",
        "payload": {"vendorIdentifier": integration.vendor.lower(), "error": error},
    }
