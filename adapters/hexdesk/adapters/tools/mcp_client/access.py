"""Calls tools over one MCP session that all runs of the process share."""

import asyncio
import hashlib
import json
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self
from uuid import UUID

import mcp_types as types
from cachetools import TTLCache
from mcp import Client
from mcp.shared.exceptions import MCPError

from hexdesk.adapters.tools.mcp_client.breaker import Breaker
from hexdesk.adapters.tools.mcp_client.transports import Transport
from hexdesk.core.errors import ToolsUnavailableError
from hexdesk.core.ports.tools import ToolAccess, ToolAnswer, ToolDescription

log = logging.getLogger("hexdesk.tools")
CALL_ID = "hexdesk/call_id"
DENIED = "hexdesk/denied"
LIST_TTL_SECONDS = 3600
MOST_LISTS = 1000
OPEN_SECONDS = 5
MARGIN_SECONDS = 2
BROKEN_CODES = frozenset({types.CONNECTION_CLOSED, types.REQUEST_TIMEOUT})
Listing = Sequence[ToolDescription]


class McpToolAccess(ToolAccess):
    """Keeps a session open, opens it anew when it breaks, and rests when it keeps breaking.

    What a run may call is asked once for each set of tools and kept an hour under
    `mcp_{agent_id}_{tools_hash}`; whether it may call is decided by the server each time.
    """

    def __init__(self, *, timeout_seconds: float, breaker: Breaker) -> None:
        """Keep how long a call may take on the server's side; `reach_by` says where that is."""
        self._transport: Transport | None = None
        self._call_seconds = timeout_seconds + MARGIN_SECONDS
        self._breaker = breaker
        self._lists = TTLCache[str, Listing](MOST_LISTS, LIST_TTL_SECONDS)
        self._client: Client | None = None
        self._owner: asyncio.Task[None] | None = None
        self._broken = asyncio.Event()
        self._opening = asyncio.Lock()

    def reach_by(self, transport: Transport) -> None:
        """Say how the server is reached; in one process it comes into being after its clients."""
        self._transport = transport

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[Self]:
        """Close the session on leaving."""
        try:
            yield self
        finally:
            await self._close()

    async def list(self, capability: str, agent_id: UUID, tools: frozenset[str]) -> Listing:
        digest = hashlib.sha256(json.dumps(sorted(tools)).encode()).hexdigest()[:16]
        key = f"mcp_{agent_id}_{digest}"
        known = self._lists.get(key)
        if known is None:
            async with self._session(capability) as client:
                answer = await client.list_tools()
            known = self._lists[key] = [_description(tool) for tool in answer.tools]
        return known

    async def call(
        self, capability: str, call_id: str, name: str, arguments: Mapping[str, Any]
    ) -> ToolAnswer:
        async with self._session(capability) as client:
            result = await client.call_tool(name, dict(arguments), meta={CALL_ID: call_id})
        if result.is_error:
            words = " ".join(
                block.text for block in result.content if isinstance(block, types.TextContent)
            )
            is_denied = bool((result.meta or {}).get(DENIED))
            return ToolAnswer(error=words or f"{name} failed", is_denied=is_denied)
        return ToolAnswer(value=result.structured_content)

    @asynccontextmanager
    async def _session(self, capability: str) -> AsyncGenerator[Client]:
        """Give the session to one call, with the run's token; bound its time, count its failure."""
        if self._transport is None or self._breaker.is_open:
            raise ToolsUnavailableError("the tool server failed several times: it gets a rest")
        try:
            async with self._transport.presenting(capability):
                client = await self._opened(self._transport)
                async with asyncio.timeout(self._call_seconds):
                    yield client
        except ToolsUnavailableError:
            raise
        except MCPError as error:
            if error.error.code in BROKEN_CODES:
                self._failed(error)
            raise ToolsUnavailableError(f"the tool server refused the request: {error}") from error
        except Exception as error:
            # Transports fail in many ways, and none may end the run.
            self._failed(error)
            raise ToolsUnavailableError("the tool server cannot be reached") from error
        self._breaker.succeeded()

    async def _opened(self, transport: Transport) -> Client:
        async with self._opening:
            if self._client is None or self._broken.is_set():
                await self._close()
                self._broken.clear()
                ready: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
                self._owner = asyncio.create_task(self._own(transport, ready), name="mcp session")
                async with asyncio.timeout(OPEN_SECONDS):
                    self._client = await ready
        return self._client

    async def _own(self, transport: Transport, ready: "asyncio.Future[Client]") -> None:
        """Hold the session: it must be closed by the task that opened it."""
        try:
            async with transport.open_client() as client:
                ready.set_result(client)
                await self._broken.wait()
        except Exception as error:  # noqa: BLE001 - the edge of a task: its failure is told
            if ready.done():
                log.warning("tool session ended badly", extra={"reason": repr(error)})
            else:
                ready.set_exception(error)

    def _failed(self, error: Exception) -> None:
        log.warning("tool server failed", extra={"reason": repr(error)})
        self._breaker.failed()
        self._broken.set()

    async def _close(self) -> None:
        self._broken.set()
        self._client = None
        if self._owner:
            owner, self._owner = self._owner, None
            _, late = await asyncio.wait([owner], timeout=OPEN_SECONDS)
            for task in late:
                task.cancel()


def _description(tool: types.Tool) -> ToolDescription:
    hints = tool.annotations or types.ToolAnnotations()
    return ToolDescription(
        name=tool.name,
        description=tool.description or "",
        input_schema=tool.input_schema,
        read_only=bool(hints.read_only_hint),
        destructive=bool(hints.destructive_hint),
    )
