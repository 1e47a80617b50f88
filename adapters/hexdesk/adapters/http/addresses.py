"""Which address a request comes from, with proxies in between."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from litestar.types import HTTPScope

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


def client_address(scope: HTTPScope, trusted: Sequence[Network]) -> str | None:
    """Return the address of the client, or None if it cannot be known.

    A header is believed only as far as trusted proxies have written it: from the right, past
    their own addresses, to the first that is not one of theirs.
    """
    client = scope["client"]
    address = _parsed(client[0]) if client else None
    if trusted:
        for hop in _hops(scope):
            if address is None or not any(address in network for network in trusted):
                break
            address = hop
    return str(address) if address else None


@lru_cache(maxsize=4096)
def bucket(address: str | None) -> str:
    """Return what an address is counted as: whoever has one IPv6 address has its whole /64.

    On a socket without addresses all callers share one bucket.
    """
    parsed = _parsed(address or "")
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((parsed, 64), strict=False))
    return str(parsed) if parsed else "unknown"


def _hops(scope: HTTPScope) -> Iterator[Address]:
    values = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    for text in reversed(b",".join(values).decode("latin-1").split(",")):
        hop = _parsed(text.strip())
        if hop is None:
            return
        yield hop


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
