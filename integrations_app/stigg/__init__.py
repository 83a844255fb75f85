"""Stigg: the calls, the records they give, and the errors that stand for those that fail."""

from .answers import (
    BadRequest,
    CustomerNotFound,
    Forbidden,
    KeyRejected,
    RateLimited,
    StiggError,
    TimedOut,
    Unavailable,
    UnexpectedResponse,
    decode,
    printable,
)
from .client import (
    DEFAULT_LIMIT,
    ApiKey,
    Calls,
    Client,
    Question,
    Read,
    UserToken,
    fits_path,
)
from .records import (
    MAX_LIMIT,
    UUID_PATTERN,
    BrokenRow,
    Customer,
    CustomersPage,
    Integration,
    Page,
    Sent,
    SyncData,
)
from .transport import Answer, Limits
