"""SQLite as a kind of storage that an operator may choose."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from hexdesk.core import OpenedStorage, StorageBackend
from hexdesk_sqlite import schema
from hexdesk_sqlite.connections import Patience
from hexdesk_sqlite.opening import file_of
from hexdesk_sqlite.storage import SqliteStorage

LACKS = (
    "no row-level security of a server: whoever can read the file reads all organizations",
    "one machine only: all processes must run where the file is, and not on a network share",
    "no index of vectors: a question is compared with every passage of the files it is about",
    "one change at a time: the changes of all organizations wait for one another",
)


class SqliteBackend(StorageBackend):
    """One file on this machine."""

    name = "sqlite"
    schemes = frozenset({"sqlite"})
    lacks = LACKS
    is_shared = False  # by machines; the processes of one machine may use it together

    @asynccontextmanager
    async def open(self, url: str, *, connections: int) -> AsyncGenerator[OpenedStorage]:
        patience = Patience(connections=connections)
        async with SqliteStorage.open(file_of(url), patience) as storage:
            yield OpenedStorage(
                storage=storage,
                ping=storage.ping,
                keeps_vectors=_keeps_vectors,
                connections=lambda: storage.use,
            )

    async def upgrade(self, url: str) -> str:
        number = await asyncio.to_thread(schema.upgrade, file_of(url))
        return f"{number:04}"

    async def problem(self, url: str) -> str | None:
        return await asyncio.to_thread(schema.problem, file_of(url))


async def _keeps_vectors() -> bool:
    return True
