"""Which link a row gets: Stigg's own, one that the desk builds, or a word why none. No I/O."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from integrations_app.vendors.vendor import Vendor

from .judge import Link, judge, mode_warning
from .url_templates import fill

_NO_LINK = "Stigg gives no link for this row. Copy the id, or ask an operator for a link template."
_NO_ID = "The desk's link template needs an id that this row does not have. Copy the id instead."
_ASK_OPERATOR = " Or ask an operator for a link template."


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """What operators have set: templates and trusted domains, by vendor identifier."""

    templates: Mapping[str, str] = field(default_factory=dict)
    hosts: Mapping[str, Collection[str]] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((*self.templates, *self.hosts))

    def judge(self, url: str | None, vendor: Vendor) -> Link:
        return judge(url, vendor, self.hosts.get(vendor.identifier, ()))


@dataclass(frozen=True, slots=True)
class Place:
    """Whose rows these are and where they are shown; at `address` the customer's pages begin."""

    customer_id: str = ""
    environment_label: str = ""
    live: bool | None = None
    settings: LinkSettings = LinkSettings()
    address: str = ""


NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class Offer:
    """`template` is set when the desk built the link; then `other` is Stigg's own, if it sent one.
    `why` says why nothing opens, and `reasons` are Stigg's documented ones for a row that is not
    synced.
    """

    link: Link
    template: str = ""
    other: Link | None = None
    warning: str = ""
    why: str = ""
    reasons: tuple[str, ...] = ()

    @property
    def opens(self) -> bool:
        return self.link.kind in ("verified", "unfamiliar")

    @property
    def unfamiliar(self) -> Link | None:
        """The link that an agent is asked about before it opens: the row's, or Stigg's beside."""
        both = (self.link, self.other)
        return next((link for link in both if link and link.kind == "unfamiliar"), None)


def offer(
    url: str | None,
    vendor: Vendor,
    synced_entity_id: str | None,
    billing_id: str | None,
    place: Place = NOWHERE,
) -> Offer:
    """Stigg's own link wins when it is verified; else a template's, with Stigg's beside it."""
    template = place.settings.templates.get(vendor.identifier, "")
    own = place.settings.judge(url, vendor)
    values = {
        "synced_entity_id": synced_entity_id,
        "customer_id": place.customer_id,
        "billing_id": billing_id,
    }
    if own.kind != "verified" and template and (address := fill(template, values)):
        built, other = place.settings.judge(address, vendor), own if own.kind != "missing" else None
        return Offer(built, template, other, _warning(built, place))
    if own.kind in ("verified", "unfamiliar"):
        return Offer(own, warning=_warning(own, place))
    return _nothing(own, vendor, synced_entity_id, template)


def _nothing(own: Link, vendor: Vendor, synced_entity_id: str | None, template: str) -> Offer:
    """Why nothing opens and what to do next, with Stigg's reasons for a row not synced."""
    if own.kind == "refused":
        return Offer(own, why=own.reason + _ASK_OPERATOR)
    if not synced_entity_id:
        return Offer(own, why=_not_synced(vendor), reasons=vendor.not_synced)
    return Offer(own, why=_NO_ID if template else vendor.no_page_reason or _NO_LINK)


def _warning(link: Link, place: Place) -> str:
    return mode_warning(link.mode, place.live, place.environment_label)


def _not_synced(vendor: Vendor) -> str:
    if not vendor.has_record_page:
        return (
            f"Nothing to open: {vendor.name} has no known page for one customer, and this "
            "row is not synced yet."
        )
    return (
        "Nothing to open before the customer is synced. Copy the customer's id and "
        f"search in {vendor.name}."
    )
