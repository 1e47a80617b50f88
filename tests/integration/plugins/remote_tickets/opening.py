"""The storage with tickets in a company's own system, as an installation would have it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from hexdesk.adapters.storage.postgres.backend import PostgresBackend
from hexdesk.core.ports.storage import Storage
from hexdesk.core.ports.storage_backends import StorageBackend, StorageSurroundings
from hexdesk_remote_tickets.backend import RemoteTicketsBackend, RemoteTicketsSettings
from tests.database import Database
from tests.integration.plugins.remote_tickets.ticket_server import TOKEN


def backend_with(**settings: Any) -> StorageBackend:
    """Return the backend with its plugin's settings."""
    return RemoteTicketsBackend().fitted(
        StorageSurroundings(
            settings=RemoteTicketsSettings(**settings), backend_for=lambda _: PostgresBackend()
        )
    )


@asynccontextmanager
async def remote_tickets(
    database: Database, url: str, *, seconds: float = 5, token: str = TOKEN
) -> AsyncGenerator[Storage]:
    """Open the storage."""
    backend = backend_with(url=url, token=token, seconds=seconds)
    async with backend.open(f"tickets+{database.url}", connections=10) as opened:
        await opened.ping()
        yield opened.storage
