"""Tasks that an agent does: for whom, with what, how they end, and how they go on."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from hexdesk.core.model.agents import ToolUseStatus
from hexdesk.core.model.chat import DegradedReason
from hexdesk.core.model.identity import Role
from hexdesk.core.model.principals import Member, System
from hexdesk.core.model.tasks import Task, TaskStatus
from hexdesk.core.ports.agents import AnswerFinished, HandedOver
from hexdesk.core.testing import Script, saying
from hexdesk.core.testing.examples import ALL
from hexdesk.core.use_cases.agents import AgentChange
from hexdesk.core.use_cases.members import MemberChange
from tests.unit.core.reading import give_to_agent, read_file
from tests.unit.core.scenes import Scene, customer_of
from tests.unit.core.scripts import DONE, USAGE, degraded, finished, started, step
from tests.unit.core.tasks import add, do, stored

TEXT = {"text": "Create a ticket."}


async def asked(*scripts: Script, **fields: Any) -> tuple[Scene, Member, Task]:
    """Return a desk, the admin of its organization, and a task of the admin's, not yet done."""
    scene = Scene.of(*scripts)
    admin = await scene.founder()
    wanted = {"task_type": "api_request", "task_data": TEXT, **fields}
    return scene, admin, await add(scene, admin, **wanted)


async def test_outside_of_a_conversation_there_is_nobody_to_hand_over_to() -> None:
    scene, _, task = await asked((HandedOver("wants a person"), *saying("I cannot.")))
    await do(scene.desk.task_desk, task)
    assert (await stored(scene, task)).status is TaskStatus.SUCCEEDED
    assert not scene.runner.requests[0].asks_people


async def test_an_agent_answers_a_text_with_its_tools() -> None:
    scene, admin, task = await asked(
        (started(), finished(), *saying("Ticket 1 is open.")),
    )
    await do(scene.desk.task_desk, task)
    after = await stored(scene, task)
    assert after.status is TaskStatus.SUCCEEDED
    assert after.result == {
        "text": "Ticket 1 is open.",
        "citations": [],
        "tools_used": [
            {
                "call_id": "call-1",
                "name": "get_ticket",
                "arguments": {"ticket_id": 1},
                "status": "ok",
                "duration_ms": 12.5,
                "error": None,
            }
        ],
        "model": "scripted",
        "usage": {"input_tokens": 10, "output_tokens": 5, "requests": 1},
    }
    agent = await scene.agent(admin)
    assert scene.runner.requests[0].knowledge == ""
    (action,) = (await scene.desk.agents.list_actions(admin, agent.id, ALL)).data
    assert (action.task_id, action.run_id, action.thread_id) == (task.id, task.id, None)
    assert (action.user_id, action.status) == (admin.user_id, ToolUseStatus.OK)


async def test_the_run_has_the_persons_tools_without_those_that_need_approval() -> None:
    scene = Scene.of(saying("Done."))
    admin = await scene.founder()
    agent = await scene.agent(admin)
    wish = AgentChange(
        tools_enabled=("get_ticket", "delete_ticket"), require_approval=("delete_ticket",)
    )
    await scene.desk.agents.change(admin, agent.id, wish)
    task = await add(scene, admin, task_type="api_request", task_data=TEXT, agent_id=agent.id)
    await do(scene.desk.task_desk, task)
    (request,) = scene.runner.requests
    assert request.tools == {"get_ticket"}
    assert (request.run_id, request.streams, request.content) == (task.id, False, TEXT["text"])
    run = scene.desk.ports.capabilities.verify(request.capability).run
    assert (run.task_id, run.acts_for, run.thread_id) == (task.id, admin, None)


async def test_a_customers_task_has_a_customers_tools() -> None:
    scene = Scene.of(saying("Done."))
    customer = customer_of(await scene.founder(), "cy@example.com")
    task = await add(scene, customer, task_type="api_request", task_data=TEXT)
    await do(scene.desk.task_desk, task)
    assert scene.runner.requests[0].tools == {"create_ticket", "search_tickets", "get_ticket"}


async def test_an_email_is_told_with_its_sender_and_subject() -> None:
    data = {"from": "cy@example.com", "subject": "Printer", "text": "It burns."}
    scene, _, task = await asked(saying("Oh!"), task_type="email", task_data=data)
    await do(scene.desk.task_desk, task)
    assert scene.runner.requests[0].content == (
        "From: cy@example.com\nSubject: Printer\n\nIt burns."
    )


async def test_a_slack_message_is_told_as_it_is() -> None:
    scene, _, task = await asked(saying("Hi!"), task_type="slack_message")
    await do(scene.desk.task_desk, task)
    assert scene.runner.requests[0].content == TEXT["text"]


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        (DegradedReason.MODEL_UNAVAILABLE, TaskStatus.QUEUED),
        (DegradedReason.MCP_UNAVAILABLE, TaskStatus.QUEUED),
        (DegradedReason.RUN_LIMIT, TaskStatus.FAILED),
    ],
)
async def test_a_degraded_answer_is_none(reason: DegradedReason, status: TaskStatus) -> None:
    scene, _, task = await asked(degraded(reason, "I am sorry."))
    await do(scene.desk.task_desk, task)
    after = await stored(scene, task)
    assert (after.status, after.result) == (status, None)
    assert after.error


async def test_a_model_that_ends_without_an_answer_is_asked_again() -> None:
    scene, _, task = await asked(())
    await do(scene.desk.task_desk, task)
    assert (await stored(scene, task)).error == "the model ended without an answer"


async def test_a_second_attempt_goes_on_where_the_first_one_was() -> None:
    scene, admin, task = await asked(
        (started(), step("one"), finished(), *degraded(DegradedReason.MODEL_UNAVAILABLE)),
        (finished(), *saying("Done.")),
    )
    await do(scene.desk.task_desk, task)
    scene.clock.advance(10)
    await do(scene.desk.task_desk, task)
    assert [request.steps for request in scene.runner.requests] == [None, b"one"]
    assert (await stored(scene, task)).status is TaskStatus.SUCCEEDED
    agent = await scene.agent(admin)
    assert len((await scene.desk.agents.list_actions(admin, agent.id, ALL)).data) == 1


async def test_calls_that_were_made_are_recorded_of_a_task_that_fails() -> None:
    end = AnswerFinished(model="scripted", usage=USAGE, degraded_reason=DegradedReason.RUN_LIMIT)
    scene, admin, task = await asked((started(), step("one"), finished(), step("two"), end))
    await do(scene.desk.task_desk, task)
    agent = await scene.agent(admin)
    (action,) = (await scene.desk.agents.list_actions(admin, agent.id, ALL)).data
    assert (action.task_id, action.status) == (task.id, ToolUseStatus.OK)


async def test_an_agent_that_takes_too_long_is_stopped() -> None:
    scene = Scene.of((asyncio.Event().wait, DONE))
    admin = await scene.founder()
    agent = await scene.agent(admin)
    await scene.desk.agents.change(admin, agent.id, AgentChange(timeout_seconds=1))
    task = await add(scene, admin, task_type="api_request", task_data=TEXT)
    await do(scene.desk.task_desk, task)
    after = await stored(scene, task)
    assert (after.status, after.error) == (TaskStatus.FAILED, "the agent did not end within 1 s")


async def test_nobody_acts_for_a_person_who_is_gone() -> None:
    scene = Scene.of()
    admin = await scene.founder()
    user = await scene.member(admin)
    task = await add(scene, user, task_type="api_request", task_data=TEXT)
    await scene.desk.identity.change_member(admin, user.user_id, MemberChange(is_active=False))
    await do(scene.desk.task_desk, task)
    after = await stored(scene, task)
    assert (after.status, after.error) == (
        TaskStatus.FAILED,
        "nobody is there any more for whom the agent could act",
    )


async def test_whoever_was_demoted_meanwhile_acts_as_what_it_is_now() -> None:
    scene = Scene.of(saying("Done."))
    admin = await scene.founder()
    second = await scene.member(admin, role=Role.ADMIN)
    task = await add(scene, second, task_type="api_request", task_data=TEXT)
    await scene.desk.identity.change_member(admin, second.user_id, MemberChange(role=Role.USER))
    await do(scene.desk.task_desk, task)
    run = scene.desk.ports.capabilities.verify(scene.runner.requests[0].capability).run
    assert run.acts_for == replace(second, role=Role.USER)


@pytest.mark.parametrize("is_removed", [True, False])
async def test_an_agent_that_is_gone_or_switched_off_does_nothing(*, is_removed: bool) -> None:
    scene = Scene.of()
    admin = await scene.founder()
    agent = await scene.agent(admin)
    task = await add(scene, admin, task_type="api_request", task_data=TEXT, agent_id=agent.id)
    async with scene.fakes.memory.transaction(admin) as tx:
        if is_removed:
            await tx.agents.remove(agent.id)
        else:
            present = await tx.agents.get(agent.id)
            await tx.agents.update(replace(present, is_active=False))
    await do(scene.desk.task_desk, task)
    after = await stored(scene, task)
    assert after.status is TaskStatus.FAILED
    assert (after.error or "").startswith(("the agent is", "no active agent"))


async def test_the_desk_itself_acts_for_nobody(scene: Scene, admin: Member) -> None:
    who = System(organization_id=admin.organization_id)
    task = await add(scene, who, task_type="api_request", task_data=TEXT)
    await do(scene.desk.task_desk, task)
    assert (await stored(scene, task)).status is TaskStatus.FAILED


async def test_an_agent_that_knows_files_cites_them() -> None:
    scene, admin, task = await asked(saying('Two weeks [[1: "within 14 days"]] [[9]].'))
    file = await read_file(scene, admin, "Refunds are paid within 14 days.", filename="a.pdf")
    await give_to_agent(scene, admin, file)
    await do(scene.desk.task_desk, task)
    assert "Refunds are paid" in scene.runner.requests[0].knowledge
    result = (await stored(scene, task)).result
    assert result
    assert result["text"] == "Two weeks [1]."
    assert result["citations"] == [
        {
            "file_id": str(file.id),
            "filename": "a.pdf",
            "page": 1,
            "sheet": None,
            "quote": "within 14 days",
        }
    ]
    assert scene.telemetry.citations == [(1, 1)]
