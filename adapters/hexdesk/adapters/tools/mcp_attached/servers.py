"""Asks attached servers: a session for each question, owned by a task of its own."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol, Self, TypeVar

import httpx2
import mcp_types as types
import msgspec
from cachetools import LRUCache
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from hexdesk.adapters.tools.mcp_attached.watch import Watch, WatchedTransport
from hexdesk.adapters.tools.mcp_attached.wording import answer_of, definition_of
from hexdesk.core.errors import DeskError, EgressRefusedError, ToolsUnavailableError
from hexdesk.core.model.attached_tools import AttachedServer, ServerAnswer, ToolDefinition
from hexdesk.core.ports.attached_servers import AttachedServers

log = logging.getLogger("hexdesk.tools")
MOST_BREAKERS = 1000
MOST_PAGES = 20
LONGEST_WORDS = 300
CONNECT_SECONDS = 5
CLOSE_SECONDS = 3
BROKEN_CODES = frozenset({types.CONNECTION_CLOSED, types.REQUEST_TIMEOUT, types.INTERNAL_ERROR})
T = TypeVar("T")
Ask = Callable[[Client], Awaitable[T]]


class Rest(Protocol):
    """Decides when what keeps failing is left alone."""

    @property
    def is_open(self) -> bool:
        """Whether an attempt would be in vain."""
        ...

    def succeeded(self) -> None:
        """Note a success."""

    def failed(self) -> None:
        """Note a failure."""


class McpAttachedServers(AttachedServers):
    """Opens a session for each question, and closes it when the answer is there.

    Nothing is shared between organizations, or between two questions: neither a connection, nor
    a cookie, nor a session. Whatever breaks in a session stays in the task that owns it.
    """

    def __init__(
        self,
        *,
        open_transport: Callable[[], httpx2.AsyncBaseTransport],
        new_rest: Callable[[], Rest],
        seconds: float,
    ) -> None:
        """Keep how the outside is reached, and how long a question may take in all."""
        self._open_transport = open_transport
        self._new_rest = new_rest
        self._seconds = seconds
        self._rests = LRUCache[bytes, Rest](MOST_BREAKERS)
        self._sessions: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[Self]:
        """End all sessions on leaving."""
        try:
            yield self
        finally:
            for session in self._sessions:
                session.cancel()
            await asyncio.gather(*self._sessions, return_exceptions=True)

    async def list_tools(self, server: AttachedServer) -> Sequence[ToolDefinition]:
        async def ask(client: Client) -> list[ToolDefinition]:
            found, cursor = list[ToolDefinition](), None
            for _ in range(MOST_PAGES):
                page = await client.list_tools(cursor=cursor)
                found += map(definition_of, page.tools)
                cursor = page.next_cursor
                if not cursor:
                    break
            return found

        return await self._ask(server, ask)

    async def call(
        self, server: AttachedServer, tool: str, arguments: Mapping[str, Any]
    ) -> ServerAnswer:
        params = types.CallToolRequestParams(name=tool, arguments=dict(arguments))
        request = types.CallToolRequest(params=params)

        async def ask(client: Client) -> ServerAnswer:
            # `client.call_tool` would try the server's own patterns on its answers, and might
            # send the call a second time.
            return answer_of(await client.session.send_request(request, types.CallToolResult))

        return await self._ask(server, ask)

    async def _ask(self, server: AttachedServer, ask: Ask[T]) -> T:
        rest = self._rest_of(server)
        if rest.is_open:
            raise ToolsUnavailableError("it failed several times in a row and gets a rest")
        try:
            answer = await self._answer(server, ask)
        except MCPError as error:
            # It is there, and has said no.
            rest.succeeded()
            words = f"it refused the request: {str(error)[:LONGEST_WORDS]!r}"
            raise ToolsUnavailableError(words) from error
        except EgressRefusedError:
            raise
        except DeskError as error:
            rest.failed()
            raise ToolsUnavailableError(str(error)) from error
        rest.succeeded()
        return answer

    async def _answer(self, server: AttachedServer, ask: Ask[T]) -> T:
        """Return the answer; raise `DeskError` with words, or `MCPError` if the server says no."""
        watch = Watch()
        answered: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        # A session is opened and closed by one task, which no caller's cancellation tears apart.
        session = asyncio.create_task(
            self._session(server, ask, watch, answered), name="attached mcp session"
        )
        self._sessions.add(session)
        session.add_done_callback(self._sessions.discard)
        try:
            await asyncio.wait(
                {answered, watch.problem},
                timeout=self._seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if answered.done() and answered.exception() is None:
                return answered.result()
            if watch.problem.done():
                raise watch.problem.result()
            if not answered.done():
                raise DeskError(f"it did not answer within {self._seconds:g} s")
            raise _in_words(answered.exception())
        finally:
            if not (answered.done() and answered.exception() is None):
                session.cancel()

    async def _session(
        self, server: AttachedServer, ask: Ask[T], watch: Watch, answered: asyncio.Future[T]
    ) -> None:
        try:
            async with asyncio.timeout(None) as closing, self._client(server, watch) as client:
                answer = await ask(client)
                answered.set_result(answer)
                closing.reschedule(asyncio.get_running_loop().time() + CLOSE_SECONDS)
        except Exception as error:  # noqa: BLE001 - the edge of a task: strangers break in many ways
            if answered.done():
                log.info("attached server's session ended badly", extra={"reason": repr(error)})
            else:
                answered.set_exception(error)
                answered.exception()  # told, even if nobody waits any longer

    @asynccontextmanager
    async def _client(self, server: AttachedServer, watch: Watch) -> AsyncGenerator[Client]:
        async with (
            httpx2.AsyncClient(
                transport=WatchedTransport(self._open_transport(), watch),
                headers=server.headers,
                timeout=httpx2.Timeout(None, connect=CONNECT_SECONDS),
                follow_redirects=False,
                trust_env=False,
            ) as http,
            Client(streamable_http_client(server.url, http_client=http), cache=None) as client,
        ):
            yield client

    def _rest_of(self, server: AttachedServer) -> Rest:
        key = hashlib.sha256(msgspec.json.encode(server)).digest()
        if key not in self._rests:
            self._rests[key] = self._new_rest()
        return self._rests[key]


def _in_words(error: BaseException | None) -> Exception:
    """Return the server's own no, or what broke, as an error with words."""
    if isinstance(error, MCPError) and error.error.code not in BROKEN_CODES:
        return error
    log.info("attached server failed", extra={"reason": repr(error)})
    return DeskError("it cannot be reached, or does not speak MCP as it should")
