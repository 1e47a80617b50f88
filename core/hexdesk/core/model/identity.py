"""Who is who: organizations, members, their credentials and sessions."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from hexdesk.core.model.agents import AgentOverrides

Email = Annotated[
    str,
    msgspec.Meta(
        min_length=3,
        max_length=254,
        # `$` alone would let a line break at the end pass.
        pattern=r"^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+$(?!\n)",
        description="One `@`, at most 254 characters, any domain.",
        examples=["ada@example.com"],
    ),
]
Password = Annotated[
    str, msgspec.Meta(min_length=8, max_length=1024, examples=["correct horse battery"])
]


class Role(StrEnum):
    """What a member may do: `admin` everything in the organization, `user` the daily work."""

    USER = "user"
    ADMIN = "admin"

    def weaker(self, other: "Role") -> "Role":
        """Return the weaker of both roles."""
        return Role.ADMIN if self is Role.ADMIN and other is Role.ADMIN else Role.USER


class OrganizationSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an organization has decided for all its agents."""

    default_agent_id: UUID | None = None
    agent_defaults: AgentOverrides = AgentOverrides()


class Organization(msgspec.Struct, frozen=True, kw_only=True):
    """A company: the tenant that everything else belongs to."""

    id: UUID
    name: str
    slug: str
    settings: OrganizationSettings = OrganizationSettings()
    created_at: datetime


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A member of an organization: one of the company's staff."""

    id: UUID
    organization_id: UUID
    email: str
    full_name: str | None = None
    role: Role = Role.USER
    is_active: bool = True
    created_at: datetime


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One sign-in of a member; ending it stops its access and refresh tokens."""

    id: UUID
    user_id: UUID
    ip: str | None = None
    created_at: datetime
    ended_at: datetime | None = None


class RefreshToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token that is exchanged once for the next pair; only its hash is kept."""

    id: UUID
    session_id: UUID
    token_hash: bytes
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A credential for programs; it acts as the member who made it, with the lower role."""

    id: UUID
    name: str
    prefix: str
    role: Role = Role.USER
    user_id: UUID
    created_at: datetime
    last_used_at: datetime | None = None
    expires_at: datetime | None = None


class FoundUser(msgspec.Struct, frozen=True, kw_only=True):
    """What may be known of a member before the organization is: ids and the password's hash."""

    user_id: UUID
    organization_id: UUID
    password_hash: str


class FoundRefreshToken(msgspec.Struct, frozen=True, kw_only=True):
    """Whose refresh token it is."""

    token_id: UUID
    session_id: UUID
    organization_id: UUID


class FoundApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """Whose API key it is."""

    api_key_id: UUID
    organization_id: UUID


OrganizationName = Annotated[
    str, msgspec.Meta(min_length=1, max_length=200, pattern=r"[^\s\x1c-\x1f\x85]")
]
FullName = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"[^\s\x1c-\x1f\x85]")]


class Registration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a company signs up with."""

    organization_name: OrganizationName
    email: Email
    password: Password
    full_name: FullName | None = None


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What a sign-in gives: `expires_in` is the access token's life in seconds."""

    access_token: str
    refresh_token: str
    token_type: str = "Bearer"
    expires_in: int
    user: User
    organization: Organization
