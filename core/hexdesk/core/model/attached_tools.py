"""Tools of other people's MCP servers: as they were accepted, and as they are now."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec


class ToolDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """What a server says of one of its tools, under the name that the server knows it by."""

    name: str
    description: str
    input_schema: dict[str, Any]
    read_only: bool = False
    destructive: bool = True


class AttachedToolStatus(StrEnum):
    """Whether a tool is as it was accepted."""

    OK = "ok"
    CHANGED = "changed"
    GONE = "gone"


class AttachedTool(msgspec.Struct, frozen=True, kw_only=True):
    """A tool of an attached server, under the name that agents know it by.

    `prefix` is the part of its name that is the server's. `accepted` is what agents are shown;
    `changed` is what the server says instead since then, until an admin has looked at it.
    """

    id: UUID
    integration_id: UUID
    name: str
    prefix: str
    accepted: ToolDefinition
    changed: ToolDefinition | None = None
    is_gone: bool = False
    accepted_at: datetime
    created_at: datetime

    @property
    def status(self) -> AttachedToolStatus:
        """How the tool is, compared with what was accepted."""
        if self.is_gone:
            return AttachedToolStatus.GONE
        return AttachedToolStatus.OK if self.changed is None else AttachedToolStatus.CHANGED


class FoundTool(msgspec.Struct, frozen=True, kw_only=True):
    """An attached tool with what matters of its integration: the name, and whether it is on."""

    tool: AttachedTool
    source: str
    is_active: bool = True

    @property
    def is_usable(self) -> bool:
        """Whether it may be called now."""
        return self.is_active and self.tool.status is AttachedToolStatus.OK


class AttachedServer(msgspec.Struct, frozen=True, kw_only=True):
    """Where an attached server is, and the credentials that it alone is given."""

    integration_id: UUID
    url: str
    headers: dict[str, str] = {}


class ServerAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a call of a server's tool gave: nothing of it is to be trusted.

    `left_out` names content that is neither text nor structured.
    """

    structured: dict[str, Any] | None = None
    texts: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    is_error: bool = False
