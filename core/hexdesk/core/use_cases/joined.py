"""Transactions that other transactions join."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from hexdesk.core.model.principals import Principal
from hexdesk.core.ports.storage import Backlog, Directory, Storage, Transaction


class JoinedStorage(Storage):
    """A storage whose every transaction is the one that is already open.

    What use cases do on it is committed with that one, or not at all.
    """

    def __init__(self, storage: Storage, tx: Transaction, who: Principal) -> None:
        """Keep the open transaction and the organization that it sees."""
        self._storage = storage
        self._tx = tx
        self._organization_id = who.organization_id

    @property
    def directory(self) -> Directory:
        """Look-ups outside of any organization, as ever."""
        return self._storage.directory

    @property
    def backlog(self) -> Backlog:
        """What waits in any organization, as ever."""
        return self._storage.backlog

    @asynccontextmanager
    async def transaction(self, who: Principal) -> AsyncGenerator[Transaction]:
        """Join the open transaction; raise `ValueError` for another organization's principal."""
        if who.organization_id != self._organization_id:
            raise ValueError("a transaction sees one organization only")
        yield self._tx
