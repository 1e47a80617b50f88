"""Landlock: what a process may still open, whoever it runs as."""

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

from hexdesk.adapters.extraction.sandbox.linux import LIBC, forbid_new_privileges

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
ASK_VERSION = 1
BENEATH_PATH = 1
READ_FILE, READ_FOLDER = 1 << 2, 1 << 3
# By the kernel's version of Landlock: all rights on files there are, of which we give back two.
FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
WITH_NETWORK, ALL_TCP = 4, 0b11
WITH_SCOPES, ALL_SCOPES = 6, 0b11  # abstract sockets, and signals to processes outside


class Ruleset(ctypes.Structure):
    """The kernel's `landlock_ruleset_attr`; each of its versions knew one field more."""

    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scopes", ctypes.c_uint64),
    )


class BeneathPath(ctypes.Structure):
    """The kernel's `landlock_path_beneath_attr`."""

    _pack_ = 1
    _fields_ = (("rights", ctypes.c_uint64), ("descriptor", ctypes.c_int32))


def allow_reading_only(paths: Iterable[Path]) -> bool:
    """Refuse this process everything on disk but to read these; return whether it is so."""
    version = LIBC.syscall(CREATE_RULESET, None, 0, ASK_VERSION)
    if version < 1 or not forbid_new_privileges():
        return False
    ruleset = Ruleset(
        FILE_RIGHTS[max(known for known in FILE_RIGHTS if known <= version)],
        ALL_TCP if version >= WITH_NETWORK else 0,
        ALL_SCOPES if version >= WITH_SCOPES else 0,
    )
    size = 24 if version >= WITH_SCOPES else 16 if version >= WITH_NETWORK else 8
    descriptor = LIBC.syscall(CREATE_RULESET, ctypes.byref(ruleset), size, 0)
    if descriptor < 0:
        return False
    try:
        for path in paths:
            _allow(descriptor, path)
        return LIBC.syscall(RESTRICT_SELF, descriptor, 0) == 0
    finally:
        os.close(descriptor)


def _allow(ruleset: int, path: Path) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    rights = READ_FILE | READ_FOLDER if path.is_dir() else READ_FILE
    rule = BeneathPath(rights, opened)
    LIBC.syscall(ADD_RULE, ruleset, BENEATH_PATH, ctypes.byref(rule), 0)
    os.close(opened)
