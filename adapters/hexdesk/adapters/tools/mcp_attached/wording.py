"""What a server says, in the words of the desk."""

import mcp_types as types

from hexdesk.core.model.attached_tools import ServerAnswer, ToolDefinition

LONGEST_KIND = 100


def definition_of(tool: types.Tool) -> ToolDefinition:
    """Return what a server says of a tool; what it does not say is taken for the worse."""
    hints = tool.annotations or types.ToolAnnotations()
    read_only = hints.read_only_hint is True
    return ToolDefinition(
        name=tool.name,
        description=tool.description or tool.title or "",
        input_schema=tool.input_schema,
        read_only=read_only,
        destructive=not read_only and hints.destructive_hint is not False,
    )


def answer_of(result: types.CallToolResult) -> ServerAnswer:
    """Return what a call gave; what is neither text nor structured is named only."""
    structured = result.structured_content
    texts = (block.text for block in result.content if isinstance(block, types.TextContent))
    others = (block for block in result.content if not isinstance(block, types.TextContent))
    return ServerAnswer(
        structured=structured,
        texts=tuple(texts),
        left_out=tuple(map(_kind, others)),
        is_error=bool(result.is_error),
    )


def _kind(block: types.ContentBlock) -> str:
    resource = block.resource if isinstance(block, types.EmbeddedResource) else block
    mime_type = getattr(resource, "mime_type", None)
    return f"{block.type} ({mime_type})"[:LONGEST_KIND] if mime_type else block.type
