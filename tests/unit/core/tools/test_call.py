"""Calling a tool: checked, bounded in time, and with one effect however often it is repeated."""

import asyncio
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from hexdesk.core.errors import StorageUnavailableError
from hexdesk.core.model.agents import ToolUseStatus
from hexdesk.core.model.identity import Role
from hexdesk.core.model.principals import AgentRun, Member, Principal
from hexdesk.core.policy.rights import Right
from hexdesk.core.ports.tools import ToolAnswer
from hexdesk.core.testing import ToolCalled
from hexdesk.core.testing.examples import ALL
from hexdesk.core.tools.call import CallTool
from hexdesk.core.tools.tickets import Nothing
from hexdesk.core.tools.tool import Tool, ToolContext, tool
from hexdesk.core.use_cases.members import MemberChange
from hexdesk.core.use_cases.tickets import NewTicket
from tests.unit.core.scenes import Scene, customer_of
from tests.unit.core.scripts import Gate

TITLE = {"title": "Login fails"}


async def call(
    scene: Scene, who: Principal, name: str, call_id: str | None = None, **arguments: Any
) -> ToolAnswer:
    return await scene.desk.call_tool(who, name, arguments, call_id=call_id)


def with_tool(scene: Scene, added: Tool, seconds: float = 10) -> CallTool:
    toolbox = replace(scene.desk.call_tool.toolbox, catalogue={added.name: added})
    return replace(scene.desk.call_tool, toolbox=toolbox, timeout_seconds=seconds)


async def total(scene: Scene, who: Member) -> int:
    return (await scene.desk.tickets.stats(who)).total


def denied(answer: ToolAnswer) -> bool:
    return answer.is_denied and answer.value is None and bool(answer.error)


async def test_a_member_calls_what_it_may_and_gets_the_apis_answer(
    scene: Scene, user: Member
) -> None:
    answer = await call(scene, user, "create_ticket", **TITLE)
    ticket = await scene.desk.tickets.get(user, 1)
    assert answer == ToolAnswer(value=msgspec.json.decode(msgspec.json.encode(ticket)))
    assert scene.telemetry.tool_calls == [
        ToolCalled(tool="create_ticket", status=ToolUseStatus.OK, seconds=0)
    ]


async def test_what_the_person_may_not_do_the_agent_may_not_either(
    scene: Scene, admin: Member, user: Member
) -> None:
    ticket = await scene.desk.tickets.create(user, NewTicket(title="Stay"))
    run = await scene.agent_run(user, "delete_ticket")
    for who in (user, run):
        assert denied(await call(scene, who, "delete_ticket", "1", ticket_id=ticket.number))
    assert await scene.desk.tickets.get(admin, ticket.id) == ticket


async def test_a_run_may_call_what_its_capability_names_and_nothing_else(
    scene: Scene, user: Member
) -> None:
    run = await scene.agent_run(user, "get_ticket")
    answer = await call(scene, run, "create_ticket", "1", **TITLE)
    assert denied(answer)
    assert answer.error == "access to the tool 'create_ticket' is denied"
    assert await total(scene, user) == 0


async def test_an_unknown_tool_is_refused_like_one_that_is_not_allowed(
    scene: Scene, admin: Member
) -> None:
    run = await scene.agent_run(admin, "fly")
    for who in (admin, run):
        answer = await call(scene, who, "fly", "1")
        assert (answer.is_denied, answer.error) == (True, "access to the tool 'fly' is denied")


async def test_a_call_that_needs_a_person_is_refused_and_says_why(
    scene: Scene, admin: Member
) -> None:
    await scene.desk.tickets.create(admin, NewTicket(title="Stay"))
    waiting = frozenset({"delete_ticket"})
    run = await scene.agent_run(admin, "delete_ticket", needs_approval=waiting)
    answer = await call(scene, run, "delete_ticket", "1", ticket_id=1)
    assert (answer.is_denied, answer.error) == (True, "'delete_ticket' needs a person's approval")
    assert await total(scene, admin) == 1


@pytest.mark.parametrize("name", ["update_ticket", "get_ticket_stats", "list_integrations"])
async def test_customers_have_no_tool_beyond_the_four(
    scene: Scene, admin: Member, name: str
) -> None:
    run = await scene.agent_run(customer_of(admin, "cy@example.com"), name)
    assert denied(await call(scene, run, name, "1"))


async def test_a_refusal_is_recorded_once_for_a_call(scene: Scene, admin: Member) -> None:
    run = await scene.agent_run(admin)
    for _ in range(2):
        await call(scene, run, "get_ticket", "call-1", ticket_id=1)
    (event,) = await scene.audited(admin, "tool.refused")
    assert event.data["tool"] == "get_ticket"
    actions = await scene.desk.agents.list_actions(admin, run.agent_id, ALL)
    assert [(one.call_id, one.status) for one in actions.data] == [("call-1", "denied")]


async def test_a_refusal_is_one_even_if_it_cannot_be_stored(scene: Scene, admin: Member) -> None:
    run = await scene.agent_run(admin)
    await scene.break_storage()
    assert denied(await call(scene, run, "get_ticket", "call-1", ticket_id=1))


@pytest.mark.parametrize(
    ("name", "arguments", "problem"),
    [
        ("create_ticket", {}, "missing required field `title`"),
        ("create_ticket", {"title": "A", "color": "red"}, "unknown field `color`"),
        ("get_ticket", {"ticket_id": "twelve"}, "`$.ticket_id`"),
        ("list_tickets", {"limit": 201}, "`int` <= 200"),
        ("list_tickets", {"created_from": "2026-01-01T00:00:00"}, "timezone"),
    ],
)
async def test_wrong_arguments_are_an_error_in_words(
    scene: Scene, user: Member, name: str, arguments: dict[str, Any], problem: str
) -> None:
    answer = await call(scene, user, name, **arguments)
    assert answer.error
    assert answer.error.startswith(f"wrong arguments for {name}: ")
    assert problem in answer.error
    assert not answer.is_denied


async def test_what_the_desk_refuses_is_an_error_in_words(scene: Scene, user: Member) -> None:
    answer = await call(scene, user, "get_ticket", ticket_id=7)
    assert (answer.error, answer.is_denied) == ("no ticket 7", False)
    assert scene.telemetry.tool_calls == [
        ToolCalled(tool="get_ticket", status=ToolUseStatus.ERROR, seconds=0)
    ]


async def test_without_storage_a_tool_is_unavailable_for_now(scene: Scene, user: Member) -> None:
    await scene.break_storage()
    answer = await call(scene, user, "get_ticket", ticket_id=1)
    assert answer.error == "get_ticket is temporarily unavailable"


async def test_a_call_that_takes_too_long_ends_without_an_effect(
    scene: Scene, user: Member
) -> None:
    @tool(Right.CREATE_TICKETS)
    async def wait_in_vain(context: ToolContext, arguments: Nothing) -> Nothing:
        """Remove every ticket, slowly."""
        async with context.storage.transaction(context.who) as tx:
            await tx.tickets.remove((await tx.tickets.get(1)).id)
            await asyncio.Event().wait()
        return arguments

    await scene.desk.tickets.create(user, NewTicket(title="Stay"))
    answer = await with_tool(scene, wait_in_vain, 0.01)(user, "wait_in_vain", {})
    assert answer.error == "wait_in_vain did not answer within 0.01 s"
    assert await total(scene, user) == 1


async def test_a_call_is_timed(scene: Scene, user: Member) -> None:
    @tool(Right.READ_HEALTH)
    async def nap(context: ToolContext, arguments: Nothing) -> Nothing:
        """Take a second."""
        scene.clock.advance(1)
        return arguments

    assert (await with_tool(scene, nap)(user, "nap", {})).value == {}
    assert [one.seconds for one in scene.telemetry.tool_calls] == [1]


async def test_a_repeated_call_returns_its_first_result_and_has_no_second_effect(
    scene: Scene, user: Member
) -> None:
    run = await scene.agent_run(user, "create_ticket")
    answers = [await call(scene, run, "create_ticket", "call-1", **TITLE) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert await total(scene, user) == 1
    other = await call(scene, run, "create_ticket", "call-2", **TITLE)
    assert other.value["number"] == 2


async def test_of_many_repeats_at_once_one_has_the_effect(scene: Scene, user: Member) -> None:
    run = await scene.agent_run(user, "create_ticket")
    calls = [call(scene, run, "create_ticket", "call-1", **TITLE) for _ in range(5)]
    answers = await asyncio.gather(*calls)
    assert {answer.value["id"] for answer in answers} == {answers[0].value["id"]}
    assert await total(scene, user) == 1


async def test_an_effect_whose_commit_failed_is_made_by_the_repeat(
    scene: Scene, user: Member
) -> None:
    run = await scene.agent_run(user, "create_ticket")
    scene.storage.at_commit.append(StorageUnavailableError("gone"))
    assert (await call(scene, run, "create_ticket", "call-1", **TITLE)).error
    assert await total(scene, user) == 0
    assert (await call(scene, run, "create_ticket", "call-1", **TITLE)).value["number"] == 1


async def test_a_call_without_an_id_and_a_member_s_call_are_made_each_time(
    scene: Scene, user: Member
) -> None:
    run = await scene.agent_run(user, "create_ticket")
    for who, call_id in ((run, None), (run, None), (user, "call-1"), (user, "call-1")):
        await call(scene, who, "create_ticket", call_id, **TITLE)
    assert await total(scene, user) == 4


async def test_reading_is_done_anew_each_time(scene: Scene, user: Member) -> None:
    run = await scene.agent_run(user, "get_ticket_stats")
    for expected in (0, 1):
        answer = await call(scene, run, "get_ticket_stats", "call-1")
        assert answer.value["total"] == expected
        await scene.desk.tickets.create(user, NewTicket(title="One more"))


async def run_of(scene: Scene, admin: Member, *tools: str) -> tuple[AgentRun, Member]:
    other = await scene.member(admin, role=Role.ADMIN)
    return await scene.agent_run(other, *tools), other


async def test_a_demotion_acts_on_runs_that_began_before(scene: Scene, admin: Member) -> None:
    await scene.desk.tickets.create(admin, NewTicket(title="Stay"))
    run, other = await run_of(scene, admin, "delete_ticket", "get_ticket")
    change = MemberChange(role=Role.USER)
    await scene.desk.identity.change_member(admin, other.user_id, change)
    assert denied(await call(scene, run, "delete_ticket", "1", ticket_id=1))
    assert (await call(scene, run, "get_ticket", "2", ticket_id=1)).value["number"] == 1


@pytest.mark.parametrize("fate", ["deactivated", "removed"])
async def test_whoever_is_gone_has_no_agents_at_work(
    scene: Scene, admin: Member, fate: str
) -> None:
    run, other = await run_of(scene, admin, "create_ticket", "get_system_health")
    if fate == "removed":
        await scene.desk.identity.remove_member(admin, other.user_id)
    else:
        off = MemberChange(is_active=False)
        await scene.desk.identity.change_member(admin, other.user_id, off)
    assert denied(await call(scene, run, "create_ticket", "1", **TITLE))
    assert denied(await call(scene, run, "get_system_health", "2"))
    assert await total(scene, admin) == 0


async def test_a_promotion_gives_a_run_no_more_than_it_began_with(
    scene: Scene, admin: Member, user: Member
) -> None:
    await scene.desk.tickets.create(admin, NewTicket(title="Stay"))
    run = await scene.agent_run(user, "delete_ticket")
    change = MemberChange(role=Role.ADMIN)
    await scene.desk.identity.change_member(admin, user.user_id, change)
    assert denied(await call(scene, run, "delete_ticket", "1", ticket_id=1))


async def test_a_demotion_while_a_model_is_asked_acts_as_well(scene: Scene, admin: Member) -> None:
    gate = Gate()

    async def think(context: ToolContext, arguments: Nothing) -> Nothing:
        await gate()
        return arguments

    @tool(Right.DELETE_TICKETS, prepare=think)
    async def clean_up(context: ToolContext, arguments: Nothing) -> Nothing:
        """Remove the first ticket."""
        async with context.storage.transaction(context.who) as tx:
            await tx.tickets.remove((await tx.tickets.get(1)).id)
        return arguments

    await scene.desk.tickets.create(admin, NewTicket(title="Stay"))
    run, other = await run_of(scene, admin, "clean_up")
    calling = asyncio.create_task(with_tool(scene, clean_up)(run, "clean_up", {}, call_id="1"))
    await gate.wait()
    # No transaction is open meanwhile: this one would have to wait for it.
    change = MemberChange(role=Role.USER)
    await scene.desk.identity.change_member(admin, other.user_id, change)
    gate.open()
    assert denied(await calling)
    assert await total(scene, admin) == 1


async def test_a_character_that_cannot_be_stored_is_refused_in_words(
    scene: Scene, admin: Member
) -> None:
    answer = await call(scene, admin, "create_ticket", title="a\0b")
    assert answer.error == "wrong arguments for create_ticket: no text may contain U+0000"
