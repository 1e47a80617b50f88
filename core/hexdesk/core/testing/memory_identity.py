"""Who is who, in memory."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from msgspec.structs import replace

from hexdesk.core.errors import ConflictError, NotFoundError
from hexdesk.core.model.identity import (
    ApiKey,
    Organization,
    RefreshToken,
    Role,
    Session,
    User,
)
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.ports.identity_records import (
    ApiKeys,
    Organizations,
    RefreshTokens,
    Sessions,
    Users,
)
from hexdesk.core.testing.memory_records import Draft, Records, found, page_of, without

_BETWEEN_NOTES_OF_USE = timedelta(minutes=1)


@dataclass(frozen=True)
class MemoryOrganizations(Organizations):
    """The organization of a draft."""

    draft: Draft

    async def get(self) -> Organization:
        organization = self.draft.records.organization
        if organization is None:
            raise NotFoundError(f"no organization {self.draft.organization_id!s}")
        return organization

    async def add(self, organization: Organization) -> None:
        records = await self.draft.to_write()
        self._refuse_other(organization)
        for other in self.draft.installation.records.values():
            if other.organization and other.organization.slug == organization.slug:
                raise ConflictError(f"the slug {organization.slug!r} is taken")
        records.organization = organization

    async def update(self, organization: Organization) -> None:
        records = await self.draft.to_write()
        self._refuse_other(organization)
        records.organization = replace(
            await self.get(), name=organization.name, settings=organization.settings
        )

    def _refuse_other(self, organization: Organization) -> None:
        if organization.id != self.draft.organization_id:
            raise NotFoundError(f"no organization {organization.id!s}")


@dataclass(frozen=True)
class MemoryUsers(Users):
    """The members in a draft."""

    draft: Draft

    async def get(self, user_id: UUID) -> User:
        return found(self.draft.records.users, user_id, "user")

    async def page(self, part: Slice) -> Page[User]:
        return page_of(self.draft.records.users.values(), part)

    async def add(self, user: User, password_hash: str) -> None:
        records = await self.draft.to_write()
        self._refuse_taken_email(records, user)
        records.users[user.id] = user
        records.password_hashes[user.id] = password_hash

    async def update(self, user: User, password_hash: str | None = None) -> None:
        records = await self.draft.to_write()
        found(records.users, user.id, "user")
        self._refuse_taken_email(records, user)
        records.users[user.id] = user
        if password_hash is not None:
            records.password_hashes[user.id] = password_hash

    async def password_hash(self, user_id: UUID) -> str:
        return found(self.draft.records.password_hashes, user_id, "user")

    async def remove(self, user_id: UUID) -> None:
        records = await self.draft.to_write()
        found(records.users, user_id, "user")
        del records.users[user_id], records.password_hashes[user_id]
        _remove_credentials(records, user_id)
        _remove_name(records, user_id)

    async def lock_admins(self) -> tuple[UUID, ...]:
        records = await self.draft.to_write()
        return tuple(
            user.id for user in records.users.values() if user.is_active and user.role is Role.ADMIN
        )

    def _refuse_taken_email(self, own: Records, user: User) -> None:
        others = dict(self.draft.installation.records)
        others[self.draft.organization_id] = own
        for records in others.values():
            for other in records.users.values():
                if other.id != user.id and other.email.lower() == user.email.lower():
                    raise ConflictError(f"the e-mail address {user.email!r} is taken")


def _remove_credentials(records: Records, user_id: UUID) -> None:
    records.sessions = {
        key: session for key, session in records.sessions.items() if session.user_id != user_id
    }
    records.refresh_tokens = {
        key: token
        for key, token in records.refresh_tokens.items()
        if token.session_id in records.sessions
    }
    records.api_keys = {
        key: api_key for key, api_key in records.api_keys.items() if api_key.user_id != user_id
    }
    records.key_hashes = {
        key_hash: key for key_hash, key in records.key_hashes.items() if key in records.api_keys
    }


def _remove_name(records: Records, user_id: UUID) -> None:
    records.threads = without(records.threads, user_id, "user_id", "held_by_id")
    records.approvals = without(records.approvals, user_id, "decided_by_id")
    records.messages = without(records.messages, user_id, "user_id")
    records.tickets = without(records.tickets, user_id, "created_by_id", "assignee_id")
    records.comments = without(records.comments, user_id, "author_id")
    records.history = without(records.history, user_id, "changed_by_id")
    records.actions = without(records.actions, user_id, "user_id")
    records.files = without(records.files, user_id, "uploaded_by_id")
    records.tasks = without(records.tasks, user_id, "created_by_id")


@dataclass(frozen=True)
class MemorySessions(Sessions):
    """The sessions in a draft."""

    draft: Draft

    async def add(self, session: Session) -> None:
        records = await self.draft.to_write()
        found(records.users, session.user_id, "user")
        records.sessions[session.id] = session

    async def active_user(self, session_id: UUID) -> User | None:
        records = self.draft.records
        session = records.sessions.get(session_id)
        if session is None or session.ended_at is not None:
            return None
        user = records.users[session.user_id]
        return user if user.is_active else None

    async def is_known_address(self, user_id: UUID, ip: str) -> bool:
        return any(
            session.user_id == user_id and session.ip == ip
            for session in self.draft.records.sessions.values()
        )

    async def end(self, session_id: UUID) -> None:
        records = await self.draft.to_write()
        self._end(records, found(records.sessions, session_id, "session"))

    async def end_all(self, user_id: UUID, *, keep: UUID | None = None) -> None:
        records = await self.draft.to_write()
        for session in tuple(records.sessions.values()):
            if session.user_id == user_id and session.id != keep:
                self._end(records, session)

    def _end(self, records: Records, session: Session) -> None:
        if session.ended_at is None:
            ended_at = self.draft.installation.clock.now()
            records.sessions[session.id] = replace(session, ended_at=ended_at)


@dataclass(frozen=True)
class MemoryRefreshTokens(RefreshTokens):
    """The refresh tokens in a draft."""

    draft: Draft

    async def add(self, token: RefreshToken) -> None:
        records = await self.draft.to_write()
        found(records.sessions, token.session_id, "session")
        records.refresh_tokens[token.id] = token

    async def spend(self, token_id: UUID) -> RefreshToken | None:
        records = await self.draft.to_write()
        now = self.draft.installation.clock.now()
        token = records.refresh_tokens.get(token_id)
        if token is None or token.used_at is not None or token.expires_at <= now:
            return None
        if records.sessions[token.session_id].ended_at is not None:
            return None
        records.refresh_tokens[token_id] = replace(token, used_at=now)
        return records.refresh_tokens[token_id]

    async def forget(self, before: datetime) -> int:
        records = await self.draft.to_write()
        over = [token for token in records.refresh_tokens.values() if token.expires_at < before]
        for token in over:
            del records.refresh_tokens[token.id]
        alive = {token.session_id for token in records.refresh_tokens.values()}
        for session_id in {token.session_id for token in over} - alive:
            if not _keeps_an_address(records, records.sessions[session_id]):
                del records.sessions[session_id]
        return len(over)


def _keeps_an_address(records: Records, session: Session) -> bool:
    from_there = (
        other
        for other in records.sessions.values()
        if (other.user_id, other.ip) == (session.user_id, session.ip)
    )
    newest = max(from_there, key=lambda other: (other.created_at, other.id))
    return session.ip is not None and newest is session


@dataclass(frozen=True)
class MemoryApiKeys(ApiKeys):
    """The API keys in a draft."""

    draft: Draft

    async def page(self, part: Slice) -> Page[ApiKey]:
        return page_of(self.draft.records.api_keys.values(), part)

    async def add(self, api_key: ApiKey, key_hash: bytes) -> None:
        records = await self.draft.to_write()
        found(records.users, api_key.user_id, "user")
        records.api_keys[api_key.id] = api_key
        records.key_hashes[key_hash] = api_key.id

    async def remove(self, api_key_id: UUID) -> ApiKey:
        records = await self.draft.to_write()
        api_key = found(records.api_keys, api_key_id, "API key")
        del records.api_keys[api_key_id]
        records.key_hashes = {
            key_hash: key for key_hash, key in records.key_hashes.items() if key != api_key_id
        }
        return api_key

    async def active_owner(self, api_key_id: UUID) -> tuple[ApiKey, User] | None:
        api_key = self.draft.records.api_keys.get(api_key_id)
        now = self.draft.installation.clock.now()
        if api_key is None or (api_key.expires_at is not None and api_key.expires_at <= now):
            return None
        user = self.draft.records.users[api_key.user_id]
        if not user.is_active:
            return None
        if api_key.last_used_at is None or now - api_key.last_used_at >= _BETWEEN_NOTES_OF_USE:
            api_key = replace(api_key, last_used_at=now)
            (await self.draft.to_write()).api_keys[api_key_id] = api_key
        return api_key, user
