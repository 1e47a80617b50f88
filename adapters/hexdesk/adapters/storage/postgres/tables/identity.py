"""Tables of who is who."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from hexdesk.adapters.storage.postgres.tables.tenancy import (
    IdentifiedRow,
    Row,
    belongs_to,
    of_an_organization,
    one_of,
)
from hexdesk.core.model.identity import Role


class OrganizationRow(Row):
    """The tenants; each sees the one row that is itself."""

    __tablename__ = "organizations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    slug: Mapped[str] = mapped_column(unique=True)
    settings: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class UserRow(IdentifiedRow):
    """Members."""

    __tablename__ = "users"

    email: Mapped[str]
    full_name: Mapped[str | None]
    role: Mapped[str]
    is_active: Mapped[bool]
    password_hash: Mapped[str]
    created_at: Mapped[datetime]

    __table_args__ = (
        of_an_organization(),
        one_of("role", Role),
        Index("ix_users_created_at", "organization_id", "created_at", "id"),
    )


# An e-mail address is taken in the whole installation, not only in an organization.
Index("uq_users_email", func.lower(UserRow.email), unique=True)


class SessionRow(IdentifiedRow):
    """Sign-ins."""

    __tablename__ = "sessions"

    user_id: Mapped[UUID]
    ip: Mapped[str | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        belongs_to("users", "user_id"),
        Index("ix_sessions_user_id", "organization_id", "user_id", "ip"),
    )


class RefreshTokenRow(IdentifiedRow):
    """Hashes of refresh tokens, spent ones too: their reuse must be seen."""

    __tablename__ = "refresh_tokens"

    session_id: Mapped[UUID]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]

    __table_args__ = (
        belongs_to("sessions", "session_id"),
        Index("ix_refresh_tokens_session_id", "organization_id", "session_id"),
    )


class ApiKeyRow(IdentifiedRow):
    """Hashes of API keys."""

    __tablename__ = "api_keys"

    name: Mapped[str]
    prefix: Mapped[str]
    role: Mapped[str]
    user_id: Mapped[UUID]
    key_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]

    __table_args__ = (
        one_of("role", Role),
        belongs_to("users", "user_id"),
        Index("ix_api_keys_user_id", "organization_id", "user_id"),
        Index("ix_api_keys_created_at", "organization_id", "created_at", "id"),
    )


class FailedSignInRow(Row):
    """Failed sign-ins that belong to no organization; the application can only add to them."""

    __tablename__ = "failed_sign_ins"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email_hash: Mapped[bytes]
    ip: Mapped[str | None]
    request_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"), index=True)
