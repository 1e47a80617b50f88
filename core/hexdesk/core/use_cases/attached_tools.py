"""Tools of attached servers: seen, kept as they were accepted, and accepted anew."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hexdesk.core.errors import ConflictError, NotFoundError
from hexdesk.core.model.attached_tools import (
    AttachedTool,
    AttachedToolStatus,
    FoundTool,
    ToolDefinition,
)
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.principals import Principal
from hexdesk.core.policy.listing import check_sort, part_of
from hexdesk.core.policy.rights import Right, require
from hexdesk.core.policy.tool_drift import definition_hash
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage
from hexdesk.core.use_cases.audit import Auditor


class ChangedDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """What a server says of a tool now; `hash` names exactly this."""

    description: str
    input_schema: dict[str, Any]
    read_only: bool
    destructive: bool
    hash: str

    @classmethod
    def of(cls, definition: ToolDefinition) -> Self:
        """Return it as it is shown."""
        return cls(
            description=definition.description,
            input_schema=definition.input_schema,
            read_only=definition.read_only,
            destructive=definition.destructive,
            hash=definition_hash(definition),
        )


class AttachedToolView(msgspec.Struct, frozen=True, kw_only=True):
    """A tool of an attached server: as it was accepted, and what is said of it since.

    `name` is for agents, `tool` is the server's own name for it.
    """

    name: str
    tool: str
    description: str
    input_schema: dict[str, Any]
    read_only: bool
    destructive: bool
    status: AttachedToolStatus
    hash: str
    changed: ChangedDefinition | None
    accepted_at: datetime
    created_at: datetime

    @classmethod
    def of(cls, tool: AttachedTool) -> Self:
        """Return it as it is shown."""
        accepted = tool.accepted
        return cls(
            name=tool.name,
            tool=accepted.name,
            description=accepted.description,
            input_schema=accepted.input_schema,
            read_only=accepted.read_only,
            destructive=accepted.destructive,
            status=tool.status,
            hash=definition_hash(accepted),
            changed=ChangedDefinition.of(tool.changed) if tool.changed else None,
            accepted_at=tool.accepted_at,
            created_at=tool.created_at,
        )


class Acceptance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was looked at: the hash of the definition that is accepted."""

    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTools:
    """Show the tools of the organization's attached servers that agents may be given."""

    storage: Storage

    async def __call__(self, who: Principal) -> tuple[FoundTool, ...]:
        """Return those of servers that are switched on, changed ones too."""
        require(who, Right.READ_AGENTS)
        async with self.storage.transaction(who) as tx:
            return tuple(one for one in await tx.attached_tools.all() if one.is_active)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAttachedTools:
    """Show a server's tools."""

    storage: Storage

    async def __call__(
        self, who: Principal, integration_id: UUID, part: Slice
    ) -> Page[AttachedToolView]:
        """Return a part of the list; other integrations have none."""
        require(who, Right.READ_INTEGRATIONS)
        check_sort(AttachedToolView, part.sort)
        async with self.storage.transaction(who) as tx:
            await tx.integrations.get(integration_id)
            known = await tx.attached_tools.all()
        own = (one.tool for one in known if one.tool.integration_id == integration_id)
        return part_of([AttachedToolView.of(tool) for tool in own], part)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptTool:
    """Let agents use a tool again that its server has changed."""

    storage: Storage
    clock: Clock
    auditor: Auditor

    async def __call__(
        self, who: Principal, integration_id: UUID, name: str, acceptance: Acceptance
    ) -> AttachedToolView:
        """Return the tool; raise `ConflictError` if that is not what the server says by now."""
        require(who, Right.CHANGE_INTEGRATIONS)
        async with self.storage.transaction(who) as tx:
            # Whoever refreshes the tools holds it too.
            await tx.integrations.get(integration_id, lock=True)
            found = await tx.attached_tools.named((name,))
            own = [one.tool for one in found if one.tool.integration_id == integration_id]
            if not own:
                raise NotFoundError(f"no tool {name!r}")
            tool = own[0]
            if tool.changed is None:
                raise ConflictError(f"{name!r} is as it was accepted")
            if definition_hash(tool.changed) != acceptance.hash:
                raise ConflictError(f"{name!r} is not what you have looked at: look again")
            after = replace(tool, accepted=tool.changed, changed=None, accepted_at=self.clock.now())
            await tx.attached_tools.update(after)
            target = ("integration", integration_id)
            await self.auditor.note(
                tx, who, "attached_tool.accepted", target=target, tool=name, hash=acceptance.hash
            )
        return AttachedToolView.of(after)
