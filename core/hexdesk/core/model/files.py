"""Files: what people hand in, and what has been read in them."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec


class FileStatus(StrEnum):
    """How far a file is on its way to being readable."""

    QUEUED = "queued"
    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file somebody handed in; its bytes lie elsewhere.

    `sha256` is in hexadecimal, `progress` goes from 0 to 1, `error` says in words why nothing
    could be read, `metadata` is what the file says of itself. `task_id` is the task that reads it.
    """

    id: UUID
    filename: str
    content_type: str
    size: int
    sha256: str
    status: FileStatus = FileStatus.QUEUED
    progress: float = 0.0
    error: str | None = None
    summary: str | None = None
    metadata: dict[str, Any] = {}
    task_id: UUID | None = None
    uploaded_by_id: UUID | None = None
    created_at: datetime


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A file whose bytes are stored, and of which nothing else is known yet."""

    file_id: UUID
    filename: str
    content_type: str
    size: int
    sha256: str


class FileFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which files are asked for; what is None does not matter.

    `agent_id` wants those that the agent knows, `seen_by` those that a member uploaded or that
    any agent knows.
    """

    status: FileStatus | None = None
    sha256: str | None = None
    agent_id: UUID | None = None
    ids: tuple[UUID, ...] | None = None
    seen_by: UUID | None = None
