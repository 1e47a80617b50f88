"""Which tools a run may call, and what becomes of its calls."""

from typing import Any

import msgspec
import pytest

from hexdesk.core.model.agents import NewAgent, ToolUse, ToolUseStatus
from hexdesk.core.model.chat import (
    DegradedReason,
)
from hexdesk.core.testing import saying
from hexdesk.core.testing.examples import ALL
from tests.unit.core.asking import asked, begin_with, content, events_of
from tests.unit.core.scenes import Scene, customer_of
from tests.unit.core.scripts import degraded, finished, started

CALLS = (
    started("a", "create_ticket", {"title": "Login", "api_key": "unguessable"}),
    finished("a", "create_ticket"),
    started("b", "get_ticket"),
    finished("b", "get_ticket", ToolUseStatus.ERROR, "no ticket 1"),
)


async def test_tool_calls_are_in_the_answer_and_in_the_message() -> None:
    _, _, response = await asked((*CALLS, *saying("Done.")))
    created = ToolUse(
        call_id="a",
        name="create_ticket",
        arguments={"title": "Login", "api_key": "[redacted]"},
        status=ToolUseStatus.OK,
        duration_ms=12.5,
    )
    read = ToolUse(
        call_id="b",
        name="get_ticket",
        arguments={"ticket_id": 1},
        status=ToolUseStatus.ERROR,
        duration_ms=12.5,
        error="no ticket 1",
    )
    assert response.tools_used == (created, read)
    assert response.message
    assert response.message.tool_calls == response.tools_used


async def test_tool_calls_are_in_the_agents_record() -> None:
    scene, who, response = await asked((*CALLS, *saying("Done.")))
    thread = await scene.desk.chat.get_thread(who, response.thread_id)
    actions = (await scene.desk.agents.list_actions(who, thread.agent_id, ALL)).data
    assert {one.call_id: one.status for one in actions} == {"a": "ok", "b": "error"}
    assert {one.user_id for one in actions} == {who.user_id}
    assert "unguessable" not in str(actions)


async def test_tool_calls_are_told_with_their_arguments_and_how_they_ended() -> None:
    scene, who, response = await asked((*CALLS, *saying("Done.")))
    events = await events_of(scene, who, response)
    assert msgspec.json.decode(events[1].data) == {
        "call_id": "a",
        "name": "create_ticket",
        "arguments": {"title": "Login", "api_key": "[redacted]"},
    }
    assert msgspec.json.decode(events[4].data) == {
        "call_id": "b", "name": "get_ticket", "status": "error", "duration_ms": 12.5,
    }  # fmt: skip


async def test_a_refused_call_does_not_end_the_run_and_is_written_down_once() -> None:
    denied = finished("a", "delete_ticket", ToolUseStatus.DENIED, "not yours")
    script = (started("a", "delete_ticket"), denied, *saying("I may not do that."))
    scene, who, response = await asked(script)
    assert content(response) == "I may not do that."
    assert (response.tools_used[0].status, response.degraded) == (ToolUseStatus.DENIED, False)
    (event,) = await scene.audited(who, "tool.refused")
    assert event.data["reason"] == "not yours"
    thread = await scene.desk.chat.get_thread(who, response.thread_id)
    assert (await scene.desk.agents.list_actions(who, thread.agent_id, ALL)).total == 1


async def test_a_refusal_without_a_reason_is_one_all_the_same() -> None:
    script = (started("a", "fly"), finished("a", "fly", ToolUseStatus.DENIED), *saying("No."))
    scene, who, _ = await asked(script)
    (event,) = await scene.audited(who, "tool.refused")
    assert event.data["reason"] == "denied"


async def test_a_call_that_never_ended_was_interrupted() -> None:
    _, _, response = await asked((started(), *degraded(DegradedReason.RUN_LIMIT)))
    (use,) = response.tools_used
    assert (use.status, use.error) == (ToolUseStatus.ERROR, "was interrupted")


@pytest.mark.parametrize(
    ("wish", "tools", "needs_approval"),
    [
        ({"tools_enabled": ("get_ticket", "delete_ticket")}, {"get_ticket"}, {"delete_ticket"}),
        (
            {"tools_enabled": ("get_ticket", "delete_ticket"), "require_approval": ()},
            {"get_ticket", "delete_ticket"},
            set[str](),
        ),
        (
            {"tools_enabled": ("get_ticket",), "require_approval": ("get_ticket", "list_tickets")},
            set[str](),
            {"get_ticket"},
        ),
        ({"tools_enabled": ()}, set[str](), set[str]()),
        ({"mcp_enabled": False}, set[str](), set[str]()),
    ],
)
async def test_a_run_may_call_the_agents_tools_as_far_as_no_person_must_allow_them_first(
    wish: dict[str, Any], tools: set[str], needs_approval: set[str]
) -> None:
    scene, who, response = await asked(saying("Hello!"), **wish)
    (request,) = scene.runner.requests
    assert (request.tools, request.needs_approval) == (tools, needs_approval)
    run = scene.desk.ports.capabilities.verify(request.capability).run
    assert (run.tools, run.needs_approval) == (tools, needs_approval)
    assert (run.acts_for, run.run_id, run.thread_id) == (
        who, response.run_id, response.thread_id,
    )  # fmt: skip
    assert not response.degraded


async def test_the_capability_outlives_the_run_by_a_minute() -> None:
    scene, _, _ = await asked(saying("Hello!"), timeout_seconds=60)
    capability = scene.desk.ports.capabilities.verify(scene.runner.requests[0].capability)
    assert (capability.expires_at - scene.clock.now()).total_seconds() == 120


async def test_the_run_of_a_user_lacks_what_the_user_may_not_do() -> None:
    scene = Scene.of(saying("Hello!"))
    admin = await scene.founder()
    user = await scene.member(admin)
    wish = NewAgent(tools_enabled=("get_ticket", "delete_ticket"), require_approval=())
    agent = await scene.desk.agents.add(admin, wish)
    await scene.ask(user, await scene.thread(user, agent_id=agent.id))
    assert scene.runner.requests[0].tools == {"get_ticket"}


@pytest.mark.parametrize(
    ("email", "tools"),
    [
        ("cy@example.com", {"create_ticket", "get_ticket", "search_tickets"}),
        (None, {"create_ticket"}),
    ],
)
async def test_the_run_of_a_customer_has_the_customers_tools_only(
    email: str | None, tools: set[str]
) -> None:
    scene = Scene.of(saying("Hello!"))
    customer = customer_of(await scene.founder(), email)
    await scene.ask(customer, await scene.thread(customer))
    assert scene.runner.requests[0].tools == tools


async def test_a_tool_that_is_gone_meanwhile_is_not_offered() -> None:
    scene = Scene.of(saying("Hello!"))
    who = await scene.founder()
    await scene.settle(
        await begin_with(scene, who, await scene.thread(who), tools_enabled=("fax", "get_ticket"))
    )
    assert scene.runner.requests[0].tools == {"get_ticket"}
