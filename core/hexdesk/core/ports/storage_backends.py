"""Kinds of storage that an operator may choose from, by the scheme of a URL."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from hexdesk.core.ports.storage import Storage


class ConnectionUse(msgspec.Struct, frozen=True, kw_only=True):
    """How many connections to the storage are open, and how many of these nobody uses."""

    size: int
    idle: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedStorage:
    """A storage in use, and what one may want to know of it.

    `ping` raises `StorageUnavailableError` when the storage is gone. `keeps_vectors` tells
    whether passages are kept with what they mean. `connections` is None where there are none.
    """

    storage: Storage
    ping: Callable[[], Awaitable[None]]
    keeps_vectors: Callable[[], Awaitable[bool]]
    connections: Callable[[], ConnectionUse] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageSurroundings:
    """Where a backend is used: the settings of its plugin, and the backends of other URLs."""

    settings: Any
    backend_for: Callable[[str], "StorageBackend"]


class StorageBackend(Protocol):
    """One kind: `schemes` are those of the URLs it takes, `lacks` says what it cannot give.

    A sentence of `lacks` is shown to operators by `hexdesk doctor`. `is_shared` tells whether
    several processes may use one storage at once.
    """

    name: str
    schemes: frozenset[str]
    lacks: tuple[str, ...]
    is_shared: bool

    def fitted(self, surroundings: StorageSurroundings) -> "StorageBackend":
        """Return the backend as it works in an installation: itself, unless it needs something.

        One that keeps a part elsewhere and leaves the rest to another backend asks for that one.
        """
        return self

    @abstractmethod
    def open(self, url: str, *, connections: int) -> AbstractAsyncContextManager[OpenedStorage]:
        """Open the storage, with so many connections at most.

        It opens also while the storage cannot be reached, and is there once it can be.
        """

    @abstractmethod
    async def upgrade(self, url: str) -> str:
        """Bring the storage to what this version needs, and return the name of that state.

        Raise `InvalidError` with words for the operator where that cannot be done.
        """

    @abstractmethod
    async def problem(self, url: str) -> str | None:
        """Say what keeps the storage from being used and what to do about it; None if nothing."""
