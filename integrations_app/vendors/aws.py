"""AWS Marketplace."""

import re

from .vendor import IdShape, Vendor

_ACCOUNT = IdShape(
    "AWS account",
    re.compile(r"[0-9]{12}|[0-9]{4}-[0-9]{4}-[0-9]{4}"),
    fields=("awsMarketplaceCustomerId",),
    certain=False,
    usual=lambda text: text.replace("-", ""),
)
# ResolveCustomer documents the identifier only as opaque; its examples have ten or eleven mixed
# characters. A capital or digit past the first character tells it from a word.
_CUSTOMER = IdShape(
    "AWS Marketplace id",
    re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.+[A-Z0-9])[A-Za-z0-9]{10,13}"),
    fields=("awsMarketplaceCustomerId",),
    certain=False,
)

VENDORS = (
    Vendor(
        "AWS_MARKETPLACE",
        "AWS Marketplace",
        "AM",
        ("aws.amazon.com",),  # AWS's documentation. Never amazonaws.com: anybody's buckets
        "AWS Marketplace has no page for one customer. Copy the id and search the seller portal.",
        ids=(_ACCOUNT, _CUSTOMER),
        box="AWS",
    ),
)
