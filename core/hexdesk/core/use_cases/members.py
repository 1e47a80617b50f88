"""Members: who belongs to the organization."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from hexdesk.core.errors import ConflictError
from hexdesk.core.model.identity import Email, FullName, Password, Role, User
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.principals import Principal
from hexdesk.core.policy.changes import given
from hexdesk.core.policy.listing import check_sort
from hexdesk.core.policy.rights import Right, require
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.passwords import Passwords
from hexdesk.core.ports.storage import Storage
from hexdesk.core.use_cases.audit import Auditor


class NewMember(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a member is made from."""

    email: Email
    password: Password
    full_name: FullName | None = None
    role: Role = Role.USER


class MemberChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What changes of a member; what is absent stays."""

    email: Email | UnsetType = UNSET
    password: Password | UnsetType = UNSET
    full_name: FullName | None | UnsetType = UNSET
    role: Role | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMembers:
    """Show who belongs to the organization."""

    storage: Storage

    async def __call__(self, who: Principal, part: Slice) -> Page[User]:
        """Return a part of the list."""
        require(who, Right.MANAGE_MEMBERS)
        check_sort(User, part.sort)
        async with self.storage.transaction(who) as tx:
            return await tx.users.page(part)


@dataclass(frozen=True, slots=True, kw_only=True)
class GetMember:
    """Show one member."""

    storage: Storage

    async def __call__(self, who: Principal, user_id: UUID) -> User:
        """Return the member."""
        require(who, Right.MANAGE_MEMBERS)
        async with self.storage.transaction(who) as tx:
            return await tx.users.get(user_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddMember:
    """Take a person into the organization."""

    storage: Storage
    clock: Clock
    passwords: Passwords
    auditor: Auditor

    async def __call__(self, who: Principal, wish: NewMember) -> User:
        """Return the new member; raise `ConflictError` if the e-mail is taken."""
        require(who, Right.MANAGE_MEMBERS)
        password_hash = await self.passwords.hash(wish.password)
        user = User(
            id=self.clock.new_id(),
            organization_id=who.organization_id,
            email=wish.email,
            full_name=wish.full_name,
            role=wish.role,
            created_at=self.clock.now(),
        )
        async with self.storage.transaction(who) as tx:
            await tx.users.add(user, password_hash)
            await self.auditor.note(
                tx, who, "member.added", target=("user", user.id), role=user.role
            )
        return user


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeMember:
    """Change a member's name, address, password, role or standing."""

    storage: Storage
    passwords: Passwords
    auditor: Auditor

    async def __call__(self, who: Principal, user_id: UUID, change: MemberChange) -> User:
        """Return the member; raise `ConflictError` if no active admin would be left.

        A new password and deactivation end the member's sessions.
        """
        require(who, Right.MANAGE_MEMBERS)
        fields = given(change)
        password: Any = fields.pop("password", None)
        password_hash = await self.passwords.hash(password) if password else None
        async with self.storage.transaction(who) as tx:
            # Of two changes at once, the later one must see what the earlier one did.
            admins = await tx.users.lock_admins()
            before = await tx.users.get(user_id)
            after = replace(before, **fields)
            if after == before and not password_hash:
                return before
            if not (after.is_active and after.role is Role.ADMIN):
                _keep_an_admin(admins, user_id)
            await tx.users.update(after, password_hash)
            if password_hash or not after.is_active:
                await tx.sessions.end_all(user_id)
            changed = sorted([*fields, *(["password"] if password_hash else [])])
            await self.auditor.note(
                tx, who, "member.changed", target=("user", user_id), fields=changed
            )
        return after


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveMember:
    """Take a member out of the organization, with its sessions and keys."""

    storage: Storage
    auditor: Auditor

    async def __call__(self, who: Principal, user_id: UUID) -> None:
        """Raise `ConflictError` if no active admin would be left."""
        require(who, Right.MANAGE_MEMBERS)
        async with self.storage.transaction(who) as tx:
            admins = await tx.users.lock_admins()
            await tx.users.get(user_id)
            _keep_an_admin(admins, user_id)
            await tx.users.remove(user_id)
            await self.auditor.note(tx, who, "member.removed", target=("user", user_id))


def _keep_an_admin(admins: tuple[UUID, ...], user_id: UUID) -> None:
    if admins == (user_id,):
        raise ConflictError("the last admin cannot be removed, deactivated or demoted")
