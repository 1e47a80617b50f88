"""The tool server: the desk's tools over MCP, for runs and for members' own clients."""

from hexdesk.adapters.tools.mcp_server.app import McpOptions, create_mcp_app
from hexdesk.adapters.tools.mcp_server.callers import CallerVerifier
from hexdesk.adapters.tools.mcp_server.server import create_tool_server

__all__ = ["CallerVerifier", "McpOptions", "create_mcp_app", "create_tool_server"]
