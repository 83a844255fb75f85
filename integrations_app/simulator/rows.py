"""Integration rows, in the words of Stigg's REST API and with ids as each vendor really writes
them.

Everything here is a pure function of its key: no clock and no random module, so that a row, its
synced id and its cursor are the same in every process, on every machine, in every version of
Python.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

ENVIRONMENTS = ("production", "staging")

DIGITS = "0123456789"
HEX = DIGITS + "abcdef"
LOWER = DIGITS + "abcdefghijklmnopqrstuvwxyz"
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
BASE62 = LOWER + UPPER

CURSORS = uuid.UUID("5717660d-0000-5000-8000-000000000000")


def dice(*key: object) -> int:
    """A large number that is always the same for the same key."""
    text = "/".join(map(str, key))
    return int.from_bytes(sha256(text.encode()).digest(), "big")


def letters(alphabet: str, length: int, *key: object) -> str:
    number, text = dice(*key), ""
    for _ in range(length):
        number, position = divmod(number, len(alphabet))
        text += alphabet[position]
    return text


def cursor(*key: object) -> str:
    """Stigg's cursors are row uuids; ours are made from the row, so that they outlive a restart."""
    return str(uuid.uuid5(CURSORS, "/".join(map(str, key))))


def salesforce_id(*key: object) -> str:
    """15 letters and the 3 that spell which of them are capitals: Salesforce's own 18-character
    form.
    """
    short = "0015g00000" + letters(BASE62, 5, *key)
    suffix = ""
    for start in (0, 5, 10):
        capitals = sum(2**place for place in range(5) if short[start + place] in UPPER)
        suffix += (UPPER + "012345")[capitals]
    return short + suffix


def unheard_of(*key: object) -> str:
    return letters(LOWER, 12, *key)


# Which ids Stigg keeps for AIRWALLEX, RECEIVED, APP_STORE, OPEN_FGA and the warehouses is not
# published; those look like the vendors' own ids.
SYNCED_IDS: dict[str, Callable[..., str]] = {
    "STRIPE": lambda *key: "cus_" + letters(BASE62, 14, *key),
    "ZUORA": lambda *key: "2c92c0f9" + letters(HEX, 24, *key),
    "HUBSPOT": lambda *key: str(10**9 + dice(*key) % 10**10),
    "SALESFORCE": salesforce_id,
    "AWS_MARKETPLACE": lambda *key: letters(DIGITS, 12, *key),
    "AUTH0": lambda *key: "auth0|" + letters(HEX, 24, *key),
    "SNOWFLAKE": lambda *key: "STIGG_EXPORT_" + letters(HEX, 6, *key).upper(),
    "BIG_QUERY": lambda *key: "stigg_export.customer_" + letters(HEX, 6, *key),
    "OPEN_FGA": lambda *key: "organization:" + letters(LOWER, 10, *key),
    "APP_STORE": lambda *key: "2000000" + letters(DIGITS, 9, *key),
    "STRIPE_INVOICING": lambda *key: "cus_" + letters(BASE62, 14, *key),
    "AIRWALLEX": lambda *key: "bcus_" + letters(LOWER, 20, *key),
    "RECEIVED": lambda *key: "rcv_" + letters(LOWER, 16, *key),
    "PREQUEL": lambda *key: str(uuid.UUID(int=dice(*key) % 2**128, version=4)),
}
VENDORS = tuple(SYNCED_IDS)
MARKETPLACES = ("AWS_MARKETPLACE", "APP_STORE")

# Stigg connects production to live accounts and the other environments to test ones
# (docs.stigg.io/documentation/managing-your-account/environments). Airwallex' path is our guess.
STRIPE_LINKS = {
    "production": "https://dashboard.stripe.com/customers/",
    "staging": "https://dashboard.stripe.com/test/customers/",
}
BILLING_LINKS = {
    "STRIPE": STRIPE_LINKS,
    "STRIPE_INVOICING": STRIPE_LINKS,
    "ZUORA": {
        "production": "https://www.zuora.com/apps/CustomerAccount.do?method=view&id=",
        "staging": "https://apisandbox.zuora.com/apps/CustomerAccount.do?method=view&id=",
    },
    "AIRWALLEX": {
        "production": "https://www.airwallex.com/app/billing/customers/",
        "staging": "https://demo.airwallex.com/app/billing/customers/",
    },
}
PRICE_GROUP_IN = 8  # one billing row in eight carries the price-group variant


@dataclass(frozen=True)
class Integration:
    row: dict[str, object]
    cursor: str
    listed: bool = (
        True  # newer Stigg versions leave rows out of the list that the customer still carries
    )

    @property
    def vendor(self) -> str:
        return str(self.row["vendorIdentifier"])

    @cached_property
    def bare(self) -> dict[str, object]:
        """The row as a customer object carries it: without syncData."""
        return {name: self.row[name] for name in ("id", "vendorIdentifier", "syncedEntityId")}


@dataclass(frozen=True)
class RowMaker:
    """Makes the rows of one customer in one environment."""

    environment: str
    customer_id: str

    def row(
        self, vendor: str, number: int = 1, *, listed: bool = True, **fields: object
    ) -> Integration:
        """The customer's link to the environment's `number`-th integration of a vendor.

        `fields` are Stigg's own field names and replace what the vendor would have had.
        """
        integration = "integration-" + letters(HEX, 8, self.environment, vendor, number)
        synced = self.synced_id(vendor, number)
        row: dict[str, object] = {
            "id": integration,
            "vendorIdentifier": vendor,
            "syncedEntityId": synced,
        }
        row |= self._sync_data(vendor, number) | fields
        place = cursor(self.environment, self.customer_id, vendor, number)
        return Integration(row, place, listed)

    def linked(self, vendor: str, number: int, link: str) -> Integration:
        data = {"billingId": self.synced_id(vendor, number), "billingLinkUrl": link}
        return self.row(vendor, number, syncData=data)

    def unsynced(self, vendor: str, number: int = 1) -> Integration:
        return self.row(vendor, number, syncedEntityId=None, syncData=None)

    def synced_id(self, vendor: str, number: int = 1) -> str:
        written = SYNCED_IDS.get(vendor, unheard_of)
        return written(self.environment, self.customer_id, vendor, number)

    def _sync_data(self, vendor: str, number: int) -> dict[str, object]:
        """Null and absent are both legal where a vendor has nothing to say: `syncData` is not
        required.
        """
        key = (self.environment, self.customer_id, vendor, number, "syncData")
        if vendor in BILLING_LINKS:
            return {"syncData": self._billing(vendor, number)}
        if vendor in MARKETPLACES:
            return {
                "syncData": {
                    "dimensions": ("seats", "seats,storage_gb", "api_calls")[dice(*key) % 3]
                }
            }
        return {"syncData": None} if dice(*key) % 2 else {}

    def _billing(self, vendor: str, number: int) -> dict[str, str]:
        synced = self.synced_id(vendor, number)
        key = (self.environment, self.customer_id, vendor, number, "price group")
        billing = {
            "billingId": synced,
            "billingLinkUrl": BILLING_LINKS[vendor][self.environment] + synced,
        }
        if dice(*key) % PRICE_GROUP_IN == 0:
            billing["priceGroupPackageBillingId"] = "prod_" + letters(BASE62, 14, *key)
        return billing
