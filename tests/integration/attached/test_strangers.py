"""Attached servers that are as they should be, and those that are not."""

import asyncio
import base64
import gzip
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from uuid import UUID

import mcp_types as types
import pytest
from starlette.responses import PlainTextResponse, Response

from hexdesk.adapters.egress.http import HttpEgress
from hexdesk.adapters.tools.mcp_attached import McpAttachedServers
from hexdesk.adapters.tools.mcp_client import Breaker
from hexdesk.core.errors import EgressRefusedError, ToolsUnavailableError
from hexdesk.core.model.attached_tools import AttachedServer, ServerAnswer, ToolDefinition
from tests.integration.attached.stranger import ORDER, Stranger, a_stranger, a_tool

DEADLINE_SECONDS = 20
PATIENCE_SECONDS = 5
MEGABYTE = 1024 * 1024


class Now:
    """A time that passes when it is told to."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
async def egress() -> AsyncGenerator[HttpEgress]:
    async with aclosing(HttpEgress(allow_private=True)) as egress:
        yield egress


def asking(
    egress: HttpEgress, now: Callable[[], float], seconds: float = PATIENCE_SECONDS
) -> McpAttachedServers:
    return McpAttachedServers(
        open_transport=egress.transport,
        new_rest=lambda: Breaker(now=now),
        seconds=seconds,
    )


@pytest.fixture
async def servers(egress: HttpEgress, now: Now) -> AsyncGenerator[McpAttachedServers]:
    async with asking(egress, now).running() as servers:
        yield servers


@pytest.fixture
async def stranger() -> AsyncGenerator[Stranger]:
    async with a_stranger(a_tool("look_up")) as stranger:
        yield stranger


def at(stranger: Stranger, **headers: str) -> AttachedServer:
    return AttachedServer(integration_id=UUID(int=7), url=stranger.url, headers=headers)


async def test_tools_are_described_as_the_server_does_and_taken_for_the_worse(
    servers: McpAttachedServers, stranger: Stranger
) -> None:
    stranger.tools = [
        a_tool("plain"),
        a_tool("reads", read_only_hint=True, destructive_hint=True),
        a_tool("adds", destructive_hint=False),
    ]
    found = await servers.list_tools(at(stranger))
    assert found == [
        ToolDefinition(name="plain", description="The tool plain.", input_schema=ORDER),
        ToolDefinition(
            name="reads",
            description="The tool reads.",
            input_schema=ORDER,
            read_only=True,
            destructive=False,
        ),
        ToolDefinition(
            name="adds", description="The tool adds.", input_schema=ORDER, destructive=False
        ),
    ]


async def test_a_call_gives_texts_and_structure_and_names_the_rest(
    servers: McpAttachedServers, stranger: Stranger
) -> None:
    picture = base64.b64encode(b"a picture").decode()
    blob = types.BlobResourceContents(uri="file:///a", blob=picture, mime_type="image/gif")
    stranger.results["look_up"] = types.CallToolResult(
        content=[
            types.TextContent(text="on its way"),
            types.ImageContent(data=picture, mime_type="image/png"),
            types.EmbeddedResource(resource=blob),
            types.ResourceLink(uri="file:///b", name="b"),
        ],
        structured_content={"state": "sent"},
    )
    answer = await servers.call(at(stranger), "look_up", {"order": "7"})
    assert answer == ServerAnswer(
        structured={"state": "sent"},
        texts=("on its way",),
        left_out=("image (image/png)", "resource (image/gif)", "resource_link"),
    )
    assert stranger.called == [("look_up", {"order": "7"})]


async def test_an_error_of_the_tool_is_an_answer(
    servers: McpAttachedServers, stranger: Stranger
) -> None:
    stranger.results["look_up"] = types.CallToolResult(
        content=[types.TextContent(text="no such order")], is_error=True
    )
    answer = await servers.call(at(stranger), "look_up", {})
    assert answer == ServerAnswer(texts=("no such order",), is_error=True)


async def test_a_server_is_given_its_own_credentials_and_nothing_else_of_ours(
    servers: McpAttachedServers, stranger: Stranger
) -> None:
    stranger.demands = "Bearer its-own"
    await servers.call(at(stranger, Authorization="Bearer its-own", **{"X-Shop": "7"}), "t", {})
    assert {heard["authorization"] for heard in stranger.headers} == {"Bearer its-own"}
    assert {heard["x-shop"] for heard in stranger.headers} == {"7"}
    known = {"accept", "accept-encoding", "authorization", "connection", "content-length"}
    known |= {"content-type", "host", "mcp-method", "mcp-name", "mcp-protocol-version"}
    assert set().union(*stranger.headers) <= known | {"user-agent", "x-shop"}


async def test_credentials_that_are_not_accepted_are_said_to_be(
    servers: McpAttachedServers, stranger: Stranger
) -> None:
    stranger.demands = "Bearer another"
    with pytest.raises(ToolsUnavailableError, match="does not accept the credentials: 401"):
        await servers.list_tools(at(stranger))


async def test_a_redirect_is_not_followed(servers: McpAttachedServers, stranger: Stranger) -> None:
    async with a_stranger() as other:
        stranger.redirects_to(other.url)
        with pytest.raises(ToolsUnavailableError, match="it redirects"):
            await servers.call(at(stranger, Authorization="Bearer secret"), "t", {})
        assert other.headers == []


async def test_addresses_that_may_not_be_called_are_refused(now: Now, stranger: Stranger) -> None:
    async with aclosing(HttpEgress()) as strict, asking(strict, now).running() as servers:
        with pytest.raises(EgressRefusedError, match="may not be called"):
            await servers.list_tools(at(stranger))
    assert stranger.headers == []


async def test_a_name_that_turns_out_to_be_private_is_refused(now: Now, stranger: Stranger) -> None:
    async def resolve(host: str, port: int) -> tuple[str, ...]:
        return ("127.0.0.1",)

    async with (
        aclosing(HttpEgress(resolve=resolve)) as strict,
        asking(strict, now).running() as servers,
    ):
        named = stranger.url.replace("127.0.0.1", "shop.example.com")
        with pytest.raises(EgressRefusedError, match="may not be called"):
            await servers.list_tools(AttachedServer(integration_id=UUID(int=7), url=named))
    assert stranger.headers == []


async def test_the_connection_goes_to_the_address_that_was_checked(
    now: Now, stranger: Stranger
) -> None:
    async def resolve(host: str, port: int) -> tuple[str, ...]:
        # Nobody listens at the first one.
        return ("::1", "127.0.0.1")

    async with (
        aclosing(HttpEgress(allow_private=True, resolve=resolve)) as egress,
        asking(egress, now).running() as servers,
    ):
        named = stranger.url.replace("127.0.0.1", "shop.example.com")
        server = AttachedServer(integration_id=UUID(int=7), url=named)
        assert [one.name for one in await servers.list_tools(server)] == ["look_up"]
    assert stranger.headers[0]["host"].startswith("shop.example.com:")


async def test_too_long_an_answer_is_not_read_to_its_end(
    servers: McpAttachedServers, stranger: Stranger
) -> None:
    stranger.results["look_up"] = types.CallToolResult(
        content=[types.TextContent(text="x" * 10 * MEGABYTE)]
    )
    with pytest.raises(ToolsUnavailableError, match="more than 2097152 bytes"):
        await servers.call(at(stranger), "look_up", {"order": "7"})


async def test_a_packed_answer_is_not_unpacked(
    servers: McpAttachedServers, stranger: Stranger
) -> None:
    stranger.answers_with = Response(
        gzip.compress(b" " * 10 * MEGABYTE),
        media_type="application/json",
        headers={"content-encoding": "gzip"},
    )
    with pytest.raises(ToolsUnavailableError, match="packs its answers"):
        await servers.list_tools(at(stranger))


async def test_what_is_no_mcp_is_said_to_be_none(
    servers: McpAttachedServers, stranger: Stranger
) -> None:
    stranger.answers_with = PlainTextResponse("<html>Welcome to our shop</html>")
    with pytest.raises(ToolsUnavailableError, match="does not speak MCP as it should"):
        await servers.list_tools(at(stranger))


async def test_a_server_that_hangs_is_waited_for_so_long_and_no_longer(
    egress: HttpEgress, now: Now, stranger: Stranger
) -> None:
    stranger.hangs = True
    async with asking(egress, now, seconds=0.3).running() as servers:
        async with asyncio.timeout(DEADLINE_SECONDS):
            with pytest.raises(ToolsUnavailableError, match=r"did not answer within 0\.3 s"):
                await servers.call(at(stranger), "look_up", {})


async def test_a_caller_that_goes_away_leaves_nothing_behind(
    egress: HttpEgress, now: Now, stranger: Stranger
) -> None:
    stranger.hangs = True
    before = asyncio.all_tasks()
    async with asking(egress, now).running() as servers:
        calling = asyncio.create_task(servers.call(at(stranger), "look_up", {}))
        async with asyncio.timeout(DEADLINE_SECONDS):
            await stranger.heard.wait()
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        stranger.hangs = False
        assert await servers.list_tools(at(stranger))
    left = {task for task in asyncio.all_tasks() - before if "mcp" in task.get_name()}
    assert left == set()


async def test_a_server_that_dies_is_an_error_in_words_and_comes_back(
    egress: HttpEgress, now: Now
) -> None:
    async with asking(egress, now).running() as servers:
        async with a_stranger(a_tool("look_up")) as stranger:
            assert await servers.list_tools(at(stranger))
        port = int(stranger.url.split(":")[2].split("/")[0])
        with pytest.raises(ToolsUnavailableError, match="cannot be reached"):
            await servers.call(at(stranger), "look_up", {})
        async with a_stranger(a_tool("look_up"), port=port) as again:
            assert await servers.list_tools(at(again))


async def test_what_keeps_failing_is_left_alone_for_a_while_and_others_are_not(
    servers: McpAttachedServers, stranger: Stranger, now: Now
) -> None:
    stranger.demands = "Bearer another"
    for _ in range(3):
        with pytest.raises(ToolsUnavailableError, match="credentials"):
            await servers.list_tools(at(stranger))
    heard = len(stranger.headers)
    with pytest.raises(ToolsUnavailableError, match="gets a rest"):
        await servers.list_tools(at(stranger))
    assert len(stranger.headers) == heard
    # Other credentials are another server.
    assert await servers.list_tools(at(stranger, Authorization="Bearer another"))
    now.seconds += 11
    stranger.demands = None
    assert await servers.list_tools(at(stranger))


async def test_many_at_once_do_not_meet(servers: McpAttachedServers, stranger: Stranger) -> None:
    async def ask(number: int) -> None:
        await servers.call(at(stranger, **{"X-Number": str(number)}), "look_up", {"order": "7"})

    await asyncio.gather(*map(ask, range(10)))
    assert len(stranger.called) == 10
    assert {heard["x-number"] for heard in stranger.headers} == {str(n) for n in range(10)}
