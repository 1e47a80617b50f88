"""Other people's MCP servers, asked over streamable HTTP."""

from hexdesk.adapters.tools.mcp_attached.servers import McpAttachedServers

__all__ = ["McpAttachedServers"]
