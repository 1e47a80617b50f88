"""Connections: how they are opened, and what statements are run on."""

from typing import Any

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from hexdesk.adapters.storage.postgres.failures import explaining

_JSONB_VERSION = b"\x01"
_encode = msgspec.json.Encoder().encode


async def prepare(connection: asyncpg.Connection) -> None:
    """Set a new connection up: jsonb goes in as any value and comes out as its JSON."""
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", format="binary", encoder=_to_jsonb, decoder=_from_jsonb
    )


def _to_jsonb(value: Any) -> bytes:
    return _JSONB_VERSION + _encode(value)


def _from_jsonb(data: bytes) -> bytes:
    # Whoever reads the column knows the type that it holds, and decodes straight to that.
    return data[1:]


class BoundConnection:
    """A connection in a transaction; no statement on it reaches beyond one organization."""

    __slots__ = ("_connection",)

    def __init__(self, connection: PoolConnectionProxy) -> None:
        self._connection = connection

    async def rows(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """Return the rows of a statement."""
        with explaining:
            return await self._connection.fetch(statement, *values)

    async def row(self, statement: str, *values: Any) -> asyncpg.Record | None:
        """Return the first row of a statement, or None."""
        with explaining:
            return await self._connection.fetchrow(statement, *values)

    async def value(self, statement: str, *values: Any) -> Any:
        """Return the first value of the first row of a statement, or None."""
        with explaining:
            return await self._connection.fetchval(statement, *values)

    async def change(self, statement: str, *values: Any) -> int:
        """Run a statement and return how many rows it changed."""
        with explaining:
            status = await self._connection.execute(statement, *values)
        return int(status.rpartition(" ")[2])
