"""How a child locks itself in, before it looks at what a stranger has sent."""

import os
import resource
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from hexdesk.adapters.extraction.sandbox.landlock import allow_reading_only
from hexdesk.adapters.extraction.sandbox.linux import drop_capabilities, leave_the_network
from hexdesk.adapters.extraction.sandbox.seccomp import filter_calls
from hexdesk.adapters.extraction.sandbox.wire import Isolation, Limits

MOST_OPEN_FILES = 64
POLITENESS = 5
SYSTEM_PATHS = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo"),
    *("/etc/ld.so.cache", "/dev/null", "/dev/urandom"),
)
LOADED = Path("/proc/self/maps")


def bound(limits: Limits) -> None:
    """Have the system end this process when it asks for too much, and let it write nothing."""
    for kind, soft, hard in (
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_NOFILE, MOST_OPEN_FILES, MOST_OPEN_FILES),
        (resource.RLIMIT_AS, limits.memory_bytes, limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1),
    ):
        # macOS does not know all of these. A lower limit that is there already stays.
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (soft, hard))
    os.nice(POLITENESS)


def isolate(tessdata: str) -> Isolation:
    """Leave the network, the files and the processes of the machine, as far as it lets us."""
    if sys.platform != "linux":
        return Isolation()
    has_own_network = leave_the_network()
    reads_only_programs = allow_reading_only([*_programs(), Path(tessdata)])
    drop_capabilities()
    has_filter = filter_calls()
    networks = ("network namespace",) * has_own_network + ("seccomp",) * has_filter
    return Isolation(
        network=" and ".join(networks) or None,
        files="Landlock" if reads_only_programs else None,
        processes="seccomp" if has_filter else None,
    )


def _programs() -> Iterator[Path]:
    """Yield what a reader may still have to load: Python, its packages, their libraries."""
    yield from map(Path, SYSTEM_PATHS)
    yield from (Path(entry) for entry in sys.path if entry)
    yield from (Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "platlib"))
    for line in _loaded():
        name = line.partition("/")[2]
        if name.endswith(".so") or ".so." in name:
            yield Path("/", name).parent


def _loaded() -> list[str]:
    """Return what is mapped into memory, where the system tells it: libraries among it."""
    try:
        return LOADED.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
