"""What tests of the agents' session with the tool server share."""

import asyncio

from hexdesk.adapters.tools.mcp_client import McpToolAccess
from hexdesk.core.ports.tools import ToolAnswer

REST_SECONDS = 10.0


class Now:
    """A time that a test moves on."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


async def create(access: McpToolAccess, capability: str, call_id: str = "call-1") -> ToolAnswer:
    """Open a ticket, in no more time than a call may take."""
    async with asyncio.timeout(20):
        return await access.call(capability, call_id, "create_ticket", {"title": "Login fails"})
