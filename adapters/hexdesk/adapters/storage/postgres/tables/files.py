"""Tables of files, of what was read in them, and of the agents that know them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hexdesk.adapters.storage.postgres.tables.tenancy import (
    IdentifiedRow,
    TenantRow,
    belongs_to,
    of_an_organization,
    one_of,
    refers_to,
)
from hexdesk.core.model.files import FileStatus


class FileRow(IdentifiedRow):
    """Files; an uploader has each content once."""

    __tablename__ = "files"

    filename: Mapped[str]
    content_type: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    status: Mapped[str]
    progress: Mapped[float]
    error: Mapped[str | None]
    summary: Mapped[str | None]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata")  # SQLAlchemy has taken the name
    task_id: Mapped[UUID | None]
    uploaded_by_id: Mapped[UUID | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        of_an_organization(),
        one_of("status", FileStatus),
        refers_to("users", "uploaded_by_id"),
        UniqueConstraint("organization_id", "sha256", "uploaded_by_id"),
        Index("ix_files_created_at", "organization_id", "created_at", "id"),
        Index("ix_files_uploaded_by_id", "organization_id", "uploaded_by_id", "created_at", "id"),
    )


class FileSectionRow(TenantRow):
    """What was read in files, part by part."""

    __tablename__ = "file_sections"

    file_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    page: Mapped[int | None]
    sheet: Mapped[str | None]
    text: Mapped[str]

    __table_args__ = (belongs_to("files", "file_id"),)


class AgentFileRow(TenantRow):
    """Which agent knows which file."""

    __tablename__ = "agent_files"

    agent_id: Mapped[UUID] = mapped_column(primary_key=True)
    file_id: Mapped[UUID] = mapped_column(primary_key=True)

    __table_args__ = (
        belongs_to("agents", "agent_id"),
        belongs_to("files", "file_id"),
        Index("ix_agent_files_file_id", "organization_id", "file_id"),
    )
