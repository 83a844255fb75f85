"""One integration as a row of the table. No I/O."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from integrations_app.customer.query import Query
from integrations_app.customer.states import State
from integrations_app.links.judge import Link
from integrations_app.links.offers import NOWHERE, Offer, Place, offer
from integrations_app.stigg import BrokenRow, Integration, SyncData
from integrations_app.vendors import vendor_for
from integrations_app.vendors.vendor import Vendor

UNKNOWN_FORM = "Stigg sent details in a form that the desk does not know."
MAX_REPORTED_CHARACTERS = 255


@dataclass(frozen=True, slots=True)
class Row:
    """One integration as shown. `problem` is set for one that could not be read.

    `key` is the number that opens its link from the keyboard, for the first nine links of a page.
    `is_marked` when a look-up came by its record.
    """

    integration_id: str
    vendor: Vendor
    offer: Offer
    synced_entity_id: str = ""
    billing_id: str = ""
    price_group_id: str = ""
    dimensions: str = ""
    note: str = ""
    problem: str = ""
    state: State | None = None
    key: str = ""
    is_marked: bool = False

    @property
    def link(self) -> Link:
        return self.offer.link

    @property
    def name(self) -> str:
        """What a link or a button of this row is named by."""
        return self.synced_entity_id or self.billing_id or self.integration_id

    @property
    def has_notes(self) -> bool:
        """Is there something to say beside the link, as there is not for most rows?"""
        of, link = self.offer, self.link
        return bool(link.account or link.kind == "unfamiliar" or of.warning or of.other or of.why)

    @property
    def can_be_reported(self) -> bool:
        return bool(self.link.kind != "missing" and self.vendor.identifier)

    def report(self, back: Query) -> str:
        """The query of the page that reports this row's link as wrong and leads `back`."""
        said = {
            "vendor_identifier": self.vendor.identifier,
            "integration_id": self.integration_id,
            "host": self.link.host,
            "source": "template" if self.offer.template else "stigg",
        }
        cut = {name: value[:MAX_REPORTED_CHARACTERS] for name, value in said.items()}
        return urlencode(cut | {"back": str(back)})


def row(
    item: Integration | BrokenRow,
    *,
    note: str = "",
    place: Place = NOWHERE,
    state: State | None = None,
) -> Row:
    vendor = vendor_for(item.vendor_identifier)
    if isinstance(item, BrokenRow):
        nothing = offer(None, vendor, None, None)
        return Row(item.id, vendor, nothing, problem=item.problem, state=state)
    data = item.sync_data or SyncData()
    return Row(
        integration_id=item.id,
        vendor=vendor,
        offer=offer(data.billing_link_url, vendor, item.synced_entity_id, data.billing_id, place),
        synced_entity_id=item.synced_entity_id or "",
        billing_id=data.billing_id or "",
        price_group_id=data.price_group_package_billing_id or "",
        dimensions=data.dimensions or "",
        note=note if item.sync_data is None or data.is_known else UNKNOWN_FORM,
        state=state,
    )


def with_keys(rows: Iterable[Row]) -> Iterator[Row]:
    """The first nine that open get the key that opens them."""
    keys = iter("123456789")
    for shown in rows:
        key = next(keys, "") if shown.offer.opens else ""
        yield replace(shown, key=key) if key else shown


def is_of_record(item: Integration | BrokenRow, ids: Collection[str]) -> bool:
    """Whether a row names a vendor's record by one of these ids."""
    if isinstance(item, BrokenRow):
        return False
    billing_id = item.sync_data.billing_id if item.sync_data else None
    return item.synced_entity_id in ids or billing_id in ids
