"""Servers that others have written and published, asked as an organization's would be."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from uuid import UUID

import msgspec
import pytest

from hexdesk.adapters.egress.http import HttpEgress
from hexdesk.adapters.tools.mcp_attached import McpAttachedServers
from hexdesk.adapters.tools.mcp_client import Breaker
from hexdesk.core.model.attached_tools import AttachedServer
from hexdesk.core.policy.tool_drift import drift, snapshot

pytestmark = pytest.mark.slow


@pytest.fixture
async def servers() -> AsyncGenerator[McpAttachedServers]:
    async with (
        aclosing(HttpEgress(allow_private=True)) as egress,
        McpAttachedServers(
            open_transport=egress.transport, new_rest=Breaker, seconds=20
        ).running() as servers,
    ):
        yield servers


def at(url: str) -> AttachedServer:
    return AttachedServer(integration_id=UUID(int=7), url=url)


async def test_the_reference_server_from_npm_is_asked(
    servers: McpAttachedServers, everything: str
) -> None:
    tools = {one.name: one for one in await servers.list_tools(at(everything))}
    assert tools["echo"].read_only
    assert not tools["simulate-research-query"].read_only
    said = await servers.call(at(everything), "echo", {"message": "hello"})
    assert said.texts == ("Echo: hello",)
    weather = await servers.call(at(everything), "get-structured-content", {"location": "Chicago"})
    assert weather.structured
    assert "temperature" in weather.structured
    picture = await servers.call(at(everything), "get-tiny-image", {})
    assert picture.left_out == ("image (image/png)",)
    wrong = await servers.call(at(everything), "get-sum", {"a": "one"})
    assert wrong.is_error


async def test_all_its_tools_can_be_taken_and_are_the_same_when_seen_again(
    servers: McpAttachedServers, everything: str
) -> None:
    first = snapshot(await servers.list_tools(at(everything)))
    assert first.left_out == 0
    found = drift((), first.tools, "everything", set())
    assert ("everything__get-sum", first.tools["get-sum"]) in found.added
    assert snapshot(await servers.list_tools(at(everything))) == first


async def test_a_server_from_pypi_tells_the_time(
    servers: McpAttachedServers, clock_server: str
) -> None:
    tools = {one.name for one in await servers.list_tools(at(clock_server))}
    assert tools == {"get_current_time", "convert_time"}
    arguments = {"timezone": "Asia/Tokyo"}
    told = await servers.call(at(clock_server), "get_current_time", arguments)
    assert msgspec.json.decode(told.texts[0])["timezone"] == "Asia/Tokyo"
    nowhere = await servers.call(at(clock_server), "get_current_time", {"timezone": "Nowhere"})
    assert nowhere.is_error
