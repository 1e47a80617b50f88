"""Kinds of storage, as an installation takes them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from hexdesk.core.ports.storage_backends import (
    OpenedStorage,
    StorageBackend,
    StorageSurroundings,
)


class Shelf(StorageBackend):
    name = "shelf"
    schemes = frozenset({"shelf"})
    lacks = ()
    is_shared = False

    @asynccontextmanager
    async def open(self, url: str, *, connections: int) -> AsyncGenerator[OpenedStorage]:
        raise NotImplementedError
        yield

    async def upgrade(self, url: str) -> str:
        return "dusted"

    async def problem(self, url: str) -> str | None:
        return None


def test_a_backend_that_needs_nothing_works_as_it_is() -> None:
    shelf = Shelf()
    assert shelf.fitted(StorageSurroundings(settings=None, backend_for=lambda _: shelf)) is shelf
