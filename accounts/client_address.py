"""Whose address a request comes from."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """Return the asker's IP; X-Forwarded-For counts only behind settings.TRUSTED_PROXIES."""
    address: str = request.META.get("REMOTE_ADDR", "")
    trusted = [ipaddress.ip_network(network, strict=False) for network in settings.TRUSTED_PROXIES]
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    # From the nearest hop outwards: the first address that is not a proxy of ours is the asker's.
    while hops and _is_within(address, trusted):
        hop = hops.pop()
        if not _is_address(hop):
            break
        address = hop
    return address


def _is_within(address: str, networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    return _is_address(address) and any(ipaddress.ip_address(address) in each for each in networks)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
