"""The processes that read files for this one."""

import psutil

_others: set[psutil.Process] = set()


def note_others() -> None:
    """Take all that are there now for something else."""
    _others.clear()
    _others.update(psutil.Process().children())


def children() -> list[psutil.Process]:
    """Return the readers that this process has, and what they have started.

    What others start comes and goes, as PostgreSQL's processes do.
    """
    readers = [one for one in psutil.Process().children() if one not in _others]
    return [*readers, *(one for reader in readers for one in _started_by(reader))]


def _started_by(reader: psutil.Process) -> list[psutil.Process]:
    try:
        return reader.children(recursive=True)
    except psutil.NoSuchProcess:
        return []
