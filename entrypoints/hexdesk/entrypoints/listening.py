"""Whether a port can be had, asked before anything is started."""

import socket


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
            message = (
                f"cannot listen on {host}:{port}: {error.strerror}; choose another with {option}"
            )
            raise PortTakenError(message) from error
