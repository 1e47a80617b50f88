"""What must be known before the organization is, through functions that tell no more."""

from typing import Any
from uuid import UUID

import asyncpg

from hexdesk.adapters.storage.postgres.pool import Connections
from hexdesk.core.model.audit import FailedSignIn
from hexdesk.core.model.conversations import FoundConnection
from hexdesk.core.model.identity import FoundApiKey, FoundRefreshToken, FoundUser
from hexdesk.core.ports.storage import Directory

FIND_USER = "SELECT user_id, organization_id, password_hash FROM find_user($1)"
FIND_REFRESH = "SELECT token_id, session_id, organization_id FROM find_refresh_token($1)"
FIND_API_KEY = "SELECT api_key_id, organization_id FROM find_api_key($1)"
FIND_CONNECTION = "SELECT integration_id, organization_id, channel FROM find_connection($1)"
FIND_CONNECTION_OF = """
    SELECT integration_id, organization_id, channel FROM find_connection_of($1, $2)
"""
NOTE_FAILED_SIGN_IN = """
    INSERT INTO failed_sign_ins (id, email_hash, ip, request_id, created_at)
    VALUES ($1, $2, $3, $4, $5)
"""


class PostgresDirectory(Directory):
    """Look-ups outside of any organization."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def user_by_email(self, email: str) -> FoundUser | None:
        row = await self._first(FIND_USER, email)
        return None if row is None else FoundUser(**row)

    async def refresh_token(self, token_hash: bytes) -> FoundRefreshToken | None:
        row = await self._first(FIND_REFRESH, token_hash)
        return None if row is None else FoundRefreshToken(**row)

    async def api_key(self, key_hash: bytes) -> FoundApiKey | None:
        row = await self._first(FIND_API_KEY, key_hash)
        return None if row is None else FoundApiKey(**row)

    async def connection(self, integration_id: UUID) -> FoundConnection | None:
        row = await self._first(FIND_CONNECTION, integration_id)
        return None if row is None else FoundConnection(**row)

    async def connection_of(self, channel: str, account: str) -> FoundConnection | None:
        row = await self._first(FIND_CONNECTION_OF, channel, account)
        return None if row is None else FoundConnection(**row)

    async def note_failed_sign_in(self, failed: FailedSignIn) -> None:
        await self._connections.run(
            NOTE_FAILED_SIGN_IN,
            failed.id,
            failed.email_hash,
            failed.ip,
            failed.request_id,
            failed.created_at,
        )

    async def _first(self, statement: str, *values: Any) -> asyncpg.Record | None:
        rows = await self._connections.run(statement, *values)
        return rows[0] if rows else None
