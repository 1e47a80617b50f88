"""API keys: credentials for programs."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import msgspec

from hexdesk.core.errors import InvalidError
from hexdesk.core.model.identity import ApiKey, Role
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.principals import Member
from hexdesk.core.policy.listing import check_sort
from hexdesk.core.policy.rights import Right, require
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage
from hexdesk.core.use_cases.audit import Auditor
from hexdesk.core.use_cases.sessions import API_KEY_PREFIX, secret_hash

SHOWN_CHARACTERS = 12


class NewApiKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a key is made from."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"[^\s\x1c-\x1f\x85]")]
    role: Role = Role.USER
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class ApiKeyWithSecret(ApiKey, frozen=True, kw_only=True):
    """A new key with its secret, shown this once."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListApiKeys:
    """Show the organization's keys."""

    storage: Storage

    async def __call__(self, who: Member, part: Slice) -> Page[ApiKey]:
        """Return a part of the list."""
        require(who, Right.MANAGE_API_KEYS)
        check_sort(ApiKey, part.sort)
        async with self.storage.transaction(who) as tx:
            return await tx.api_keys.page(part)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddApiKey:
    """Make a key that acts as its maker, with the lower of both roles."""

    storage: Storage
    clock: Clock
    auditor: Auditor

    async def __call__(self, who: Member, wish: NewApiKey) -> ApiKeyWithSecret:
        """Return the key with its secret; raise `InvalidError` for an expiry in the past."""
        require(who, Right.MANAGE_API_KEYS)
        now = self.clock.now()
        if wish.expires_at and wish.expires_at <= now:
            raise InvalidError("must be in the future", pointer="/expires_at")
        secret = API_KEY_PREFIX + self.clock.new_secret()
        api_key = ApiKey(
            id=self.clock.new_id(),
            name=wish.name,
            prefix=secret[:SHOWN_CHARACTERS],
            role=wish.role,
            user_id=who.user_id,
            created_at=now,
            expires_at=wish.expires_at and wish.expires_at.astimezone(UTC),
        )
        async with self.storage.transaction(who) as tx:
            await tx.api_keys.add(api_key, secret_hash(secret))
            await self.auditor.note(
                tx, who, "api_key.added", target=("api_key", api_key.id), role=wish.role
            )
        return ApiKeyWithSecret(**msgspec.structs.asdict(api_key), key=secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveApiKey:
    """Make a key worthless."""

    storage: Storage
    auditor: Auditor

    async def __call__(self, who: Member, api_key_id: UUID) -> None:
        """Remove it at once."""
        require(who, Right.MANAGE_API_KEYS)
        async with self.storage.transaction(who) as tx:
            await tx.api_keys.remove(api_key_id)
            await self.auditor.note(tx, who, "api_key.removed", target=("api_key", api_key_id))
