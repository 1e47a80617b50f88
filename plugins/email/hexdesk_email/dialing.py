"""Connections to the mail servers that organizations name."""

import asyncio
import socket
import ssl

from hexdesk.core import Egress, UnavailableError
from hexdesk_email.config import EmailSettings

CONNECT_SECONDS = 10.0


async def dial(http: Egress, host: str, port: int) -> socket.socket:
    """Return a connection to one of a host's addresses.

    Raise `EgressRefusedError` for a host that may not be called, `UnavailableError` where nobody
    answers.
    """
    failed: OSError | None = None
    for address in await http.resolve(host, port):
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return await _connected(address, port)
        except OSError as error:
            failed = error
    raise UnavailableError(f"cannot reach {host!r} at port {port}: {failed}") from failed


def trusted(settings: object) -> ssl.SSLContext:
    """Return whom to trust: public certificate authorities, and the one that operators add."""
    context = ssl.create_default_context()
    if isinstance(settings, EmailSettings) and settings.ca_file is not None:
        context.load_verify_locations(settings.ca_file)
    return context


async def _connected(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    line = socket.socket(family, socket.SOCK_STREAM)
    try:
        line.setblocking(False)  # noqa: FBT003  # its only parameter, and it takes no name
        await asyncio.get_running_loop().sock_connect(line, (address, port))
    except BaseException:
        line.close()
        raise
    return line
