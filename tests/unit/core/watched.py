"""A storage that notes what it is asked, and makes trouble where a test wants some."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from hexdesk.core.errors import DeskError, StorageUnavailableError
from hexdesk.core.model.principals import Principal
from hexdesk.core.ports.storage import Backlog, Directory, Storage, Transaction

Trouble = DeskError | Callable[[], Awaitable[object]]


@dataclass
class WatchedStorage(Storage):
    """Notes for whom transactions are opened, and lets a test make trouble in them.

    The first of `at_commit` is taken by the transaction that commits next: raised in its place,
    or awaited before it. So many next transactions as there are `lost_acknowledgements` commit,
    and nobody hears of it.
    """

    storage: Storage
    opened_for: list[Principal] = field(default_factory=list[Principal])
    at_commit: list[Trouble] = field(default_factory=list[Trouble])
    lost_acknowledgements: int = 0

    @property
    def directory(self) -> Directory:
        return self.storage.directory

    @property
    def backlog(self) -> Backlog:
        return self.storage.backlog

    @asynccontextmanager
    async def transaction(self, who: Principal) -> AsyncGenerator[Transaction]:
        self.opened_for.append(who)
        async with self.storage.transaction(who) as tx:
            yield tx
            if self.at_commit:
                trouble = self.at_commit.pop(0)
                if isinstance(trouble, DeskError):
                    raise trouble
                await trouble()
        if self.lost_acknowledgements:
            self.lost_acknowledgements -= 1
            raise StorageUnavailableError("the connection was lost while committing")
