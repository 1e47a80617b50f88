"""The processes that read files for this one."""

import psutil

_others: set[psutil.Process] = set()


def note_others() -> None:
    """Take all that are there now for something else."""
    _others.clear()
    _others.update(psutil.Process().children())


def children() -> list[psutil.Process]:
    """Return the readers that this process has.

    They are its own children; those of a child come and go, as PostgreSQL's do.
    """
    return [one for one in psutil.Process().children() if one not in _others]
