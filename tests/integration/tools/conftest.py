"""The tool server, reached in every way there is."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager

import pytest
from mcp import Client

from hexdesk.adapters.tools.mcp_server import McpOptions, create_mcp_app
from tests.integration.desk_with_tools import MCP_URL, SignedIn, ToolDesk, tool_desk
from tests.integration.mcp_clients import in_process, over_http
from tests.integration.served import served

Connect = Callable[[str], AbstractAsyncContextManager[Client]]
WAYS = ("in process", "over HTTP", "over HTTP as it was before 2026")


@pytest.fixture
async def desk() -> AsyncGenerator[ToolDesk]:
    async with tool_desk() as desk:
        yield desk


@pytest.fixture
async def admin(desk: ToolDesk) -> SignedIn:
    return await desk.register()


@pytest.fixture
async def user(desk: ToolDesk, admin: SignedIn) -> SignedIn:
    return await desk.add_user(admin)


@pytest.fixture
async def url(desk: ToolDesk) -> AsyncGenerator[str]:
    """Serve the tool server and return its address, without a path."""
    app = create_mcp_app(desk.desk, desk.verifier, McpOptions(public_url=MCP_URL))
    async with served(app) as url:
        yield url


@pytest.fixture(params=WAYS)
async def connect(request: pytest.FixtureRequest, desk: ToolDesk) -> AsyncGenerator[Connect]:
    """Return what opens a client that shows a token."""
    if request.param == "in process":
        yield lambda token: in_process(desk, token)
        return
    mode = "legacy" if "before" in request.param else "auto"
    app = create_mcp_app(desk.desk, desk.verifier, McpOptions(public_url=MCP_URL))
    async with served(app) as url:
        yield lambda token: over_http(f"{url}/mcp", token, mode=mode)
