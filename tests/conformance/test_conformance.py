"""The tool server speaks the protocol as the official conformance suite wants it spoken."""

import asyncio
import re
import subprocess
from collections.abc import AsyncGenerator

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from hexdesk.adapters.tools.mcp_server import McpOptions, create_mcp_app, create_tool_server
from tests.conformance.fixtures import furnish
from tests.integration.desk_with_tools import MCP_URL, ToolDesk, tool_desk
from tests.integration.served import served

pytestmark = pytest.mark.slow

RUN_SECONDS = 120
SUMMARY = re.compile(
    r"^[✓✗] (?P<name>[\w-]+): (?P<passed>\d+) passed, (?P<failed>\d+) failed", re.MULTILINE
)
AS_WE_ARE = {
    "server-initialize",
    "ping",
    "tools-list",
    "dns-rebinding-protection",
    "server-sse-multiple-streams",
    "server-sse-polling",
}
"""Scenarios that ask for nothing a desk does not have."""

FURNISHED = AS_WE_ARE | {
    "tools-call-simple-text",
    "tools-call-image",
    "tools-call-audio",
    "tools-call-embedded-resource",
    "tools-call-mixed-content",
    "tools-call-error",
    "json-schema-2020-12",
    "resources-list",
    "resources-read-text",
    "resources-read-binary",
    "resources-templates-read",
    "prompts-list",
    "prompts-get-simple",
    "prompts-get-with-args",
    "prompts-get-embedded-resource",
    "prompts-get-with-image",
    "completion-complete",
}
"""Scenarios that ask for things of the suite's own."""

NEED_A_SESSION = {
    "logging-set-level",
    "tools-call-with-logging",
    "tools-call-with-progress",
    "tools-call-sampling",
    "tools-call-elicitation",
    "elicitation-sep1034-defaults",
    "elicitation-sep1330-enums",
    "resources-subscribe",
    "resources-unsubscribe",
}
"""Scenarios in which the server speaks first. Ours keeps no sessions, so that it scales."""


@pytest.fixture
async def desk() -> AsyncGenerator[ToolDesk]:
    async with tool_desk() as desk:
        yield desk


def with_token(app: ASGIApp, token: str) -> ASGIApp:
    """Add the token that the suite cannot give."""

    async def authorized(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = (b"authorization", f"Bearer {token}".encode())
            scope["headers"] = [*scope["headers"], given]
        await app(scope, receive, send)

    return authorized


async def passed_by(command: list[str], app: ASGIApp) -> tuple[set[str], set[str], str]:
    """Run the suite and return which scenarios passed, which failed, and what it said."""
    async with served(app) as url:
        process = await asyncio.create_subprocess_exec(
            *command,
            *("server", "--url", f"{url}/mcp", "--suite", "all"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        async with asyncio.timeout(RUN_SECONDS):
            output, _ = await process.communicate()
    told = output.decode()
    results = {one["name"]: int(one["failed"]) for one in SUMMARY.finditer(told)}
    failed = {name for name, count in results.items() if count}
    return set(results) - failed, failed, told


async def test_the_server_passes_what_needs_no_fixtures(
    conformance: list[str], desk: ToolDesk
) -> None:
    admin = await desk.register()
    app = create_mcp_app(desk.desk, desk.verifier, McpOptions(public_url=MCP_URL))
    passed, _, told = await passed_by(conformance, with_token(app, admin.token))
    assert passed >= AS_WE_ARE, told


async def test_with_the_suites_own_things_it_passes_all_that_needs_no_session(
    conformance: list[str], desk: ToolDesk
) -> None:
    admin = await desk.register()
    server = create_tool_server(desk.desk)
    furnish(server)
    app = create_mcp_app(desk.desk, desk.verifier, McpOptions(public_url=MCP_URL), server)
    passed, failed, told = await passed_by(conformance, with_token(app, admin.token))
    assert passed == FURNISHED, told
    assert failed == NEED_A_SESSION
