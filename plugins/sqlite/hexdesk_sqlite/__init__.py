"""A storage in one SQLite file, for a desk on one machine."""

from collections.abc import Sequence

from hexdesk.core import StorageBackend, hookimpl
from hexdesk_sqlite.backend import SqliteBackend


@hookimpl
def hexdesk_storage_backends() -> Sequence[StorageBackend]:
    """Take URLs that begin with `sqlite:`."""
    return [SqliteBackend()]
