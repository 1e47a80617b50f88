"""MCP clients as strangers write them: the SDK's own, with a token in the header."""

import ssl
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, TextContent

from hexdesk.core.ports.tools import CALL_ID
from tests.integration.desk_with_tools import ToolDesk

Connect = Callable[[str], AbstractAsyncContextManager[Client]]
"""Opens a client that shows a token."""


@asynccontextmanager
async def in_process(desk: ToolDesk, token: str) -> AsyncGenerator[Client]:
    """Reach the desk's tool server without a network."""
    transport = desk.within_process
    async with transport.presenting(token), transport.open_client() as client:
        yield client


@asynccontextmanager
async def over_http(url: str, token: str, *, mode: str = "auto") -> AsyncGenerator[Client]:
    """Reach a tool server over streamable HTTP; `legacy` is the handshake of 2025."""
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, verify=tls(), trust_env=False) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        yield client


async def call(
    client: Client, name: str, arguments: Mapping[str, object], call_id: str | None = None
) -> CallToolResult:
    """Call a tool, under the id that a run gives to its call."""
    return await client.call_tool(
        name, dict(arguments), meta={CALL_ID: call_id} if call_id else None
    )


def words(result: CallToolResult) -> str:
    """Return the text of a result."""
    return " ".join(block.text for block in result.content if isinstance(block, TextContent))


@cache
def tls() -> ssl.SSLContext:
    """Make one context for all clients: it costs more than a test."""
    return ssl.create_default_context()
