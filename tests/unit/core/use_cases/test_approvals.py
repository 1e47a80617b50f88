"""A call that needs a person's approval ends the run, and waits as it is."""

import msgspec
import pytest

from hexdesk.core.errors import ForbiddenError, NotFoundError
from hexdesk.core.model.agents import ToolUseStatus
from hexdesk.core.model.approvals import Approval, ApprovalFilter, ApprovalStatus
from hexdesk.core.model.chat import ThreadStatus
from hexdesk.core.model.principals import Member
from hexdesk.core.ports.agents import ToolStarted
from hexdesk.core.testing import saying
from hexdesk.core.testing.examples import ALL, later
from tests.unit.core.asking import content, events_of
from tests.unit.core.people import APPROVE, ARGUMENTS, DELETE, Waiting, waiting
from tests.unit.core.scripts import DONE, Gate, finished, started, step

DAY = 24 * 3600


async def test_a_call_that_needs_approval_ends_the_run_and_the_thread_waits() -> None:
    talk = await Waiting.begin()
    response, approval = talk.response, talk.approval
    assert content(response) == (
        "This needs a person's approval first: `delete_ticket`."
        " I go on as soon as somebody decides."
    )
    assert [(use.name, use.status) for use in response.tools_used] == [
        (DELETE, ToolUseStatus.AWAITING_APPROVAL)
    ]
    assert (approval.thread_id, approval.run_id) == (talk.thread.id, response.run_id)
    assert (approval.tool, approval.arguments) == (DELETE, ARGUMENTS)
    assert (approval.status, approval.expires_at) == (ApprovalStatus.PENDING, later(DAY))
    assert not response.degraded
    assert (await talk.now()).status is ThreadStatus.WAITING_APPROVAL


async def test_what_the_model_said_before_is_the_message() -> None:
    talk = await Waiting.begin(waiting("I would delete it."))
    assert content(talk.response) == "I would delete it."


async def test_the_stream_tells_of_the_approval_before_its_end() -> None:
    talk = await Waiting.begin()
    events = await events_of(talk.scene, talk.admin, talk.response)
    assert [event.type for event in events] == [
        "run.started", "tool.started", "tool.finished", "text.delta",
        "approval.required", "run.completed",
    ]  # fmt: skip
    told = msgspec.json.decode(events[-2].data)["approval"]
    assert told == msgspec.json.decode(msgspec.json.encode(talk.approval))
    assert set(told) == set(Approval.__struct_fields__)


async def test_what_waits_is_written_down() -> None:
    talk = await Waiting.begin()
    (event,) = await talk.scene.audited(talk.admin, "approval.requested")
    assert (event.target_id, event.actor_type) == (talk.approval.id, "agent")
    actions = await talk.scene.desk.agents.list_actions(talk.admin, talk.thread.agent_id, ALL)
    assert [(one.tool, one.status) for one in actions.data] == [
        (DELETE, ToolUseStatus.AWAITING_APPROVAL)
    ]


async def test_a_secret_is_not_shown_and_yet_part_of_what_is_approved() -> None:
    talk = await Waiting.begin(waiting(password="hunter2"), saying("Done."))
    assert talk.approval.arguments == {"password": "[redacted]"}
    await talk.resumed(await talk.decide())
    call = talk.scene.runner.requests[-1].decided
    assert call
    assert call.arguments == {"password": "hunter2"}


async def test_people_see_the_approvals_of_the_conversations_they_see() -> None:
    talk = await Waiting.begin()
    people = talk.scene.desk.people
    other = await talk.scene.member(talk.admin)
    page = await people.list_approvals(other, ApprovalFilter(), ALL)
    assert page.data == ()
    with pytest.raises(NotFoundError):
        await people.get_approval(other, talk.approval.id)
    assert await people.get_approval(talk.admin, talk.approval.id) == talk.approval
    assert await talk.approvals(ApprovalStatus.PENDING) == (talk.approval,)
    assert await talk.approvals(ApprovalStatus.APPROVED) == ()


async def test_deciding_takes_an_admin() -> None:
    talk = await Waiting.begin()
    user = await talk.scene.member(talk.admin)
    with pytest.raises(ForbiddenError):
        await talk.scene.desk.people.decide(user, talk.approval.id, APPROVE)


async def test_meanwhile_people_go_on_talking_and_the_model_knows_that_the_call_waits() -> None:
    talk = await Waiting.begin(waiting(), saying("It still waits."))
    response = await talk.scene.ask(talk.admin, talk.thread, "And now?")
    assert content(response) == "It still waits."
    request = talk.scene.runner.requests[-1]
    assert "It waits for a person's decision and has not been made." in request.history[-1].content
    assert (await talk.now()).status is ThreadStatus.WAITING_APPROVAL


async def test_a_call_cannot_wait_in_a_run_that_broke_off() -> None:
    """The runner's time was over before it could say how far it was."""
    gate = Gate()
    call: ToolStarted = started("call-1", DELETE, ARGUMENTS)
    end = finished("call-1", DELETE, ToolUseStatus.AWAITING_APPROVAL)
    talk = await Waiting.begin((step(), call, end, gate, DONE), timeout_seconds=1)
    assert talk.response.approvals == ()
    assert [(use.status, use.error) for use in talk.response.tools_used] == [
        (ToolUseStatus.ERROR, "was interrupted")
    ]
    assert (await talk.now()).status is ThreadStatus.ACTIVE


async def test_a_stranger_finds_no_approval() -> None:
    talk = await Waiting.begin()
    stranger: Member = await talk.scene.founder("eve@example.org", "Other")
    with pytest.raises(NotFoundError):
        await talk.scene.desk.people.get_approval(stranger, talk.approval.id)
    with pytest.raises(NotFoundError):
        await talk.scene.desk.people.decide(stranger, talk.approval.id, APPROVE)
