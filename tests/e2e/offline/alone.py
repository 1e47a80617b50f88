"""A program in a network of its own, in which there is nothing but this machine itself.

Of the kernel only, so that neither `unshare` nor `ip` need be installed. Run as a module it takes
the program's command line, and becomes that program once the network is left.
"""

import ctypes
import fcntl
import os
import socket
import struct
import sys
from pathlib import Path

MODULE = "tests.e2e.offline.alone"
NEW_USER, NEW_NETWORK = 0x10000000, 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
# Of linux/sockios.h and linux/if.h.
SET_FLAGS, IS_UP = 0x8914, 0x1


def leave_the_network() -> None:
    """Move into a network of one's own, whose loopback works; raise `OSError` if refused."""
    user, group = os.geteuid(), os.getegid()
    # Root keeps its rights: the embedded database is run by another account, which must exist.
    if LIBC.unshare(NEW_NETWORK if user == 0 else NEW_USER | NEW_NETWORK):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    if user:
        for name, line in (
            ("setgroups", "deny"),
            ("uid_map", f"{user} {user} 1"),
            ("gid_map", f"{group} {group} 1"),
        ):
            Path("/proc/self", name).write_text(line, encoding="ascii")
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sh22x", b"lo", IS_UP))


def main() -> None:
    """Become the program of the command line, off the network."""
    leave_the_network()
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - the tests' own command line


if __name__ == "__main__":
    main()
