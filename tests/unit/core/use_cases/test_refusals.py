"""A refused tool call is written down once, whoever refused it."""

import logging

import pytest

from hexdesk.core.model.agents import ToolUseStatus
from hexdesk.core.model.audit import ActorType, Outcome
from hexdesk.core.model.principals import AgentRun, Member, Principal
from hexdesk.core.testing import ToolCalled
from hexdesk.core.testing.examples import ALL
from hexdesk.core.use_cases.refusals import NoteRefusal
from tests.unit.core.scenes import Scene, customer_of

VIOLATION = "security violation: unauthorized tool"


async def refuse(scene: Scene, who: Principal, call_id: str | None = "call-1") -> None:
    note: NoteRefusal = scene.desk.call_tool.note_refusal
    arguments = {"ticket_id": 1, "api_key": "unguessable"}
    await note(who, "delete_ticket", arguments, call_id=call_id, reason="not yours")


@pytest.fixture
async def run(scene: Scene, user: Member) -> AgentRun:
    return await scene.agent_run(user, "get_ticket")


async def test_a_refusal_is_an_audit_event_an_action_a_log_line_and_a_count(
    scene: Scene, admin: Member, user: Member, run: AgentRun, caplog: pytest.LogCaptureFixture
) -> None:
    await refuse(scene, run)
    (event,) = await scene.audited(admin, "tool.refused")
    assert (event.actor_type, event.actor_id) == (ActorType.AGENT, run.agent_id)
    assert (event.outcome, event.target_id) == (Outcome.DENIED, run.agent_id)
    assert event.data["tool"] == "delete_ticket"
    assert event.data["reason"] == "not yours"
    (action,) = (await scene.desk.agents.list_actions(admin, run.agent_id, ALL)).data
    assert (action.run_id, action.call_id, action.tool) == (run.run_id, "call-1", "delete_ticket")
    assert (action.status, action.error) == (ToolUseStatus.DENIED, "not yours")
    assert (action.thread_id, action.user_id) == (run.thread_id, user.user_id)
    assert action.arguments == {"ticket_id": 1, "api_key": "[redacted]"}
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("hexdesk.security", logging.WARNING)
    assert record.message == VIOLATION
    assert record.__dict__["agent_id"] == str(run.agent_id)
    assert scene.telemetry.tool_calls == [
        ToolCalled(tool="delete_ticket", status=ToolUseStatus.DENIED, seconds=0)
    ]


async def test_whoever_tells_of_the_same_call_again_changes_nothing(
    scene: Scene, admin: Member, run: AgentRun, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        await refuse(scene, run)
    assert len(await scene.audited(admin, "tool.refused")) == 1
    assert (await scene.desk.agents.list_actions(admin, run.agent_id, ALL)).total == 1
    assert caplog.messages == [VIOLATION]
    assert len(scene.telemetry.tool_calls) == 1


async def test_another_call_of_the_same_tool_is_another_refusal(
    scene: Scene, admin: Member, run: AgentRun
) -> None:
    for call_id in ("call-1", "call-2"):
        await refuse(scene, run, call_id)
    assert len(await scene.audited(admin, "tool.refused")) == 2


async def test_a_call_without_an_id_is_written_down_each_time(
    scene: Scene, admin: Member, run: AgentRun
) -> None:
    for _ in range(2):
        await refuse(scene, run, None)
    assert len(await scene.audited(admin, "tool.refused")) == 2
    assert (await scene.desk.agents.list_actions(admin, run.agent_id, ALL)).total == 2


async def test_a_member_that_is_refused_has_no_agent_to_write_it_to(
    scene: Scene, admin: Member, user: Member
) -> None:
    await refuse(scene, user)
    (event,) = await scene.audited(admin, "tool.refused")
    assert (event.actor_id, event.target_id) == (user.user_id, None)


async def test_an_action_for_a_customer_names_no_member(scene: Scene, admin: Member) -> None:
    run = await scene.agent_run(customer_of(admin))
    await refuse(scene, run)
    (action,) = (await scene.desk.agents.list_actions(admin, run.agent_id, ALL)).data
    assert action.user_id is None


async def test_while_storage_is_gone_the_log_line_remains(
    scene: Scene, run: AgentRun, caplog: pytest.LogCaptureFixture
) -> None:
    await scene.break_storage()
    await refuse(scene, run)
    assert caplog.messages == ["refusal not stored", VIOLATION]


async def test_what_a_model_made_up_is_kept_as_far_as_it_can_be(
    scene: Scene, admin: Member, run: AgentRun
) -> None:
    note: NoteRefusal = scene.desk.call_tool.note_refusal
    await note(run, "fl\0y", {"to": "\ud83d"}, call_id="call-1", reason="no \0 tool")
    (event,) = await scene.audited(admin, "tool.refused")
    assert (event.data["tool"], event.data["reason"]) == ("fl\ufffdy", "no \ufffd tool")
    (action,) = (await scene.desk.agents.list_actions(admin, run.agent_id, ALL)).data
    assert (action.tool, action.arguments) == ("fl\ufffdy", {"to": "\ufffd"})
