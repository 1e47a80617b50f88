"""System calls that Python has no name for."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
NEW_USER, NEW_NETWORK, NEW_IPC = 0x10000000, 0x40000000, 0x08000000
CAPABILITY_VERSION = 0x20080522

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long


def forbid_new_privileges() -> bool:
    """Give up for good to gain rights by starting a program; return whether it is so."""
    return LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0


def leave_the_network() -> bool:
    """Move into a network of one's own, where nothing is; return whether it is so."""
    return any(
        LIBC.unshare(spaces) == 0
        for spaces in (NEW_USER | NEW_NETWORK | NEW_IPC, NEW_NETWORK | NEW_IPC, NEW_NETWORK)
    )


def drop_capabilities() -> None:
    """Give up every right that root has beyond its own files, here and in its namespace."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    nothing = (ctypes.c_uint32 * 6)()
    LIBC.capset(header, nothing)


def die_with(parent: int) -> None:
    """Be killed when the parent dies, and at once if it is dead already."""
    if sys.platform == "linux":
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("its parent is gone")
