"""The address that a request comes from."""

from ipaddress import IPv4Address, IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest

Address = IPv4Address | IPv6Address


def client_address(request: HttpRequest) -> str:
    return nearest(request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", ""))


def nearest(sender: str, forwarded_for: str) -> str:
    """The nearest address that is not one of TRUSTED_PROXIES: the client may have written the rest.

    An entry that is no address ends the walk at the proxy that passed it on.
    """
    address = _read(sender) or IPv4Address(0)
    for hop in reversed(forwarded_for.split(",")):
        further = _read(hop)
        if further is None or not any(address in network for network in settings.TRUSTED_PROXIES):
            break
        address = further
    return str(address)


def comes_from_proxy(request: HttpRequest) -> bool:
    sender = _read(request.META.get("REMOTE_ADDR", ""))
    return sender is not None and any(sender in network for network in settings.TRUSTED_PROXIES)


def _read(text: str) -> Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
