"""Agents' one session with the tool server, which all of them share."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import mcp_types as types
import pytest
from mcp import Client
from mcp.server import Server

from hexdesk.adapters.tools.mcp_client import Breaker, McpToolAccess, over_http, within_process
from hexdesk.adapters.tools.mcp_client.transports import Transport
from hexdesk.core.errors import ToolsUnavailableError
from hexdesk.core.model.principals import AgentRun
from hexdesk.core.ports.tools import ToolAnswer
from hexdesk.core.testing import examples
from hexdesk.core.testing.attached_examples import LOOK_UP
from hexdesk.core.use_cases.integrations import NewIntegration
from tests.integration.desk_with_tools import SignedIn, ToolDesk
from tests.integration.tools.line import Line
from tests.integration.tools.sessions import create


async def test_all_runs_share_one_session(
    access: McpToolAccess, line: Line, desk: ToolDesk, admin: SignedIn
) -> None:
    for _ in range(5):
        run = await desk.run_of(admin.who, "create_ticket")
        assert (await create(access, desk.capability(run))).value["title"] == "Login fails"
    assert line.connections == 1


async def test_each_call_is_made_with_the_token_of_its_run(
    access: McpToolAccess, desk: ToolDesk
) -> None:
    companies = [await desk.register(f"Company{number}") for number in range(20)]
    runs = [await desk.run_of(one.who, "create_ticket") for one in companies]
    capabilities = [desk.capability(run) for run in runs]
    answers = await asyncio.gather(*(create(access, one) for one in capabilities))
    assert [answer.value["organization_id"] for answer in answers] == [
        str(one.who.organization_id) for one in companies
    ]
    assert all(answer.value["number"] == 1 for answer in answers)


async def test_tools_are_listed_once_for_each_agent_and_set_of_tools(
    desk: ToolDesk, run: AgentRun, capability: str
) -> None:
    access = McpToolAccess(timeout_seconds=1, breaker=Breaker())
    transport = CountedTransport(desk)
    access.reach_by(transport)
    async with access.running():
        first = await access.list(capability, run.agent_id, run.tools)
        again = await access.list(capability, run.agent_id, run.tools)
        assert transport.presented == 1
        fewer = desk.capability(examples.replace(run, tools=frozenset({"list_tickets"})))
        alone = await access.list(fewer, run.agent_id, frozenset({"list_tickets"}))
        await access.list(capability, examples.new_id(), run.tools)
        assert transport.presented == 3
    assert [one.name for one in first] == ["create_ticket", "list_tickets"]
    assert again is first
    assert [one.name for one in alone] == ["list_tickets"]
    assert [(one.read_only, one.destructive) for one in first] == [(False, False), (True, False)]


async def test_a_tool_of_an_attached_server_is_there_at_once_and_gone_at_once(
    desk: ToolDesk, admin: SignedIn
) -> None:
    url = "https://shop.example.com/mcp"
    wish = NewIntegration(type="mcp", name="Shop", config={"url": url})
    server = await desk.desk.integrations.add(admin.who, wish)
    run = await desk.run_of(admin.who, "list_tickets", "shop__look_up")
    shown: list[list[str]] = []
    for tools in ((), (LOOK_UP,), (), (LOOK_UP,)):
        desk.servers.tools[url] = tools
        await desk.desk.integrations.check(admin.who, server.id)
        listed = await desk.access.list(desk.capability(run), run.agent_id, run.tools)
        shown.append([one.name for one in listed])
    both = ["list_tickets", "shop__look_up"]
    assert shown == [["list_tickets"], both, ["list_tickets"], both]


async def test_a_run_that_is_given_up_leaves_the_session_to_the_others(
    access: McpToolAccess, line: Line, desk: ToolDesk, admin: SignedIn, capability: str
) -> None:
    await create(access, capability)
    async with desk.storage.transaction(admin.who) as transaction:
        await transaction.tickets.add(examples.a_ticket(admin.who.organization_id))
        waiting = asyncio.create_task(create(access, capability, "call-2"))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert (await access.call(capability, "call-3", "list_tickets", {})).error is None
    assert (await create(access, capability, "call-4")).error is None


async def test_the_first_run_may_be_given_up_while_the_session_opens(
    access: McpToolAccess, capability: str
) -> None:
    first = asyncio.create_task(create(access, capability, "call-1"))
    second = asyncio.create_task(create(access, capability, "call-2"))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).error is None


async def test_a_capability_that_is_not_accepted_is_no_fault_of_the_servers(
    access: McpToolAccess, capability: str, caplog: pytest.LogCaptureFixture
) -> None:
    await create(access, capability)
    for _ in range(5):
        with pytest.raises(ToolsUnavailableError, match="refused"):
            await create(access, "garbage")
    assert (await create(access, capability, "call-2")).value["number"] == 2
    assert [record for record in caplog.records if record.name == "hexdesk.tools"] == []


async def test_within_one_process_a_capability_is_verified_too(
    desk: ToolDesk, capability: str
) -> None:
    desk.clock.advance(7200)
    with pytest.raises(ToolsUnavailableError, match="does not accept"):
        await create(desk.access, capability)


async def test_a_refused_call_says_that_it_is_denied(
    access: McpToolAccess, capability: str
) -> None:
    answer = await access.call(capability, "call-1", "delete_ticket", {"ticket_id": 1})
    assert answer.is_denied
    assert answer.error == "access to the tool 'delete_ticket' is denied"


async def test_a_failed_call_does_not(access: McpToolAccess, capability: str) -> None:
    answer = await access.call(capability, "call-1", "create_ticket", {})
    assert not answer.is_denied
    assert answer.error is not None
    assert "title" in answer.error


async def test_without_a_way_to_the_server_there_are_no_tools(capability: str) -> None:
    access = McpToolAccess(timeout_seconds=1, breaker=Breaker())
    with pytest.raises(ToolsUnavailableError):
        await create(access, capability)


async def test_nothing_runs_on_after_closing(line: Line, capability: str) -> None:
    before = asyncio.all_tasks()
    access = McpToolAccess(timeout_seconds=1, breaker=Breaker())
    access.reach_by(over_http(line.url))
    async with access.running():
        await create(access, capability)
    named = {task.get_name() for task in asyncio.all_tasks() - before}
    assert not {name for name in named if name.startswith("mcp")}


async def test_a_tool_that_answers_in_words_only_has_words_for_a_value(desk: ToolDesk) -> None:
    async def call_tool(context: Any, params: Any) -> types.CallToolResult:
        return types.CallToolResult(content=[types.TextContent(text="Well done.")])

    stranger = Server[dict[str, Any]]("stranger", on_call_tool=call_tool)
    access = McpToolAccess(timeout_seconds=1, breaker=Breaker())
    access.reach_by(within_process(stranger, desk.verifier))
    admin = await desk.register()
    async with access.running():
        answer = await create(access, admin.token)
    assert answer == ToolAnswer(value="Well done.")


async def test_a_session_that_does_not_close_is_left_after_some_time(
    desk: ToolDesk, capability: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hexdesk.adapters.tools.mcp_client.access.CLOSE_SECONDS", 0.05)

    @asynccontextmanager
    async def never_closing() -> AsyncGenerator[Client]:
        async with desk.within_process.open_client() as client:
            yield client
            await asyncio.Event().wait()

    access = McpToolAccess(timeout_seconds=1, breaker=Breaker())
    access.reach_by(Transport(never_closing, desk.within_process.presenting))
    async with asyncio.timeout(5), access.running():
        assert (await create(access, capability)).error is None


class CountedTransport(Transport):
    """Reaches the desk's server in this process, and counts how often it is asked something."""

    def __init__(self, desk: ToolDesk) -> None:
        self.presented = 0
        self._desk = desk
        super().__init__(desk.within_process.open_client, self._count)

    def _count(self, token: str) -> AbstractAsyncContextManager[None]:
        self.presented += 1
        return self._desk.within_process.presenting(token)
