"""Values of attached tools for tests."""

from typing import Any
from uuid import UUID

from msgspec.structs import replace

from hexdesk.core.model.attached_tools import AttachedTool, ToolDefinition
from hexdesk.core.testing import examples

LOOK_UP = ToolDefinition(
    name="look_up",
    description="Look an order up.",
    input_schema={
        "type": "object",
        "properties": {"order": {"type": "string"}},
        "required": ["order"],
    },
    read_only=True,
    destructive=False,
)
CANCEL = ToolDefinition(
    name="cancel", description="Cancel an order.", input_schema={"type": "object"}
)


def an_attached_tool(integration_id: UUID, **changes: Any) -> AttachedTool:
    """Return a tool of a server; by default it is as it was accepted."""
    tool_id = examples.new_id()
    made = AttachedTool(
        id=tool_id,
        integration_id=integration_id,
        name=f"shop__{tool_id.hex}",
        prefix="shop",
        accepted=LOOK_UP,
        accepted_at=examples.later(0),
        created_at=examples.later(0),
    )
    return replace(made, **changes)
