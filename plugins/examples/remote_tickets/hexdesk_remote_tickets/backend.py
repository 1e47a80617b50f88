"""The kind of storage that an operator chooses for tickets of a company's own system."""

import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Annotated

import httpx2
import msgspec

from hexdesk.core import InvalidError, OpenedStorage, StorageBackend, StorageSurroundings
from hexdesk_remote_tickets.storage import RemoteTicketStorage

PREFIX = "tickets+"
LACKS = (
    "tickets are found, filtered and counted by what was last seen of them in the ticket system",
    "comments are kept in PostgreSQL, and not in the ticket system",
    "a ticket that was opened in the ticket system is not known here",
    "while the ticket system is down, tickets can be neither read nor changed",
)


class RemoteTicketsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the ticket system is, the key to it, and for how long an answer is waited."""

    url: Annotated[str, msgspec.Meta(pattern=r"^(https?://\S*[^/\s])?$")] = ""
    token: str = ""
    seconds: Annotated[float, msgspec.Meta(gt=0, le=60)] = 3


class RemoteTicketsBackend(StorageBackend):
    """PostgreSQL for everything but tickets, whose URL follows `tickets+`."""

    name = "remote_tickets"
    schemes = frozenset({"tickets+postgres", "tickets+postgresql"})
    lacks = LACKS
    is_shared = True

    def __init__(self, surroundings: StorageSurroundings | None = None) -> None:
        self._surroundings = surroundings

    def fitted(self, surroundings: StorageSurroundings) -> StorageBackend:
        return RemoteTicketsBackend(surroundings)

    @asynccontextmanager
    async def open(self, url: str, *, connections: int) -> AsyncGenerator[OpenedStorage]:
        settings = self._settings()
        async with (
            httpx2.AsyncClient(
                base_url=settings.url,
                headers={"authorization": f"Bearer {settings.token}"},
                limits=httpx2.Limits(max_connections=connections),
                timeout=settings.seconds,
                trust_env=False,
                verify=ssl.create_default_context(),
            ) as http,
            self._inner(url).open(_rest(url), connections=connections) as opened,
        ):
            storage = RemoteTicketStorage(opened.storage, http, seconds=settings.seconds)
            try:
                yield replace(opened, storage=storage)
            finally:
                await storage.settled()

    async def upgrade(self, url: str) -> str:
        return await self._inner(url).upgrade(_rest(url))

    async def problem(self, url: str) -> str | None:
        if not self._settings().url:
            return "HEXDESK_REMOTE_TICKETS_URL is not set: say where the ticket system is"
        return await self._inner(url).problem(_rest(url))

    def _settings(self) -> RemoteTicketsSettings:
        return self._given().settings

    def _inner(self, url: str) -> StorageBackend:
        return self._given().backend_for(_rest(url))

    def _given(self) -> StorageSurroundings:
        if self._surroundings is None:
            raise InvalidError("the backend must be fitted before it is used")
        return self._surroundings


def _rest(url: str) -> str:
    return url[len(PREFIX) :]
