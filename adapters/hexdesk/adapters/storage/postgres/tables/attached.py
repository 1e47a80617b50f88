"""The table of the tools of attached servers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from hexdesk.adapters.storage.postgres.tables.tenancy import IdentifiedRow, belongs_to


class AttachedToolRow(IdentifiedRow):
    """Tools of attached servers: as they were accepted, and what is said of them since."""

    __tablename__ = "attached_tools"

    integration_id: Mapped[UUID]
    name: Mapped[str]
    prefix: Mapped[str]
    accepted: Mapped[dict[str, Any]]
    changed: Mapped[dict[str, Any] | None]
    is_gone: Mapped[bool]
    accepted_at: Mapped[datetime]
    created_at: Mapped[datetime]

    __table_args__ = (
        belongs_to("integrations", "integration_id"),
        UniqueConstraint("organization_id", "name"),
        Index("ix_attached_tools_integration_id", "organization_id", "integration_id"),
    )
