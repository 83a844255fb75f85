"""Whose address a request has: a client may write any into its headers."""

from ipaddress import ip_network
from typing import Any

import pytest
from django.test import RequestFactory

from dashboard.client_address import client_address

PROXY, INNER = "10.0.0.1", "10.0.0.2"


@pytest.mark.parametrize(
    ("remote", "forwarded", "address"),
    [
        ("203.0.113.5", "", "203.0.113.5"),
        ("203.0.113.5", "198.51.100.7", "203.0.113.5"),
        (PROXY, "", PROXY),
        (PROXY, "203.0.113.5", "203.0.113.5"),
        (PROXY, "198.51.100.7, 203.0.113.5", "203.0.113.5"),
        (PROXY, f"198.51.100.7, 203.0.113.5, {INNER}", "203.0.113.5"),
        (PROXY, f"198.51.100.7,203.0.113.5 ,  {INNER}", "203.0.113.5"),
        (PROXY, f"{INNER}, {PROXY}", INNER),
        (PROXY, "10.0.0.9, 203.0.113.5", "203.0.113.5"),
        (PROXY, "unknown", PROXY),
        (PROXY, f"198.51.100.7, ' OR 1=1, {INNER}", INNER),
        (PROXY, "2001:db8::7", "2001:db8::7"),
        ("::ffff:10.0.0.1", "::ffff:203.0.113.5", "203.0.113.5"),
        ("", "203.0.113.5", "0.0.0.0"),  # noqa: S104 - a socket of Unix has no address
    ],
)
def test_only_what_a_trusted_proxy_says_counts(
    settings: Any, remote: str, forwarded: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
    request = RequestFactory(REMOTE_ADDR=remote).get("/", HTTP_X_FORWARDED_FOR=forwarded)
    assert client_address(request) == address


def test_by_default_no_proxy_is_trusted() -> None:
    request = RequestFactory(REMOTE_ADDR="127.0.0.1").get("/", HTTP_X_FORWARDED_FOR="203.0.113.5")
    assert client_address(request) == "127.0.0.1"
