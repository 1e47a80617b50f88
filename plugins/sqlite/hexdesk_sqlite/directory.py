"""What must be known before the organization is: of all organizations, and no more than needed."""

import sqlite3
from typing import Any
from uuid import UUID

from hexdesk.core.model.audit import FailedSignIn
from hexdesk.core.model.conversations import FoundConnection
from hexdesk.core.model.identity import FoundApiKey, FoundRefreshToken, FoundUser
from hexdesk.core.ports.storage import Directory
from hexdesk_sqlite.connections import Connections

FIND_USER = """
    SELECT id, organization_id, password_hash FROM main.users
    WHERE lower(email) = lower(?1) AND is_active
"""
FIND_REFRESH = """
    SELECT id, session_id, organization_id FROM main.refresh_tokens WHERE token_hash = ?1
"""
FIND_API_KEY = "SELECT id, organization_id FROM main.api_keys WHERE key_hash = ?1"
_CONNECTION = """
    SELECT c.integration_id, c.organization_id, c.channel FROM main.channel_connections AS c
    JOIN main.integrations AS i ON i.organization_id = c.organization_id AND i.id = c.integration_id
    WHERE i.is_active
"""
FIND_CONNECTION = f"{_CONNECTION} AND c.integration_id = ?1"
FIND_CONNECTION_OF = f"{_CONNECTION} AND c.channel = ?1 AND c.account = ?2"
NOTE_FAILED_SIGN_IN = """
    INSERT INTO main.failed_sign_ins (id, email_hash, ip, request_id, created_at)
    VALUES (?1, ?2, ?3, ?4, ?5)
"""


class SqliteDirectory(Directory):
    """Look-ups outside of any organization."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def user_by_email(self, email: str) -> FoundUser | None:
        row = await self._first(FIND_USER, email)
        if row is None:
            return None
        user_id, organization_id, password_hash = row
        return FoundUser(
            user_id=UUID(user_id),
            organization_id=UUID(organization_id),
            password_hash=password_hash,
        )

    async def refresh_token(self, token_hash: bytes) -> FoundRefreshToken | None:
        row = await self._first(FIND_REFRESH, token_hash)
        if row is None:
            return None
        token_id, session_id, organization_id = map(UUID, row)
        return FoundRefreshToken(
            token_id=token_id, session_id=session_id, organization_id=organization_id
        )

    async def api_key(self, key_hash: bytes) -> FoundApiKey | None:
        row = await self._first(FIND_API_KEY, key_hash)
        if row is None:
            return None
        api_key_id, organization_id = map(UUID, row)
        return FoundApiKey(api_key_id=api_key_id, organization_id=organization_id)

    async def connection(self, integration_id: UUID) -> FoundConnection | None:
        return _connection(await self._first(FIND_CONNECTION, integration_id))

    async def connection_of(self, channel: str, account: str) -> FoundConnection | None:
        return _connection(await self._first(FIND_CONNECTION_OF, channel, account))

    async def note_failed_sign_in(self, failed: FailedSignIn) -> None:
        await self._connections.run(
            NOTE_FAILED_SIGN_IN,
            failed.id,
            failed.email_hash,
            failed.ip,
            failed.request_id,
            failed.created_at,
        )

    async def _first(self, statement: str, *values: Any) -> sqlite3.Row | None:
        rows = await self._connections.run(statement, *values)
        return rows[0] if rows else None


def _connection(row: sqlite3.Row | None) -> FoundConnection | None:
    if row is None:
        return None
    integration_id, organization_id, channel = row
    return FoundConnection(
        integration_id=UUID(integration_id),
        organization_id=UUID(organization_id),
        channel=channel,
    )
