"""Agents' one session with the tool server: shared by all, and mended when it breaks."""

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
from tests.integration.desk_with_tools import SignedIn, ToolDesk
from tests.integration.tools.line import Line, line_to

REST_SECONDS = 10.0


class Now:
    """A time that a test moves on."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
async def line(url: str) -> AsyncGenerator[Line]:
    async with line_to(url) as line:
        yield line


@pytest.fixture
async def access(line: Line, now: Now) -> AsyncGenerator[McpToolAccess]:
    """Return access over the line."""
    breaker = Breaker(most_failures=3, rest_seconds=REST_SECONDS, now=now)
    access = McpToolAccess(timeout_seconds=20, breaker=breaker)
    access.reach_by(over_http(line.url))
    async with access.running():
        yield access


@pytest.fixture
async def impatient(line: Line) -> AsyncGenerator[McpToolAccess]:
    """Return access over the line that gives a call and an opening half a second."""
    access = McpToolAccess(
        timeout_seconds=0.5, margin_seconds=0, open_seconds=0.5, breaker=Breaker()
    )
    access.reach_by(over_http(line.url))
    async with access.running():
        yield access


@pytest.fixture
async def run(desk: ToolDesk, admin: SignedIn) -> AgentRun:
    return await desk.run_of(admin.who, "create_ticket", "list_tickets")


@pytest.fixture
def capability(desk: ToolDesk, run: AgentRun) -> str:
    return desk.capability(run)


async def create(access: McpToolAccess, capability: str, call_id: str = "call-1") -> ToolAnswer:
    """Open a ticket, in no more time than a call may take."""
    async with asyncio.timeout(20):
        return await access.call(capability, call_id, "create_ticket", {"title": "Login fails"})


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


async def test_after_a_cut_the_session_is_opened_anew(
    access: McpToolAccess, line: Line, capability: str
) -> None:
    await create(access, capability, "call-1")
    line.cut()
    assert (await create(access, capability, "call-2")).value["number"] == 2


async def test_a_call_whose_answer_was_lost_is_made_again_with_one_effect(
    access: McpToolAccess, line: Line, desk: ToolDesk, admin: SignedIn, capability: str
) -> None:
    await create(access, capability, "call-1")
    line.cut_before_the_answer_to(b"call-2")
    assert (await create(access, capability, "call-2")).value["number"] == 2
    assert len(await desk.tickets(admin.who)) == 2


async def test_a_cut_under_many_calls_harms_none(
    access: McpToolAccess, line: Line, desk: ToolDesk, admin: SignedIn, capability: str
) -> None:
    await create(access, capability)
    calls = [create(access, capability, f"call-{number}") for number in range(20)]
    line.cut_before_the_answer_to(b"call-7")
    answers = await asyncio.gather(*calls)
    assert sorted(answer.value["number"] for answer in answers) == [*range(1, 21)]
    assert len(await desk.tickets(admin.who)) == 20


async def test_a_server_that_is_gone_is_said_to_be_unreachable(
    access: McpToolAccess, line: Line, capability: str
) -> None:
    await line.down()
    with pytest.raises(ToolsUnavailableError, match="cannot be reached"):
        await create(access, capability)


async def test_a_server_that_comes_back_is_used_again(
    access: McpToolAccess, line: Line, capability: str
) -> None:
    await create(access, capability, "call-1")
    await line.down()
    with pytest.raises(ToolsUnavailableError):
        await create(access, capability, "call-2")
    await line.up()
    assert (await create(access, capability, "call-3")).value["number"] == 2


async def test_a_server_that_keeps_failing_gets_a_rest(
    access: McpToolAccess, line: Line, capability: str, now: Now
) -> None:
    await line.down()
    for _ in range(3):
        with pytest.raises(ToolsUnavailableError, match="cannot be reached"):
            await create(access, capability)
    await line.up()
    with pytest.raises(ToolsUnavailableError, match="gets a rest"):
        await create(access, capability)
    assert line.connections == 0
    now.seconds += REST_SECONDS
    assert (await create(access, capability)).value["number"] == 1
    assert (await create(access, capability, "call-2")).value["number"] == 2


async def test_after_the_rest_one_call_tries_and_the_others_wait_for_it(
    access: McpToolAccess, line: Line, capability: str, now: Now
) -> None:
    await line.down()
    for _ in range(3):
        with pytest.raises(ToolsUnavailableError):
            await create(access, capability)
    now.seconds += REST_SECONDS
    calls = [create(access, capability) for _ in range(4)]
    errors = await asyncio.gather(*calls, return_exceptions=True)
    assert [str(error) for error in errors if "reached" in str(error)] == [str(errors[0])]


async def test_a_silent_server_keeps_nobody_longer_than_one_opening(
    impatient: McpToolAccess, line: Line, capability: str
) -> None:
    line.is_mute = True
    calls = [create(impatient, capability) for _ in range(10)]
    errors = await asyncio.gather(*calls, return_exceptions=True)
    assert {str(error) for error in errors} == {"the tool server cannot be reached"}
    assert line.connections == 1


async def test_a_call_that_takes_too_long_ends_alone(
    impatient: McpToolAccess,
    desk: ToolDesk,
    admin: SignedIn,
    capability: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with desk.storage.transaction(admin.who) as transaction:
        # Whoever writes next must wait for this transaction, and who only reads must not.
        await transaction.tickets.add(examples.a_ticket(admin.who.organization_id))
        with pytest.raises(ToolsUnavailableError, match="cannot be reached"):
            await create(impatient, capability)
        assert (await impatient.call(capability, "call-2", "list_tickets", {})).error is None
    failed = [record.message for record in caplog.records if record.name == "hexdesk.tools"]
    assert failed == ["tool server failed"]  # and not the session


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
