"""Which addresses may be called: what a URL may look like, and which networks are public."""

import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import httpx2

from hexdesk.core.errors import EgressRefusedError

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

SCHEMES = frozenset({"http", "https"})
MAX_PORT = 65_535
MAX_URL_LENGTH = 2048
DEFAULT_PORTS = {"http": 80, "https": 443}

LOOPBACK = IPv4Address("127.0.0.1")

# https://www.iana.org/assignments/iana-ipv4-special-registry; the standard library of Python
# 3.11 knows an older state of it, and lets multicast through.
SPECIAL_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, where clouds keep their credentials
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
# Everything public lies in here. What does not: loopback, link-local, unique local, multicast,
# and IPv4 in disguise (mapped, or behind NAT64).
PUBLIC_V6 = IPv6Network("2000::/3")
SPECIAL_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: IPv4 in disguise
        "3fff::/20",  # documentation
    )
)


def is_public(address: IPAddress) -> bool:
    """Tell whether the address belongs to the public internet."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in SPECIAL_V4)
    return address in PUBLIC_V6 and not any(address in network for network in SPECIAL_V6)


def parse_url(url: str) -> httpx2.URL:
    """Return the URL, or raise `EgressRefusedError` if none like it is ever called."""
    if len(url) > MAX_URL_LENGTH:
        raise EgressRefusedError(f"a URL may have {MAX_URL_LENGTH} characters, not {len(url)}")
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise EgressRefusedError(f"not a URL: {error}") from error
    if parsed.scheme not in SCHEMES:
        raise EgressRefusedError(f"only http and https may be called, not {parsed.scheme!r}")
    if parsed.userinfo:
        raise EgressRefusedError("a URL may not hold a user name or a password")
    # A name with an escape in it is read differently by everybody.
    if not host_of(parsed) or "%" in host_of(parsed):
        raise EgressRefusedError(f"no host to call in a URL like {parsed.host!r}")
    if not 0 < port_of(parsed) <= MAX_PORT:
        raise EgressRefusedError(f"there is no port {parsed.port}")
    return parsed


def port_of(url: httpx2.URL) -> int:
    """Return the port, also where the URL leaves it to the scheme."""
    return DEFAULT_PORTS[url.scheme] if url.port is None else url.port


def host_of(url: httpx2.URL) -> str:
    """Return the host's name in ASCII, as resolvers and certificates know it."""
    return url.raw_host.decode("ascii").rstrip(".")


def literal_address(host: str) -> IPAddress | None:
    """Return the address if the host is one, in any spelling that a resolver takes for one."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        # `127.1`, `0x7f000001`, `2130706433`: all of them mean this machine.
        return IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def is_this_machine(host: str) -> bool:
    """Tell whether the name means this machine by definition (RFC 6761)."""
    return host == "localhost" or host.endswith(".localhost")
