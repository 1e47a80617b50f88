"""What programs use, as the kernel counts it."""

import math
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from statistics import median

import msgspec
import psutil

DATABASE_NAME = "postgres"
CPU_CLOCK = 2  # CPUCLOCK_SCHED: what the scheduler counted, user and system together


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """The CPU seconds a program and its database have taken so far."""

    program: float
    database: float

    def since(self, earlier: "Use") -> "Use":
        """Return what was taken in between."""
        return Use(
            program=self.program - earlier.program, database=self.database - earlier.database
        )


class ProcessTree:
    """A process and all it started; the processes of PostgreSQL count apart."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self._programs: tuple[psutil.Process, ...] = ()
        self.look()

    def look(self) -> None:
        """Look again which processes `program_cpu` has to ask."""
        self._programs = tuple(process for process in self._all() if not _is_database(process))

    def program_cpu(self) -> float:
        """Return the program's CPU seconds; quick, and blind to processes newer than `look`."""
        return sum(_cpu(process) for process in self._programs)

    def use(self) -> Use:
        """Return the CPU seconds of the whole tree, of processes that ended too."""
        program = database = 0.0
        for process in self._all():
            with suppress(psutil.NoSuchProcess):
                ended = process.cpu_times()
                seconds = _cpu(process) + ended.children_user + ended.children_system
                if _is_database(process):
                    database += seconds
                else:
                    program += seconds
        return Use(program=program, database=database)

    def program_memory(self) -> int:
        """Return the resident bytes of the program, without its database."""
        self.look()
        return sum(process.memory_info().rss for process in self._programs)

    def _all(self) -> Iterator[psutil.Process]:
        yield self._root
        yield from self._root.children(recursive=True)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that this share of the values does not exceed."""
    if not values:
        raise ValueError("no values to take a percentile of")
    rank = math.ceil(len(values) * percent / 100)
    return sorted(values)[max(rank, 1) - 1]


def median_ratio(values: Iterable[float], yardsticks: Iterable[float]) -> float:
    """Return the median of the ratios of what was measured in the same round."""
    return median(value / yardstick for value, yardstick in zip(values, yardsticks, strict=True))


def _is_database(process: psutil.Process) -> bool:
    try:
        return process.name().startswith(DATABASE_NAME)
    except psutil.NoSuchProcess:
        return False


def _cpu(process: psutil.Process) -> float:
    if sys.platform == "linux":
        try:
            # The clock of another process: nanoseconds, where /proc counts in hundredths.
            return time.clock_gettime((~process.pid << 3) | CPU_CLOCK)
        except OSError:
            return 0.0
    times = process.cpu_times()
    return times.user + times.system
