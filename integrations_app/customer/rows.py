"""One integration as a row of the table. No I/O."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from integrations_app.customer.states import State
from integrations_app.links.judge import Link
from integrations_app.links.offers import NOWHERE, Offer, Place, offer
from integrations_app.stigg import BrokenRow, Integration, SyncData, fits_path
from integrations_app.vendors import vendor_for
from integrations_app.vendors.vendor import Vendor

UNKNOWN_FORM = "Stigg sent details in a form that the desk does not know."


@dataclass(frozen=True, slots=True)
class Row:
    """`problem` is set for one that could not be read, `own_page` empty for an id that no address
    can carry. `key` opens its link from the keyboard. `is_marked` when a look-up came by its
    record.
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
    own_page: str = ""

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
    def needs_a_look(self) -> bool:
        """Is its own page worth a line in a ticket?"""
        failed = self.state is not None and self.state.kind == "failed"
        return failed or bool(self.offer.warning) or self.link.kind in ("unfamiliar", "refused")

    def has(self, text: str) -> bool:
        """Is the text in the row's ids, its vendor or its state? Capitals do not matter."""
        ids = (self.integration_id, self.synced_entity_id, self.billing_id, self.price_group_id)
        state = (self.state.words, self.state.error, self.state.said) if self.state else ()
        held = "\n".join((*ids, self.vendor.name, self.vendor.identifier, *state))
        return text.casefold() in held.casefold()

    @property
    def can_be_reported(self) -> bool:
        return self.link.kind != "missing"


def row(
    item: Integration | BrokenRow,
    *,
    note: str = "",
    place: Place = NOWHERE,
    state: State | None = None,
) -> Row:
    vendor = vendor_for(item.vendor_identifier)
    if isinstance(item, BrokenRow):
        nothing, own_page = offer(None, vendor, None, None), _own_page(item, place)
        return Row(item.id, vendor, nothing, problem=item.problem, state=state, own_page=own_page)
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
        own_page=_own_page(item, place),
    )


def _own_page(item: Integration | BrokenRow, place: Place) -> str:
    if not fits_path(item.id):
        return ""
    record = next(filter(None, records_of(item)), "")
    query = f"?{urlencode({'record': record})}" if record else ""
    return f"{place.address}integration/{quote(item.id, safe='')}/{query}"


def records_of(item: Integration | BrokenRow) -> tuple[str | None, ...]:
    """By what a row names a vendor's record: the vendor's id, then the billing id."""
    if isinstance(item, BrokenRow):
        return ()
    return item.synced_entity_id, item.sync_data.billing_id if item.sync_data else None


def with_keys(rows: Iterable[Row]) -> Iterator[Row]:
    """The first nine that open get the key that opens them."""
    keys = iter("123456789")
    for shown in rows:
        key = next(keys, "") if shown.offer.opens else ""
        yield replace(shown, key=key) if key else shown


def is_of_record(item: Integration | BrokenRow, ids: Collection[str]) -> bool:
    return any(record in ids for record in records_of(item))
