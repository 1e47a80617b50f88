"""Where a server listens: whether the port can be had, and how it is reached then."""

import socket
from ipaddress import ip_address

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  what to call, not where to listen


class PortTakenError(Exception):
    """Somebody else listens there; the message says where and what to do."""


def refuse_taken(host: str, port: int, option: str) -> None:
    """Raise `PortTakenError` unless the port can be had; `option` is what chooses another."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            # A name that is nobody's is not mended by another port.
            wrong = "--host" if isinstance(error, socket.gaierror) else option
            message = f"cannot listen on {host}:{port}: {reason}; choose another with {wrong}"
            raise PortTakenError(message) from error


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can call what listens there."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def http_address(host: str, port: int) -> str:
    """Return how a server that listens there is reached from this machine."""
    name = EVERYWHERE.get(host, host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
