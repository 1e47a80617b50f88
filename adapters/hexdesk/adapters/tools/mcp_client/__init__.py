"""How agents reach tools: over MCP, in process or over HTTP."""

from hexdesk.adapters.tools.mcp_client.access import McpToolAccess
from hexdesk.adapters.tools.mcp_client.breaker import Breaker
from hexdesk.adapters.tools.mcp_client.transports import over_http, within_process

__all__ = ["Breaker", "McpToolAccess", "over_http", "within_process"]
