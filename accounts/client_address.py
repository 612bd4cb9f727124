"""Whose address a request comes from, and which network that address is one of."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# One household or office: what a provider hands out to one customer.
IPV4_PREFIX = 24
IPV6_PREFIX = 56


def client_address(request: HttpRequest) -> str:
    """Return the asker's IP; X-Forwarded-For counts only behind settings.TRUSTED_PROXIES."""
    remote: str = request.META.get("REMOTE_ADDR", "")
    address = _parsed(remote)
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if address is None or not forwarded:
        return str(address) if address else remote
    trusted = _networks(tuple(settings.TRUSTED_PROXIES))
    hops = forwarded.split(",")
    # From the nearest hop outwards: the first address that is not a proxy of ours is the asker's.
    while hops and any(address in each for each in trusted):
        hop = _parsed(hops.pop().strip())
        if hop is None:
            break
        address = hop
    return str(address)


def network_of(address: str) -> str:
    """Return the network that wrong tries are counted for: IPv4 /24, IPv6 /56; else the text."""
    parsed = _parsed(address)
    if parsed is None:
        return address[:45]
    prefix = IPV4_PREFIX if parsed.version == 4 else IPV6_PREFIX
    return str(ip_network((parsed.packed, prefix), strict=False))


def _parsed(text: str) -> Address | None:
    """Read an address; an IPv4 one written as IPv6 (::ffff:1.2.3.4) is the IPv4 one."""
    try:
        address = ip_address(text.partition("%")[0])  # a link-local address may name its interface
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@lru_cache(maxsize=8)
def _networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ip_network(text, strict=False) for text in texts)
