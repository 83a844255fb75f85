"""The simulated world: who the customers are, in which environment, and what Stigg says of them.

It is built at the first question, not at import or start, and customers make their rows when asked.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property

from .named import FAULT_PREFIX, NAMED, Rows
from .rows import BASE62, DIGITS, HEX, VENDORS, Integration, RowMaker, cursor, dice, letters

CROWD = 3_000
EPOCH = datetime(2023, 1, 1, tzinfo=UTC)
MINUTES = 3 * 365 * 24 * 60

COMPANIES = """
    Amber Apex Arctic Atlas Aurora Beacon Birch Blue Bright Cedar Cobalt Copper Coral Crescent
    Delta Drift Eagle Echo Ember Evergreen Falcon Fjord Forge Garnet Granite Harbor Hazel Helix
    Horizon Indigo Ivory Juniper Kestrel Lantern Lark Linden Lumen Maple Marble Meadow Nimbus
    North Nova Oak Onyx Orchard Pacific Pine Quartz Raven Ridge River Saffron Sierra Silver
    Summit Tidal Umber Vertex Willow
+
    Analytics Apparel Audio Aviation Bakery Biotech Books Brewing Capital Ceramics Charging
    Clinics Cloud Coffee Commerce Cycling Dental Design Dynamics Education Energy Farms Finance
    Foods Freight Games Health Hosting Hotels Imaging Insurance Interactive Labs Legal Logistics
    Media Mobility Motors Networks Optics Outdoors Payments Pharma Printing Robotics Security
    Software Studios Systems Travel
"""
FIRST_WORDS, SECOND_WORDS = map(str.split, COMPANIES.split("+"))
ENDINGS = ("", " Inc.", " LLC", " Ltd.", " GmbH", " AG", " S.A.", " Pty")
MAILBOXES = ("ops", "billing", "finance", "it", "accounts", "hello")

AGAIN_IN = 12
ROW_COUNTS = (0, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6)
WEIGHTS = {"STRIPE": 9, "HUBSPOT": 5, "SALESFORCE": 5, "ZUORA": 3, "AUTH0": 3}


@dataclass(frozen=True)
class Customer:
    environment: str
    id: str
    name: str | None
    email: str | None
    archived: bool
    rows: Rows

    @cached_property
    def cursor(self) -> str:
        return cursor(self.environment, "customers", self.id)

    @cached_property
    def carried(self) -> list[Integration]:
        return self.rows(RowMaker(self.environment, self.id))

    @property
    def listed(self) -> list[Integration]:
        return [integration for integration in self.carried if integration.listed]

    @cached_property
    def document(self) -> dict[str, object]:
        """Customer as in docs.stigg.io/api-reference/customers and the official SDK's
        customer_response.py.
        """
        created = EPOCH + timedelta(minutes=self._dice("created") % MINUTES)
        updated = created + timedelta(minutes=self._dice("updated") % (MINUTES // 4))
        return {
            "id": self.id,
            "name": self.name,
            "email": self.email,
            "billingId": self.billing_id,
            "billingCurrency": ("usd", "eur", "gbp", None)[self._dice("currency") % 4],
            "couponId": None,
            "createdAt": stamp(created),
            "updatedAt": stamp(updated),
            "archivedAt": stamp(updated) if self.archived else None,
            "defaultPaymentMethod": self._payment_method(),
            "integrations": [integration.bare for integration in self.carried],
            "language": None,
            "timezone": None,
            "metadata": {"tier": self.tier},
            "passthrough": {},
        }

    @property
    def tier(self) -> str:
        return ("free", "growth", "enterprise")[self._dice("tier") % 3]

    @cached_property
    def subscription_id(self) -> str:
        end = letters(HEX, 10, self.environment, self.id, "subscription")
        return f"subscription-plan-{self.tier}-{end}"

    @property
    def subscription(self) -> dict[str, object]:
        """What the official SDK's subscription.py requires of one."""
        return {
            "id": self.subscription_id,
            "customerId": self.id,
            "planId": f"plan-{self.tier}",
            "createdAt": self.document["createdAt"],
            "startDate": self.document["createdAt"],
            "pricingType": "PAID",
            "paymentCollection": "NOT_REQUIRED",
            "status": "CANCELED" if self.archived else "ACTIVE",
        }

    def _dice(self, what: str) -> int:
        return dice(self.environment, self.id, what)

    def synced(self, vendor: str) -> str | None:
        """The customer's id in a vendor's system: of several records the first, as Stigg's search
        knows it.
        """
        ids = (one.row["syncedEntityId"] for one in self.carried if one.vendor == vendor)
        return next((str(found) for found in ids if found), None)

    @cached_property
    def billing_id(self) -> str | None:
        return self.synced("STRIPE") or self.synced("ZUORA")

    def _payment_method(self) -> dict[str, object] | None:
        if not self.billing_id or self._dice("pays by invoice") % 3 == 0:
            return None
        return {
            "billingId": "pm_" + letters(BASE62, 24, self.environment, self.id, "payment method"),
            "type": "CARD",
            "cardBrand": ("visa", "mastercard", "amex")[self._dice("brand") % 3],
            "cardLast4Digits": letters(DIGITS, 4, self.environment, self.id, "last four"),
            "cardExpiryMonth": 1 + self._dice("month") % 12,
            "cardExpiryYear": 2027 + self._dice("year") % 5,
        }


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@cache
def customers(environment: str) -> dict[str, Customer]:
    """Every customer of an environment by id, in the one order in which lists come."""
    known = [named(environment, number) for number in range(len(NAMED))]
    everyone = [one for one in known if one] + [
        crowd(environment, number) for number in range(CROWD)
    ]
    return {customer.id: customer for customer in everyone}


@cache
def listed(environment: str) -> list[Customer]:
    """The fault customers are for who asks for them: a walk through the list never stumbles into
    one.
    """
    return [
        customer
        for customer in customers(environment).values()
        if not customer.id.startswith(FAULT_PREFIX)
    ]


@cache
def subscriptions(environment: str) -> dict[str, Customer]:
    """Everybody has one subscription: whose it is, by its id."""
    return {customer.subscription_id: customer for customer in listed(environment)}


@cache
def by_cursor(environment: str) -> dict[str, int]:
    return {customer.cursor: place for place, customer in enumerate(listed(environment))}


def named(environment: str, number: int) -> Customer | None:
    one = NAMED[number]
    if environment not in one.environments:
        return None
    return Customer(environment, one.id, one.name, one.email, one.archived, one.rows)


def crowd(environment: str, number: int) -> Customer:
    """Archiving empties name and e-mail
    (changelog.stigg.io/ability-to-archive-customers-3u74ru).
    """
    roll = dice(environment, number)
    spot = (
        number * 1409 + len(environment)
    ) % CROWD  # 1409 shares no factor with 3,000: no name comes twice
    first, second = divmod(spot, len(SECOND_WORDS))
    company = f"{FIRST_WORDS[first]} {SECOND_WORDS[second]}"
    slug = company.lower().replace(" ", "-")
    archived = roll % 40 == 0
    name = None if archived else company + ENDINGS[roll // 40 % len(ENDINGS)]
    email = (
        None if archived or roll // 7 % 20 == 0 else f"{MAILBOXES[roll // 11 % 6]}@{slug}.example"
    )
    return Customer(environment, customer_id(slug, roll), name, email, archived, some)


def customer_id(slug: str, roll: int) -> str:
    """Ids as companies choose them: their own slugs, Auth0's, Stigg's `customer-6e24b4`, uuids,
    addresses.
    """
    shapes = (
        slug,
        f"auth0|{letters(HEX, 24, roll)}",
        f"ops@{slug}.example",
        f"customer-{letters(HEX, 6, roll)}",
        f"org_{letters(BASE62, 16, roll)}",
        str(uuid.UUID(int=dice(roll, "uuid") % 2**128, version=4)),
    )
    return shapes[roll // 13 % len(shapes)]


def some(make: RowMaker) -> list[Integration]:
    """Nought to six vendors, those that are common in life more often, one in twelve with a second
    record.
    """
    key = (make.environment, make.customer_id)
    count = ROW_COUNTS[dice(*key, "rows") % len(ROW_COUNTS)]
    liked = sorted(
        VENDORS, key=lambda vendor: -(dice(*key, vendor) % (1_000 * WEIGHTS.get(vendor, 1)))
    )
    rows = [
        make.unsynced(vendor) if dice(*key, vendor, "unsynced") % 9 == 0 else make.row(vendor)
        for vendor in liked[:count]
    ]
    again = (vendor for vendor in liked[:count] if dice(*key, vendor, "again") % AGAIN_IN == 0)
    return [*rows, *(make.row(vendor, 2) for vendor in again)]
