"""Vendors of which little more than a name is known. One that gets pages or ids gets a file."""

from .vendor import Address, Mode, Vendor

_NO_PAGE_KNOWN = (
    "No customer page of {} is known. Copy the id, or ask an operator for a link template."
)
_WHOLE_ENVIRONMENT = (
    "{} receives the whole environment, so there is no page for one customer. Copy the id instead."
)


def _airwallex_mode(address: Address) -> tuple[Mode, str]:
    return ("TEST" if address.host == "demo.airwallex.com" else ""), ""  # public code only


VENDORS = (
    Vendor(
        "AIRWALLEX",
        "Airwallex",
        "Ax",
        # Seen in public code only; pay.airwallex.com is its customers'
        ("www.airwallex.com", "demo.airwallex.com"),
        _NO_PAGE_KNOWN.format("Airwallex"),
        mode=_airwallex_mode,
    ),
    Vendor(
        "OPEN_FGA",
        "OpenFGA",
        "OF",
        (),  # run by whoever uses it, so there is no common host
        "OpenFGA keeps permissions and has no customer page. Copy the id instead.",
    ),
    Vendor(
        "APP_STORE",
        "App Store",
        "AS",
        ("appstoreconnect.apple.com",),  # unverified
        "App Store Connect has no page for one customer. Copy the id instead.",
    ),
    Vendor(
        "SNOWFLAKE",
        "Snowflake",
        "Sn",
        ("app.snowflake.com",),  # unverified
        _WHOLE_ENVIRONMENT.format("Snowflake"),
    ),
    Vendor(
        "BIG_QUERY",
        "BigQuery",
        "BQ",
        # Unverified. Never google.com: anybody's sites and files live there.
        ("console.cloud.google.com",),
        _WHOLE_ENVIRONMENT.format("BigQuery"),
    ),
    Vendor(
        "PREQUEL",
        "Prequel",
        "Pr",
        ("prequel.co",),  # docs.prequel.co and api.prequel.co: Prequel's quickstart guide
        (
            "Prequel moves the whole environment's data, so there is no page for one "
            "customer. Copy the id instead."
        ),
    ),
    Vendor(
        "RECEIVED",
        "Received",
        "Re",
        (),  # no host is known
        _NO_PAGE_KNOWN.format("Received"),
    ),
)
