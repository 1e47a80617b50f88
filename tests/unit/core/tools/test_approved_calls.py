"""Calls that need a person's approval: checked before, made after, refused otherwise."""

from typing import Any

import pytest
from msgspec.structs import replace

from hexdesk.core.model.agents import ToolUseStatus
from hexdesk.core.model.approvals import ApprovedCall
from hexdesk.core.model.identity import Role
from hexdesk.core.model.principals import AgentRun, Member
from hexdesk.core.policy.approvals import digest
from hexdesk.core.ports.tools import ToolAnswer
from hexdesk.core.testing.examples import ALL
from hexdesk.core.use_cases.members import MemberChange
from hexdesk.core.use_cases.tickets import NewTicket
from tests.unit.core.scenes import Scene

DELETE = "delete_ticket"
FIRST = {"ticket_id": 1}
NEEDS = "'delete_ticket' needs a person's approval"


@pytest.fixture
async def run(scene: Scene, admin: Member) -> AgentRun:
    """Return a run that must ask before it deletes one of two tickets."""
    for title in ("first", "second"):
        await scene.desk.tickets.create(admin, NewTicket(title=title))
    return await scene.agent_run(admin, "get_ticket", needs_approval=frozenset({DELETE}))


def approved(run: AgentRun, arguments: dict[str, Any], **fields: Any) -> AgentRun:
    """Return the run with an approval of one exact call."""
    call = ApprovedCall(call_id="call_1", tool=DELETE, arguments_hash=digest(arguments))
    return replace(run, approved=replace(call, **fields))


async def left(scene: Scene, admin: Member) -> int:
    return (await scene.desk.tickets.stats(admin)).total


async def test_what_needs_approval_is_listed_and_refused(
    scene: Scene, admin: Member, run: AgentRun
) -> None:
    assert [one.name for one in await scene.desk.callable_tools(run)] == ["get_ticket", DELETE]
    answer = await scene.desk.call_tool(run, DELETE, FIRST, call_id="call_1")
    assert answer == ToolAnswer(error=NEEDS, is_denied=True)
    assert await left(scene, admin) == 2


async def test_the_approved_call_is_made_once(scene: Scene, admin: Member, run: AgentRun) -> None:
    for _ in range(2):
        answer = await scene.desk.call_tool(approved(run, FIRST), DELETE, FIRST, call_id="call_1")
        assert answer.error is None
    assert await left(scene, admin) == 1


async def test_no_other_call_is_covered(scene: Scene, admin: Member, run: AgentRun) -> None:
    allowed = approved(run, FIRST)
    for call_id, arguments in (("call_1", {"ticket_id": 2}), ("call_2", FIRST), (None, FIRST)):
        answer = await scene.desk.call_tool(allowed, DELETE, arguments, call_id=call_id)
        assert answer == ToolAnswer(error=NEEDS, is_denied=True)
    assert await left(scene, admin) == 2


async def test_an_approval_of_a_tool_that_the_run_does_not_have_is_used_for_its_call_only(
    scene: Scene, admin: Member, run: AgentRun
) -> None:
    without = replace(approved(run, FIRST), needs_approval=frozenset[str]())
    answer = await scene.desk.call_tool(without, DELETE, {"ticket_id": 2}, call_id="call_1")
    assert (answer.is_denied, answer.error) == (
        True,
        "access to the tool 'delete_ticket' is denied",
    )
    assert await left(scene, admin) == 2


async def test_an_approval_widens_no_right(scene: Scene, admin: Member, run: AgentRun) -> None:
    user = await scene.member(admin)
    for_user = replace(approved(run, FIRST), acts_for=user)
    answer = await scene.desk.call_tool(for_user, DELETE, FIRST, call_id="call_1")
    assert answer.is_denied
    assert await left(scene, admin) == 2


async def check(
    scene: Scene, run: AgentRun | Member, name: str = DELETE, **arguments: Any
) -> ToolAnswer:
    return await scene.desk.check_call(run, name, arguments or FIRST, call_id="call_1")


async def test_a_call_that_a_person_could_allow_is_only_looked_at(
    scene: Scene, admin: Member, run: AgentRun
) -> None:
    assert await check(scene, run) == ToolAnswer()
    assert await left(scene, admin) == 2


async def test_nobody_is_asked_about_wrong_arguments(scene: Scene, run: AgentRun) -> None:
    answer = await check(scene, run, nonsense=1)
    assert not answer.is_denied
    assert answer.error
    assert answer.error.startswith("wrong arguments for delete_ticket")
    assert (await check(scene, run, ticket_id="\ud800")).error


@pytest.mark.parametrize("name", ["get_ticket", "create_ticket", "no_such_tool"])
async def test_what_nobody_could_allow_is_refused_and_written_down(
    scene: Scene, admin: Member, run: AgentRun, name: str
) -> None:
    answer = await check(scene, run, name)
    assert answer.is_denied
    assert len(await scene.audited(admin, "tool.refused")) == 1
    (action,) = (await scene.desk.agents.list_actions(admin, run.agent_id, ALL)).data
    assert (action.tool, action.status) == (name, ToolUseStatus.DENIED)


async def test_an_unknown_tool_cannot_be_allowed(scene: Scene, run: AgentRun) -> None:
    needing = replace(run, needs_approval=frozenset({"gone"}))
    assert (await check(scene, needing, "gone")).is_denied


async def test_nobody_is_asked_to_allow_what_the_person_acted_for_may_not(
    scene: Scene, admin: Member, run: AgentRun
) -> None:
    for_user = replace(run, acts_for=await scene.member(admin))
    assert (await check(scene, for_user)).is_denied
    other = await scene.member(admin, "cy@example.com", Role.ADMIN)
    for_other = replace(run, acts_for=other)
    await scene.desk.identity.change_member(admin, other.user_id, MemberChange(role=Role.USER))
    assert (await check(scene, for_other)).is_denied


async def test_a_member_has_nobody_to_ask(scene: Scene, admin: Member, run: AgentRun) -> None:
    assert (await check(scene, admin)).is_denied


async def test_without_storage_nobody_is_asked(scene: Scene, run: AgentRun) -> None:
    await scene.break_storage()
    answer = await check(scene, run)
    assert answer == ToolAnswer(error="delete_ticket is temporarily unavailable")
