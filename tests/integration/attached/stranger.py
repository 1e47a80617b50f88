"""A stranger's MCP server on the loopback interface, which can be told to misbehave."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import mcp_types as types
from mcp.server import Server, ServerRequestContext
from mcp.server.transport_security import TransportSecuritySettings
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.integration.served import served

Context = ServerRequestContext[dict[str, Any]]
ORDER = {"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]}


def a_tool(name: str, description: str = "", **hints: bool) -> types.Tool:
    """Return a tool that takes an order, with hints as given."""
    annotations = types.ToolAnnotations.model_validate(hints) if hints else None
    return types.Tool(
        name=name,
        description=description or f"The tool {name}.",
        input_schema=ORDER,
        annotations=annotations,
    )


@dataclass
class Stranger:
    """What the server has, what it was asked, and how it behaves towards HTTP."""

    tools: list[types.Tool] = field(default_factory=list[types.Tool])
    results: dict[str, types.CallToolResult] = field(
        default_factory=dict[str, types.CallToolResult]
    )
    called: list[tuple[str, dict[str, Any]]] = field(
        default_factory=list[tuple[str, dict[str, Any]]]
    )
    headers: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    demands: str | None = None
    answers_with: Response | None = None
    hangs: bool = False
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    def redirects_to(self, url: str) -> None:
        """Send every request elsewhere."""
        self.answers_with = RedirectResponse(url, status_code=307)

    def app(self) -> ASGIApp:
        """Return the server as an application, with its moods around it."""
        security = TransportSecuritySettings(enable_dns_rebinding_protection=False)
        inner = self._server().streamable_http_app(
            stateless_http=True, json_response=True, transport_security=security
        )

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await inner(scope, receive, send)
                return
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            self.headers.append(headers)
            self.heard.set()
            if self.hangs:
                await asyncio.Event().wait()
            if self.demands and headers.get("authorization") != self.demands:
                await PlainTextResponse("who are you?", 401)(scope, receive, send)
            elif self.answers_with is not None:
                await self.answers_with(scope, receive, send)
            else:
                await inner(scope, receive, send)

        return app

    def _server(self) -> Server[dict[str, Any]]:
        async def list_tools(
            context: Context, params: types.PaginatedRequestParams | None
        ) -> types.ListToolsResult:
            return types.ListToolsResult(tools=self.tools)

        async def call_tool(
            context: Context, params: types.CallToolRequestParams
        ) -> types.CallToolResult:
            self.called.append((params.name, dict(params.arguments or {})))
            usual = types.CallToolResult(content=[types.TextContent(text="done")])
            return self.results.get(params.name, usual)

        return Server("stranger", on_list_tools=list_tools, on_call_tool=call_tool)


@asynccontextmanager
async def a_stranger(*tools: types.Tool, port: int = 0) -> AsyncGenerator[Stranger]:
    """Serve a stranger's server until the block ends."""
    stranger = Stranger(tools=list(tools))
    async with served(stranger.app(), port) as address:
        stranger.url = f"{address}/mcp"
        yield stranger
