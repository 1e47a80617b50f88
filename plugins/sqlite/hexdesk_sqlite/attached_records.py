"""The tools of attached servers, in SQLite."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from hexdesk.core.model.attached_tools import AttachedTool, FoundTool
from hexdesk.core.ports.attached_records import AttachedTools
from hexdesk_sqlite.connection import BoundConnection
from hexdesk_sqlite.record_table import RecordTable

TOOLS = RecordTable(
    AttachedTool,
    "attached_tools",
    called="attached tool",
    unchanged=("integration_id", "name", "prefix"),
)
FIND = f"""
    SELECT i.name, i.is_active, {TOOLS.listed_as("t")}
    FROM attached_tools AS t JOIN integrations AS i ON i.id = t.integration_id
"""  # noqa: S608  names of columns
NAMED = f"{FIND} WHERE t.name IN (SELECT value FROM json_each(?1))"  # noqa: S608  as above
IN_ORDER = " ORDER BY t.name"


@dataclass(slots=True)
class SqliteAttachedTools(AttachedTools):
    """The attached tools of a transaction's organization."""

    bound: BoundConnection

    async def all(self) -> Sequence[FoundTool]:
        return await self._found(FIND + IN_ORDER)

    async def named(self, names: Collection[str]) -> Sequence[FoundTool]:
        return await self._found(NAMED + IN_ORDER, list(names))

    async def add(self, tool: AttachedTool) -> None:
        await TOOLS.add(self.bound, tool)

    async def update(self, tool: AttachedTool) -> None:
        await TOOLS.update(self.bound, tool)

    async def _found(self, statement: str, *values: Any) -> Sequence[FoundTool]:
        return [
            FoundTool(tool=TOOLS.read(row, 2), source=row[0], is_active=bool(row[1]))
            for row in await self.bound.rows(statement, *values)
        ]
