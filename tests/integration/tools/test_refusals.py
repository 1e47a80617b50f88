"""What a caller may not call is refused, whatever its client did, and written down once."""

import logging

import pytest
from mcp.shared.exceptions import MCPError

from hexdesk.core.model.agents import AgentAction, ToolUseStatus
from hexdesk.core.model.identity import Role
from hexdesk.core.model.principals import AgentRun
from hexdesk.core.testing import ToolCalled, examples
from hexdesk.core.use_cases.members import MemberChange
from tests.integration.desk_with_tools import SignedIn, ToolDesk
from tests.integration.mcp_clients import Connect, call, in_process, words

VIOLATION = "security violation: unauthorized tool"


async def actions(desk: ToolDesk, admin: SignedIn, run: AgentRun) -> tuple[AgentAction, ...]:
    """Return the tool calls that are on record for a run's agent."""
    page = await desk.desk.agents.list_actions(admin.who, run.agent_id, examples.ALL)
    return page.data


def violations(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Return the log lines that tell of refused calls."""
    return [record for record in caplog.records if record.message == VIOLATION]


async def test_a_run_may_not_call_what_its_capability_does_not_name(
    connect: Connect, desk: ToolDesk, admin: SignedIn
) -> None:
    ticket = await desk.add_ticket(admin.who)
    run = await desk.run_of(admin.who, "get_ticket")
    async with connect(desk.capability(run)) as client:
        result = await call(client, "delete_ticket", {"ticket_id": ticket.number}, "call-1")
    assert result.is_error
    assert words(result) == "access to the tool 'delete_ticket' is denied"
    assert await desk.tickets(admin.who) == (ticket,)


async def test_a_refusal_leaves_one_line_one_event_and_one_action(
    connect: Connect, desk: ToolDesk, admin: SignedIn, caplog: pytest.LogCaptureFixture
) -> None:
    run = await desk.run_of(admin.who, "get_ticket")
    async with connect(desk.capability(run)) as client:
        await call(client, "delete_ticket", {"ticket_id": 1, "api_key": "hidden"}, "call-1")
    (event,) = await desk.refusals(admin)
    assert event.actor_id == run.agent_id
    assert event.data["tool"] == "delete_ticket"
    assert event.data["run_id"] == str(run.run_id)
    (action,) = await actions(desk, admin, run)
    assert (action.tool, action.call_id, action.run_id) == ("delete_ticket", "call-1", run.run_id)
    assert action.status is ToolUseStatus.DENIED
    assert action.arguments == {"ticket_id": 1, "api_key": "[redacted]"}
    assert len(violations(caplog)) == 1
    denied = ToolCalled(tool="delete_ticket", status=ToolUseStatus.DENIED, seconds=0)
    assert desk.telemetry.tool_calls == [denied]


async def test_the_same_refused_call_is_written_down_once(
    connect: Connect, desk: ToolDesk, admin: SignedIn, caplog: pytest.LogCaptureFixture
) -> None:
    run = await desk.run_of(admin.who, "get_ticket")
    async with connect(desk.capability(run)) as client:
        for _ in range(3):
            assert (await call(client, "delete_ticket", {"ticket_id": 1}, "call-1")).is_error
    assert len(await desk.refusals(admin)) == 1
    assert len(await actions(desk, admin, run)) == 1
    assert len(violations(caplog)) == 1


async def test_each_refused_call_is_written_down(
    connect: Connect, desk: ToolDesk, admin: SignedIn, caplog: pytest.LogCaptureFixture
) -> None:
    run = await desk.run_of(admin.who, "get_ticket")
    async with connect(desk.capability(run)) as client:
        for number in range(3):
            await call(client, "delete_ticket", {"ticket_id": 1}, f"call-{number}")
    assert len(await desk.refusals(admin)) == 3
    assert len(await actions(desk, admin, run)) == 3
    assert len(violations(caplog)) == 3


async def test_a_tool_that_does_not_exist_is_refused_like_any_other(
    connect: Connect, desk: ToolDesk, admin: SignedIn
) -> None:
    run = await desk.run_of(admin.who, "get_ticket", "drop_database")
    async with connect(desk.capability(run)) as client:
        result = await call(client, "drop_database", {}, "call-1")
    assert result.is_error
    assert words(result) == "access to the tool 'drop_database' is denied"
    assert [event.data["tool"] for event in await desk.refusals(admin)] == ["drop_database"]


async def test_a_user_deletes_nothing_through_a_client_or_an_agent(
    connect: Connect, desk: ToolDesk, admin: SignedIn, user: SignedIn
) -> None:
    ticket = await desk.add_ticket(admin.who)
    run = await desk.run_of(user.who, "delete_ticket")
    for token in (user.token, desk.capability(run)):
        async with connect(token) as client:
            result = await call(client, "delete_ticket", {"ticket_id": ticket.number}, "call-1")
        assert words(result) == "access to the tool 'delete_ticket' is denied"
    assert await desk.tickets(admin.who) == (ticket,)
    assert len(await desk.refusals(admin)) == 2


async def test_a_call_that_needs_approval_is_refused_with_that_reason(
    connect: Connect, desk: ToolDesk, admin: SignedIn
) -> None:
    ticket = await desk.add_ticket(admin.who)
    run = await desk.run_of(admin.who, needs_approval=frozenset({"delete_ticket"}))
    async with connect(desk.capability(run)) as client:
        result = await call(client, "delete_ticket", {"ticket_id": ticket.number}, "call-1")
    assert "needs a person's approval" in words(result)
    (action,) = await actions(desk, admin, run)
    assert action.status is ToolUseStatus.DENIED
    assert "needs a person's approval" in (action.error or "")
    assert await desk.tickets(admin.who) == (ticket,)


async def test_approval_wins_over_a_capability_that_also_names_the_tool(
    desk: ToolDesk, admin: SignedIn
) -> None:
    both = frozenset({"delete_ticket"})
    run = await desk.run_of(admin.who, tools=both, needs_approval=both)
    async with in_process(desk, desk.capability(run)) as client:
        assert "approval" in words(await call(client, "delete_ticket", {"ticket_id": 1}, "call-1"))


@pytest.mark.parametrize("change", [MemberChange(role=Role.USER), MemberChange(is_active=False)])
async def test_a_run_loses_at_once_what_its_person_loses(
    connect: Connect, desk: ToolDesk, admin: SignedIn, change: MemberChange
) -> None:
    ticket = await desk.add_ticket(admin.who)
    other = await desk.add_user(admin)
    await desk.desk.identity.change_member(
        admin.who, other.who.user_id, MemberChange(role=Role.ADMIN)
    )
    principal = examples.replace(other.who, role=Role.ADMIN)
    capability = desk.capability(await desk.run_of(principal, "delete_ticket"))
    await desk.desk.identity.change_member(admin.who, other.who.user_id, change)
    async with connect(capability) as client:
        result = await call(client, "delete_ticket", {"ticket_id": ticket.number}, "call-1")
    assert words(result) == "access to the tool 'delete_ticket' is denied"
    assert await desk.tickets(admin.who) == (ticket,)
    assert len(await desk.refusals(admin)) == 1


async def test_a_run_loses_everything_when_its_person_is_gone(
    connect: Connect, desk: ToolDesk, admin: SignedIn, user: SignedIn
) -> None:
    capability = desk.capability(await desk.run_of(user.who, "list_tickets", "get_system_health"))
    await desk.desk.identity.remove_member(admin.who, user.who.user_id)
    async with connect(capability) as client:
        for name in ("list_tickets", "get_system_health"):
            assert (await call(client, name, {}, f"call-{name}")).is_error
    assert len(await desk.refusals(admin)) == 2


async def test_a_run_sees_nothing_of_another_organization(
    connect: Connect, desk: ToolDesk, admin: SignedIn
) -> None:
    theirs = await desk.add_ticket(admin.who)
    stranger = await desk.register("Globex")
    run = await desk.run_of(stranger.who, "get_ticket", "list_tickets")
    async with connect(desk.capability(run)) as client:
        by_id = await call(client, "get_ticket", {"ticket_id": str(theirs.id)})
        by_number = await call(client, "get_ticket", {"ticket_id": theirs.number})
        found = await call(client, "list_tickets", {})
    assert by_id.is_error
    assert by_number.is_error
    assert found.structured_content is not None
    assert found.structured_content["total"] == 0


async def test_without_a_token_the_server_itself_refuses(desk: ToolDesk, admin: SignedIn) -> None:
    async with desk.within_process.open_client() as client:
        with pytest.raises(MCPError):
            await client.list_tools()
        with pytest.raises(MCPError):
            await call(client, "create_ticket", {"title": "Login fails"})
    assert await desk.tickets(admin.who) == ()
