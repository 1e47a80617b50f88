"""A filter on system calls: no sockets, no programs, no looking at other processes."""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterator

from hexdesk.adapters.extraction.sandbox.linux import LIBC, forbid_new_privileges

PR_SET_SECCOMP = 22
MODE_FILTER = 2
KILL_PROCESS = 0x80000000
REFUSE = 0x00050000
ALLOW = 0x7FFF0000
CLONE_THREAD = 0x10000
FOREIGN_NUMBERS = 0x40000000  # the x32 way to make the same calls on x86_64
LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_BITS, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER_AT, ARCHITECTURE_AT, FIRST_ARGUMENT_AT = 0, 4, 16

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# By name, for each architecture; 0 is a call that it does not have.
REFUSED_CALLS: dict[str, tuple[int, int]] = {
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    "sendto": (44, 206),
    "sendmsg": (46, 211),
    "sendmmsg": (307, 269),
    "fork": (57, 0),
    "vfork": (58, 0),
    "execve": (59, 221),
    "execveat": (322, 281),
    "kill": (62, 129),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_send_signal": (424, 424),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "io_uring_setup": (425, 425),  # its requests open sockets without a system call
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "open_by_handle_at": (304, 265),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
}
CLONE = (56, 220)
CLONE3 = (435, 435)
TGKILL = (234, 131)


class Program(ctypes.Structure):
    """The kernel's `sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def filter_calls() -> bool:
    """Install the filter for this process and all its threads; return whether it is there."""
    machine = platform.machine()
    if machine not in ARCHITECTURES or not forbid_new_privileges():
        return False
    code = b"".join(instructions(machine, os.getpid()))
    program = Program(len(code) // 8, code)
    installed = LIBC.prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(program), 0, 0)
    return installed == 0


def instructions(machine: str, process: int) -> Iterator[bytes]:
    """Yield the filter for an architecture; a process may send signals to itself only."""
    column = list(ARCHITECTURES).index(machine)
    refuse = REFUSE | errno.EPERM
    yield _step(LOAD, ARCHITECTURE_AT)
    yield _step(JUMP_EQUAL, ARCHITECTURES[machine], then=1)
    yield _step(RETURN, KILL_PROCESS)
    yield _step(LOAD, NUMBER_AT)
    if machine == "x86_64":
        yield _step(JUMP_AT_LEAST, FOREIGN_NUMBERS, otherwise=1)
        yield _step(RETURN, refuse)
    for numbers in REFUSED_CALLS.values():
        if numbers[column]:
            yield _step(JUMP_EQUAL, numbers[column], otherwise=1)
            yield _step(RETURN, refuse)
    # The C library takes this for an old kernel, and makes threads by `clone` instead.
    yield _step(JUMP_EQUAL, CLONE3[column], otherwise=1)
    yield _step(RETURN, REFUSE | errno.ENOSYS)
    for call, test, value in (
        (CLONE, JUMP_BITS, CLONE_THREAD),
        (TGKILL, JUMP_EQUAL, process),
    ):
        yield _step(JUMP_EQUAL, call[column], otherwise=4)
        yield _step(LOAD, FIRST_ARGUMENT_AT)
        yield _step(test, value, otherwise=1)
        yield _step(RETURN, ALLOW)
        yield _step(RETURN, refuse)
    yield _step(RETURN, ALLOW)


def _step(code: int, value: int, *, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("HBBI", code, then, otherwise, value)
