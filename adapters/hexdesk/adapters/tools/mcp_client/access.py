"""Calls tools over one MCP session that all runs of the process share."""

import asyncio
import hashlib
import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar
from uuid import UUID

import mcp_types as types
from cachetools import TTLCache
from mcp import Client
from mcp.shared.exceptions import MCPError

from hexdesk.adapters.tools.mcp_client.breaker import Breaker
from hexdesk.adapters.tools.mcp_client.session import SharedSession
from hexdesk.adapters.tools.mcp_client.transports import Transport, named
from hexdesk.core.errors import ToolsUnavailableError
from hexdesk.core.policy.tool_names import is_attached
from hexdesk.core.ports.tools import CALL_ID, CHECK, DENIED, ToolAccess, ToolAnswer, ToolDescription

log = logging.getLogger("hexdesk.tools")
LIST_TTL_SECONDS = 3600
MOST_LISTS = 1000
OPEN_SECONDS = 5
CLOSE_SECONDS = 5
MARGIN_SECONDS = 2
BROKEN_CODES = frozenset({types.CONNECTION_CLOSED, types.REQUEST_TIMEOUT})
Listing = Sequence[ToolDescription]
T = TypeVar("T")


class McpToolAccess(ToolAccess):
    """Keeps a session open, opens it anew when it breaks, and rests when it keeps breaking.

    What a run may call is asked once for each set of tools and kept an hour under
    `mcp_{agent_id}_{tools_hash}`, unless tools of attached servers are among it; whether it may
    call is decided by the server each time.
    """

    def __init__(
        self,
        *,
        timeout_seconds: float,
        breaker: Breaker,
        margin_seconds: float = MARGIN_SECONDS,
        open_seconds: float = OPEN_SECONDS,
    ) -> None:
        """Keep how long a call may take on the server's side; `reach_by` says where that is."""
        self._transport: Transport | None = None
        self._call_seconds = timeout_seconds + margin_seconds
        self._open_seconds = open_seconds
        self._breaker = breaker
        self._lists = TTLCache[str, Listing](MOST_LISTS, LIST_TTL_SECONDS)
        self._session: SharedSession | None = None
        self._ending: set[asyncio.Task[None]] = set()

    def reach_by(self, transport: Transport) -> None:
        """Say how the server is reached; in one process it comes into being after its clients."""
        self._transport = transport

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[Self]:
        """Close the session on leaving."""
        try:
            yield self
        finally:
            self._drop(self._session)
            await asyncio.gather(*self._ending)

    async def list(self, capability: str, agent_id: UUID, tools: frozenset[str]) -> Listing:
        digest = hashlib.sha256(json.dumps(sorted(tools)).encode()).hexdigest()[:16]
        key = f"mcp_{agent_id}_{digest}"
        known = self._lists.get(key)
        if known is None:
            with named(key):
                answer = await self._ask(capability, lambda client: client.list_tools())
            known = [_description(tool) for tool in answer.tools]
            # What others serve may be gone, come back, or be another under its name, in a moment.
            if not any(map(is_attached, tools)):
                self._lists[key] = known
        return known

    async def call(
        self, capability: str, call_id: str, name: str, arguments: Mapping[str, Any]
    ) -> ToolAnswer:
        # The server knows a call by its id, so that one which comes twice has one effect.
        with named(f"call_{hashlib.sha256(call_id.encode()).hexdigest()}"):
            return await self._call(capability, name, arguments, {CALL_ID: call_id})

    async def check(
        self, capability: str, call_id: str, name: str, arguments: Mapping[str, Any]
    ) -> ToolAnswer:
        with named(f"check_{hashlib.sha256(call_id.encode()).hexdigest()}"):
            return await self._call(capability, name, arguments, {CALL_ID: call_id, CHECK: True})

    async def _call(
        self, capability: str, name: str, arguments: Mapping[str, Any], meta: Any
    ) -> ToolAnswer:
        request = types.CallToolRequest(
            params=types.CallToolRequestParams(name=name, arguments=dict(arguments), _meta=meta)
        )
        # `client.call_tool` would list the tools anew for each run and check every result against
        # its schema; the server is ours, and both cost more than the call.
        result = await self._ask(
            capability, lambda client: client.session.send_request(request, types.CallToolResult)
        )
        if not result.is_error and result.structured_content is not None:
            return ToolAnswer(value=result.structured_content)
        words = " ".join(
            block.text for block in result.content if isinstance(block, types.TextContent)
        )
        if not result.is_error:
            return ToolAnswer(value=words)
        is_denied = bool((result.meta or {}).get(DENIED))
        return ToolAnswer(error=words or f"{name} failed", is_denied=is_denied)

    async def _ask(self, capability: str, ask: Callable[[Client], Awaitable[T]]) -> T:
        """Ask the server with the run's token; bound the time, count the failures."""
        transport = self._transport
        if transport is None or self._breaker.is_open:
            raise ToolsUnavailableError("the tool server failed several times: it gets a rest")
        try:
            async with transport.presenting(capability):
                answer = await self._try_twice(transport, ask)
        except ToolsUnavailableError:
            raise
        except Exception as error:
            # Transports fail in many ways, and none may end the run.
            if isinstance(error, MCPError) and error.error.code not in BROKEN_CODES:
                words = f"the tool server refused the request: {error}"
                raise ToolsUnavailableError(words) from error
            log.warning("tool server failed", extra={"reason": repr(error)})
            self._breaker.failed()
            raise ToolsUnavailableError("the tool server cannot be reached") from error
        self._breaker.succeeded()
        return answer

    async def _try_twice(self, transport: Transport, ask: Callable[[Client], Awaitable[T]]) -> T:
        session = self._opened(transport)
        try:
            return await self._within(session, ask)
        except MCPError as error:
            if error.error.code not in BROKEN_CODES or not session.was_open:
                raise
        # It broke under somebody's request, and the server may be well. A call that is made
        # again with its id has one effect.
        self._drop(session)
        return await self._within(self._opened(transport), ask)

    async def _within(self, session: SharedSession, ask: Callable[[Client], Awaitable[T]]) -> T:
        client = await session.client()
        async with asyncio.timeout(self._call_seconds):
            return await ask(client)

    def _opened(self, transport: Transport) -> SharedSession:
        if self._session is None or self._session.is_over:
            self._drop(self._session)
            self._session = SharedSession(transport.open_client, self._open_seconds)
        return self._session

    def _drop(self, session: SharedSession | None) -> None:
        if session:
            session.end()
            task = asyncio.create_task(session.closed(CLOSE_SECONDS), name="mcp session ending")
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)


def _description(tool: types.Tool) -> ToolDescription:
    hints = tool.annotations or types.ToolAnnotations()
    return ToolDescription(
        name=tool.name,
        description=tool.description or "",
        input_schema=tool.input_schema,
        read_only=bool(hints.read_only_hint),
        destructive=bool(hints.destructive_hint),
    )
