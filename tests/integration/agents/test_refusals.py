"""A refused tool call is written down once, whoever refused it, and the person gets an answer."""

import asyncio
import logging

import pytest

from hexdesk.core.model.agents import AgentAction, ToolUseStatus
from hexdesk.core.model.identity import Role
from hexdesk.core.testing import examples
from hexdesk.core.use_cases.members import MemberChange
from tests.integration.agents.talks import Talk
from tests.integration.desk_with_tools import SignedIn, ToolDesk
from tests.openai_server import OpenAIServer, Reply, ToolCall

VIOLATION = "security violation: unauthorized tool"
DELETE = ToolCall(name="delete_ticket", arguments={"ticket_id": 1}, id="call")
SORRY = Reply(text="I may not do that.")


def violations(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Return the log lines that tell of refused calls."""
    return [record for record in caplog.records if record.message == VIOLATION]


async def denied(talk: Talk, admin: SignedIn) -> list[AgentAction]:
    """Return the agent's denied calls that are on record."""
    actions = talk.desk.desk.agents.list_actions
    page = await actions(admin.who, talk.agent.id, examples.ALL)
    return [action for action in page.data if action.status is ToolUseStatus.DENIED]


async def test_what_the_agent_was_not_given_is_refused_on_its_side(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn, caplog: pytest.LogCaptureFixture
) -> None:
    ticket = await desk.add_ticket(admin.who)
    model.script(Reply(tool_calls=(DELETE,)), SORRY)
    talk = await Talk.begin(desk, admin, tools_enabled=("get_ticket",), require_approval=())
    response = await talk.say("Delete it!")
    assert response.message is not None
    assert response.message.content == SORRY.text
    assert not response.degraded
    (use,) = response.tools_used
    assert use.status is ToolUseStatus.DENIED
    assert len(await desk.refusals(admin)) == len(await denied(talk, admin)) == 1
    assert len(violations(caplog)) == 1
    assert await desk.tickets(admin.who) == (ticket,)


async def test_what_both_sides_refuse_is_written_down_once(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn, caplog: pytest.LogCaptureFixture
) -> None:
    ticket = await desk.add_ticket(admin.who)
    boss = await desk.add_user(admin)
    await desk.desk.identity.change_member(
        admin.who, boss.who.user_id, MemberChange(role=Role.ADMIN)
    )
    promoted = SignedIn(who=examples.replace(boss.who, role=Role.ADMIN), token=boss.token)
    talk = await Talk.begin(desk, promoted, tools_enabled=("delete_ticket",), require_approval=())
    model.script(Reply(tool_calls=(DELETE,)), SORRY)
    model.pause()
    saying = asyncio.create_task(talk.say("Delete it!"))
    await model.received(1)
    # While the model thinks, the person loses the right.
    change = MemberChange(role=Role.USER)
    await desk.desk.identity.change_member(admin.who, boss.who.user_id, change)
    model.resume()
    response = await saying
    (use,) = response.tools_used
    assert (use.status, use.error) == (
        ToolUseStatus.DENIED,
        "access to the tool 'delete_ticket' is denied",
    )
    assert len(await desk.refusals(admin)) == len(await denied(talk, admin)) == 1
    assert len(violations(caplog)) == 1
    assert await desk.tickets(admin.who) == (ticket,)


async def test_an_agent_deletes_nothing_for_a_user(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn
) -> None:
    ticket = await desk.add_ticket(admin.who)
    user = await desk.add_user(admin)
    settings = {"tools_enabled": ("delete_ticket", "get_ticket"), "require_approval": ()}
    mine = await Talk.begin(desk, admin, **settings)
    theirs = await Talk.begin_with(desk, user, mine.agent)
    model.script(Reply(tool_calls=(DELETE,)), SORRY)
    (use,) = (await theirs.say("Delete it!")).tools_used
    assert use.status is ToolUseStatus.DENIED
    assert model.requests[0].tool_names == ("get_ticket",)
    assert await desk.tickets(admin.who) == (ticket,)
    model.script(Reply(tool_calls=(DELETE,)), SORRY)
    (use,) = (await mine.say("Delete it!")).tools_used
    assert use.status is ToolUseStatus.OK
    assert await desk.tickets(admin.who) == ()


async def test_a_mistake_is_no_violation(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = ToolCall(name="get_ticket", arguments="no json")
    missing = ToolCall(name="get_ticket", arguments={"ticket_id": 7})
    model.script(Reply(tool_calls=(wrong, missing)), SORRY)
    response = await (await Talk.begin(desk, admin)).say("Show it!")
    assert [use.status for use in response.tools_used] == [ToolUseStatus.ERROR] * 2
    assert await desk.refusals(admin) == ()
    assert violations(caplog) == []


async def test_each_refused_call_of_a_stubborn_model_is_written_down(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn, caplog: pytest.LogCaptureFixture
) -> None:
    model.script(Reply(tool_calls=(DELETE, DELETE)), Reply(tool_calls=(DELETE,)), SORRY)
    talk = await Talk.begin(desk, admin, tools_enabled=("get_ticket",), require_approval=())
    response = await talk.say("Delete it!")
    assert len(response.tools_used) == 3
    assert len(await desk.refusals(admin)) == len(await denied(talk, admin)) == 3
    assert len(violations(caplog)) == 3
