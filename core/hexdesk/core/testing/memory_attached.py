"""The tools of attached servers, in memory."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from hexdesk.core.errors import ConflictError
from hexdesk.core.model.attached_tools import AttachedTool, FoundTool
from hexdesk.core.ports.attached_records import AttachedTools
from hexdesk.core.testing.memory_records import Draft, found

TAKEN = "something with the same values is there already"


@dataclass(frozen=True)
class MemoryAttachedTools(AttachedTools):
    """The attached tools in a draft."""

    draft: Draft

    async def all(self) -> Sequence[FoundTool]:
        records = self.draft.records
        return [
            FoundTool(tool=tool, source=integration.name, is_active=integration.is_active)
            for tool in sorted(records.attached_tools.values(), key=lambda one: one.name)
            for integration in (records.integrations[tool.integration_id],)
        ]

    async def named(self, names: Collection[str]) -> Sequence[FoundTool]:
        return [one for one in await self.all() if one.tool.name in names]

    async def add(self, tool: AttachedTool) -> None:
        records = await self.draft.to_write()
        found(records.integrations, tool.integration_id, "integration")
        if any(one.name == tool.name for one in records.attached_tools.values()):
            raise ConflictError(TAKEN)
        records.attached_tools[tool.id] = tool

    async def update(self, tool: AttachedTool) -> None:
        records = await self.draft.to_write()
        stored = found(records.attached_tools, tool.id, "attached tool")
        records.attached_tools[tool.id] = replace(
            tool,
            integration_id=stored.integration_id,
            name=stored.name,
            prefix=stored.prefix,
            created_at=stored.created_at,
        )
