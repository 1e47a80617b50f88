"""Tools that agents may be given."""

from typing import Any

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency

from hexdesk.adapters.http.calls import call
from hexdesk.adapters.http.queries import ListQuery
from hexdesk.core.desk import Desk
from hexdesk.core.model.listing import Page
from hexdesk.core.model.principals import Member
from hexdesk.core.policy.listing import check_sort, part_of
from hexdesk.core.policy.rights import Right
from hexdesk.core.tools.tool import Tool


class ToolView(msgspec.Struct, frozen=True, kw_only=True):
    """A tool as it is shown; `source` is `builtin`, or the name of who added it."""

    name: str
    description: str
    input_schema: dict[str, Any]
    source: str
    read_only: bool
    destructive: bool


class ToolsController(Controller):
    """Tools that agents may be given."""

    path = "/tools"
    tags = ["Agents"]

    @get(opt=call(Right.READ_AGENTS, query=ListQuery))
    async def list_tools(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        wanted: NamedDependency[ListQuery],
    ) -> Page[ToolView]:
        """List the tools that an agent's `tools_enabled` can name."""
        part = wanted.part("name")
        check_sort(ToolView, part.sort)
        return part_of([_shown(tool) for tool in desk.tools.values()], part)


def _shown(tool: Tool) -> ToolView:
    return ToolView(
        name=tool.name,
        description=tool.description,
        input_schema=tool.input_schema(),
        source=tool.source,
        read_only=tool.read_only,
        destructive=tool.destructive,
    )
