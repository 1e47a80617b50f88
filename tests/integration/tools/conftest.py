"""The tool server, reached in every way there is."""

from collections.abc import AsyncGenerator

import pytest

from hexdesk.adapters.tools import mcp_client
from hexdesk.adapters.tools.mcp_client import Breaker, McpToolAccess
from hexdesk.adapters.tools.mcp_server import McpOptions, create_mcp_app
from hexdesk.core.model.principals import AgentRun
from tests.integration.desk_with_tools import MCP_URL, SignedIn, ToolDesk, tool_desk
from tests.integration.mcp_clients import Connect, in_process, over_http
from tests.integration.served import served
from tests.integration.tools.line import Line, line_to
from tests.integration.tools.sessions import REST_SECONDS, Now

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


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
async def line(url: str) -> AsyncGenerator[Line]:
    async with line_to(url) as line:
        yield line


@pytest.fixture
async def access(line: Line, now: Now) -> AsyncGenerator[McpToolAccess]:
    """Return agents' access over the line."""
    breaker = Breaker(most_failures=3, rest_seconds=REST_SECONDS, now=now)
    access = McpToolAccess(timeout_seconds=20, breaker=breaker)
    access.reach_by(mcp_client.over_http(line.url))
    async with access.running():
        yield access


@pytest.fixture
async def impatient(line: Line) -> AsyncGenerator[McpToolAccess]:
    """Return access over the line that gives a call and an opening one second."""
    access = McpToolAccess(timeout_seconds=1, margin_seconds=0, open_seconds=1, breaker=Breaker())
    access.reach_by(mcp_client.over_http(line.url))
    async with access.running():
        yield access


@pytest.fixture
async def run(desk: ToolDesk, admin: SignedIn) -> AgentRun:
    return await desk.run_of(admin.who, "create_ticket", "list_tickets")


@pytest.fixture
def capability(desk: ToolDesk, run: AgentRun) -> str:
    return desk.capability(run)
