"""Stigg: the calls, the records they give, and the errors that stand for those that fail."""

from integrations_app.stigg.answers import (
    BadRequest,
    CustomerNotFound,
    Forbidden,
    KeyRejected,
    RateLimited,
    StiggError,
    TimedOut,
    Unavailable,
    UnexpectedResponse,
    clean,
    decode,
)
from integrations_app.stigg.client import (
    DEFAULT_LIMIT,
    ApiKey,
    Calls,
    Client,
    Read,
    UserToken,
    customer_path,
)
from integrations_app.stigg.records import (
    MAX_LIMIT,
    UUID_PATTERN,
    BrokenRow,
    Customer,
    Integration,
    Page,
    SyncData,
)
from integrations_app.stigg.transport import Answer, Limits

__all__ = [
    "DEFAULT_LIMIT",
    "MAX_LIMIT",
    "UUID_PATTERN",
    "Answer",
    "ApiKey",
    "BadRequest",
    "BrokenRow",
    "Calls",
    "Client",
    "Customer",
    "CustomerNotFound",
    "Forbidden",
    "Integration",
    "KeyRejected",
    "Limits",
    "Page",
    "RateLimited",
    "Read",
    "StiggError",
    "SyncData",
    "TimedOut",
    "Unavailable",
    "UnexpectedResponse",
    "UserToken",
    "clean",
    "customer_path",
    "decode",
]
