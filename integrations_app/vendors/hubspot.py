"""HubSpot."""

import re

from .vendor import IdShape, Parameter, Preset, Vendor, customer_page

# app.hubspot.com in Lago's link builder and public code; one more for each data centre: HubSpot's
# page on where data is hosted names na1 to na3, eu1 and ap1, public code eu2, au1, ca1 and jp1.
# Not all of hubspot.com: meetings.hubspot.com shows what its customers write.
_REGIONS = ("na", "eu", "ap", "au", "ca", "jp")
_HOSTS = (
    "app.hubspot.com",
    *(f"app-{region}{number}.hubspot.com" for region in _REGIONS for number in (1, 2, 3)),
)

_RECORD = IdShape(
    "HubSpot id",
    re.compile(r"[1-9][0-9]{0,15}"),
    fields=("crmId", "crmHubspotCompanyId"),
    certain=False,
)
# 0-1 is a contact, 0-2 a company: developers.hubspot.com, Understanding the CRM APIs.
# /sales/ is the second family: /sales/…/deal/ in public code, the others are our reading.
_PAGES = (
    customer_page(
        r"/(?:contacts/\d+/record/0-[12]|(?:contacts|sales)/\d+/(?:contact|company))/"
        r"(?P<id>[0-9]+)(?:[^\w/?#-][^/?#]*)?",
        _RECORD,
        _RECORD.read,
    ),
)
_START = "https://app.hubspot.com/contacts/<<portal_id>>/record"
_PORTAL = Parameter("portal_id", "The HubSpot portal id", "[0-9]{1,15}", "1234567")

VENDORS = (
    Vendor(
        "HUBSPOT",
        "HubSpot",
        "HS",
        _HOSTS,
        not_synced=("The customer has only free or custom plans.",),
        ids=(_RECORD,),
        pages=_PAGES,
        presets=(  # Lago
            Preset("HubSpot contact", _START + "/0-1/{synced_entity_id}", (_PORTAL,)),
            Preset("HubSpot company", _START + "/0-2/{synced_entity_id}", (_PORTAL,)),
        ),
        box="HubSpot",
    ),
)
