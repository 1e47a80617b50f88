"""Integrations: other systems an organization has connected."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec


class IntegrationStatus(StrEnum):
    """How the last call to the other system went."""

    UNKNOWN = "unknown"
    OK = "ok"
    ERROR = "error"


class Integration(msgspec.Struct, frozen=True, kw_only=True):
    """A connected system; secrets in `config` are sealed in storage and masked on output."""

    id: UUID
    type: str
    name: str
    status: IntegrationStatus = IntegrationStatus.UNKNOWN
    is_active: bool = True
    config: dict[str, Any]
    last_checked_at: datetime | None = None
    last_error: str | None = None
    created_at: datetime


class ConnectionCheck(msgspec.Struct, frozen=True, kw_only=True):
    """How a call to an integration's address went; never what it answered."""

    ok: bool
    status_code: int | None
    latency_ms: float
    detail: str
