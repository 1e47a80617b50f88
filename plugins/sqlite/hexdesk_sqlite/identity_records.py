"""Who is who, in SQLite."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from hexdesk.core.errors import ConflictError, NotFoundError
from hexdesk.core.model.identity import ApiKey, Organization, RefreshToken, Session, User
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.ports.identity_records import (
    ApiKeys,
    Organizations,
    RefreshTokens,
    Sessions,
    Users,
)
from hexdesk_sqlite.conditions import OURS
from hexdesk_sqlite.connection import BoundConnection
from hexdesk_sqlite.record_table import RecordTable
from hexdesk_sqlite.values import from_time

ORGANIZATIONS = RecordTable(Organization, "organizations", called="organization")
USERS = RecordTable(User, "users", called="user")
SESSIONS = RecordTable(Session, "sessions", called="session")
REFRESH_TOKENS = RecordTable(RefreshToken, "refresh_tokens", called="refresh token")
API_KEYS = RecordTable(ApiKey, "api_keys", called="API key")

# A conflict that raises no error leaves the transaction as it was.
ADD_ORGANIZATION = f"{ORGANIZATIONS.insert} ON CONFLICT DO NOTHING"
ADD_COUNTER = "INSERT INTO main.ticket_counters (last_number) VALUES (0)"
UPDATE_ORGANIZATION = """
    UPDATE main.organizations SET name = ?2, settings = ?3
    WHERE id = this_organization() AND id = ?1
"""

ADD_USER = f"{USERS.insert_with('password_hash')} ON CONFLICT DO NOTHING"
UPDATE_USER = (
    USERS.update_of(
        *USERS.changed, also=f", password_hash = coalesce(?{len(USERS.changed) + 2}, password_hash)"
    )
    + " AND id = ?1"
)
ADMINS = """
    SELECT id FROM users WHERE role = 'admin' AND is_active ORDER BY id
"""

ACTIVE_USER = f"""
    SELECT {USERS.listed_as("u")} FROM sessions AS s
    JOIN users AS u ON u.organization_id = s.organization_id AND u.id = s.user_id
    WHERE s.id = ?1 AND s.ended_at IS NULL AND u.is_active
"""  # noqa: S608  names of columns
IS_KNOWN_ADDRESS = "SELECT EXISTS (SELECT 1 FROM sessions WHERE user_id = ?1 AND ip = ?2)"
END_SESSION = f"""
    UPDATE main.sessions SET ended_at = coalesce(ended_at, now()) WHERE {OURS} AND id = ?1
"""  # noqa: S608  words of ours
END_SESSIONS = f"""
    UPDATE main.sessions SET ended_at = now()
    WHERE {OURS} AND user_id = ?1 AND id IS NOT ?2 AND ended_at IS NULL
"""  # noqa: S608  words of ours
SPEND = f"""
    UPDATE main.refresh_tokens SET used_at = now()
    WHERE {OURS} AND id = ?1 AND used_at IS NULL AND expires_at > now()
        AND session_id IN (SELECT id FROM sessions WHERE ended_at IS NULL)
    RETURNING {REFRESH_TOKENS.listed}
"""  # noqa: S608  names of columns
FORGET_TOKENS = f"""
    DELETE FROM main.refresh_tokens WHERE {OURS} AND id IN (
        SELECT id FROM refresh_tokens WHERE expires_at < ?1 ORDER BY expires_at LIMIT 1000
    )
    RETURNING session_id
"""  # noqa: S608  words of ours
# The newest session from an address stays, and with it the knowledge that it is the member's.
FORGET_SESSIONS = f"""
    DELETE FROM main.sessions AS s
    WHERE {OURS} AND s.id IN (SELECT value FROM json_each(?1))
        AND NOT EXISTS (SELECT 1 FROM refresh_tokens AS t WHERE t.session_id = s.id)
        AND (s.ip IS NULL OR EXISTS (
            SELECT 1 FROM sessions AS newer
            WHERE newer.user_id = s.user_id AND newer.ip = s.ip
                AND (newer.created_at, newer.id) > (s.created_at, s.id)
        ))
"""  # noqa: S608  words of ours

ADD_API_KEY = API_KEYS.insert_with("key_hash")
REMOVE_API_KEY = f"DELETE FROM main.api_keys WHERE {OURS} AND id = ?1 RETURNING {API_KEYS.listed}"  # noqa: S608  names of columns
ACTIVE_OWNER = f"""
    SELECT {API_KEYS.listed_as("k")}, {USERS.listed_as("u")},
        k.last_used_at IS NULL OR k.last_used_at <= now() - 60000000 AS is_news
    FROM api_keys AS k JOIN users AS u ON u.organization_id = k.organization_id AND u.id = k.user_id
    WHERE k.id = ?1 AND (k.expires_at IS NULL OR k.expires_at > now()) AND u.is_active
"""  # noqa: S608  names of columns
NOTE_USE = f"""
    UPDATE main.api_keys SET last_used_at = now() WHERE {OURS} AND id = ?1 RETURNING last_used_at
"""  # noqa: S608  words of ours


@dataclass(slots=True)
class SqliteOrganizations(Organizations):
    """The organization of a transaction."""

    bound: BoundConnection

    async def get(self) -> Organization:
        row = await self.bound.row(ORGANIZATIONS.select)
        if row is None:
            raise NotFoundError("no such organization")
        return ORGANIZATIONS.read(row)

    async def add(self, organization: Organization) -> None:
        values = ORGANIZATIONS.written_values(organization)
        if not await self.bound.change(ADD_ORGANIZATION, *values):
            raise ConflictError(f"the slug {organization.slug!r} is taken")
        await self.bound.change(ADD_COUNTER)

    async def update(self, organization: Organization) -> None:
        values = ORGANIZATIONS.values_of(organization, ("id", "name", "settings"))
        if not await self.bound.change(UPDATE_ORGANIZATION, *values):
            raise ORGANIZATIONS.not_found(organization.id)


@dataclass(slots=True)
class SqliteUsers(Users):
    """The members of a transaction's organization."""

    bound: BoundConnection

    async def get(self, user_id: UUID) -> User:
        return await USERS.get(self.bound, user_id)

    async def page(self, part: Slice) -> Page[User]:
        return await USERS.page(self.bound, part)

    async def add(self, user: User, password_hash: str) -> None:
        if not await self.bound.change(ADD_USER, *USERS.written_values(user), password_hash):
            raise ConflictError(f"the e-mail address {user.email!r} is taken")

    async def update(self, user: User, password_hash: str | None = None) -> None:
        values = (*USERS.changed_values(user), password_hash)
        if not await self.bound.change(UPDATE_USER, *values):
            raise USERS.not_found(user.id)

    async def password_hash(self, user_id: UUID) -> str:
        found = await self.bound.value("SELECT password_hash FROM users WHERE id = ?1", user_id)
        if found is None:
            raise USERS.not_found(user_id)
        return found

    async def remove(self, user_id: UUID) -> None:
        await USERS.remove(self.bound, user_id)

    async def lock_admins(self) -> tuple[UUID, ...]:
        await self.bound.lock()
        return tuple(UUID(row[0]) for row in await self.bound.rows(ADMINS))


@dataclass(slots=True)
class SqliteSessions(Sessions):
    """The sessions of a transaction's organization."""

    bound: BoundConnection

    async def add(self, session: Session) -> None:
        await SESSIONS.add(self.bound, session)

    async def active_user(self, session_id: UUID) -> User | None:
        row = await self.bound.row(ACTIVE_USER, session_id)
        return None if row is None else USERS.read(row)

    async def is_known_address(self, user_id: UUID, ip: str) -> bool:
        return bool(await self.bound.value(IS_KNOWN_ADDRESS, user_id, ip))

    async def end(self, session_id: UUID) -> None:
        if not await self.bound.change(END_SESSION, session_id):
            raise SESSIONS.not_found(session_id)

    async def end_all(self, user_id: UUID, *, keep: UUID | None = None) -> None:
        await self.bound.change(END_SESSIONS, user_id, keep)


@dataclass(slots=True)
class SqliteRefreshTokens(RefreshTokens):
    """The refresh tokens of a transaction's organization."""

    bound: BoundConnection

    async def add(self, token: RefreshToken) -> None:
        await REFRESH_TOKENS.add(self.bound, token)

    async def spend(self, token_id: UUID) -> RefreshToken | None:
        row = await self.bound.row(SPEND, token_id)
        return None if row is None else REFRESH_TOKENS.read(row)

    async def forget(self, before: datetime) -> int:
        rows = await self.bound.rows(FORGET_TOKENS, before)
        if rows:
            await self.bound.change(FORGET_SESSIONS, [row[0] for row in rows])
        return len(rows)


@dataclass(slots=True)
class SqliteApiKeys(ApiKeys):
    """The API keys of a transaction's organization."""

    bound: BoundConnection

    async def page(self, part: Slice) -> Page[ApiKey]:
        return await API_KEYS.page(self.bound, part)

    async def add(self, api_key: ApiKey, key_hash: bytes) -> None:
        await self.bound.change(ADD_API_KEY, *API_KEYS.written_values(api_key), key_hash)

    async def remove(self, api_key_id: UUID) -> ApiKey:
        row = await self.bound.row(REMOVE_API_KEY, api_key_id)
        if row is None:
            raise API_KEYS.not_found(api_key_id)
        return API_KEYS.read(row)

    async def active_owner(self, api_key_id: UUID) -> tuple[ApiKey, User] | None:
        row = await self.bound.row(ACTIVE_OWNER, api_key_id)
        if row is None:
            return None
        api_key, owner = API_KEYS.read(row), USERS.read(row, len(API_KEYS.columns))
        if row["is_news"]:
            used_at = await self.bound.value(NOTE_USE, api_key_id)
            api_key = replace(api_key, last_used_at=from_time(used_at))
        return api_key, owner
