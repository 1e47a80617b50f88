"""Tasks: made with their data checked, and seen by whose they are."""

from datetime import datetime, timedelta, timezone

import pytest

from hexdesk.core.errors import ForbiddenError, InvalidError, NotFoundError
from hexdesk.core.model.agents import AgentChange, NewAgent
from hexdesk.core.model.listing import Slice
from hexdesk.core.model.principals import Member, System
from hexdesk.core.model.tasks import AgentTask, TaskFilter, TaskStatus
from hexdesk.core.policy.rights import Right
from hexdesk.core.testing import NOON
from hexdesk.core.testing.examples import ALL
from hexdesk.core.use_cases.tasks import TaskBoard
from tests.unit.core.boards import TEXT, Note, Noting, a_wish, board, board_of, kind, made, stored
from tests.unit.core.scenes import Scene, customer_of

__all__ = ["board", "kind"]


async def test_a_task_is_the_callers_and_ready_at_once(
    scene: Scene, board: TaskBoard, kind: Noting, user: Member
) -> None:
    task = await made(board, user)
    assert task == AgentTask(
        id=task.id,
        organization_id=user.organization_id,
        created_by_id=user.user_id,
        task_type="note",
        task_data=TEXT | {"tags": []},
        created_at=NOON,
    )
    assert await board.get(user, task.id) == task
    as_stored = await stored(scene, task)
    assert (as_stored.principal, as_stored.ready_at) == (user, NOON)
    assert kind.checked == [(user, Note(text="Call back."))]


async def test_a_task_begins_when_it_is_scheduled_and_not_before_now(
    scene: Scene, board: TaskBoard, user: Member
) -> None:
    for hours in (2, -2):
        moment = (NOON + timedelta(hours=hours)).astimezone(timezone(timedelta(hours=9)))
        task = await made(board, user, scheduled_at=moment, priority=9, max_attempts=20)
        assert (task.priority, task.max_attempts) == (9, 20)
        assert task.scheduled_at
        assert task.scheduled_at == moment
        assert task.scheduled_at.tzname() == "UTC"
        assert (await stored(scene, task)).ready_at == max(NOON, moment)


async def test_a_moment_that_cannot_be_kept_is_refused(board: TaskBoard, user: Member) -> None:
    last = datetime.max.replace(tzinfo=timezone(timedelta(hours=-1)))
    with pytest.raises(InvalidError, match="not a moment") as error:
        await made(board, user, scheduled_at=last)
    assert error.value.pointer == "/scheduled_at"


async def test_the_priority_is_in_the_middle_unless_somebody_chose_one(
    scene: Scene, user: Member
) -> None:
    board = board_of(scene, Noting(priority=7))
    assert (await board.create(user, a_wish())).priority == 5
    assert (await board.create(user, a_wish(priority=0))).priority == 0


async def test_an_unknown_type_is_refused_with_those_that_may_be_asked_for(
    scene: Scene, user: Member
) -> None:
    board = board_of(
        scene,
        Noting(name="b"),
        Noting(name="a", right=Right.CHECK_AGENTS),
        Noting(name="of the desk", right=None),
    )
    for name in ("c", "of the desk"):
        with pytest.raises(InvalidError, match=f"unknown type '{name}'; known are a, b$") as error:
            await board.create(user, a_wish(task_type=name))
        assert error.value.pointer == "/task_type"


async def test_data_that_do_not_fit_the_type_are_refused(board: TaskBoard, user: Member) -> None:
    for data, pointer in (
        ({}, "/task_data/text"),
        ({"text": 7}, "/task_data/text"),
        (TEXT | {"role": "admin"}, "/task_data/role"),
        (TEXT | {"tags": ["a", 7]}, "/task_data/tags/1"),
    ):
        with pytest.raises(InvalidError) as error:
            await made(board, user, task_data=data)
        assert error.value.pointer == pointer


async def test_a_type_may_refuse_data_for_what_they_name(
    board: TaskBoard, kind: Noting, user: Member
) -> None:
    kind.refusal = InvalidError("names no file of yours", pointer="/text")
    with pytest.raises(InvalidError, match="names no file") as error:
        await made(board, user)
    assert error.value.pointer == "/task_data/text"
    assert (await board.list(user, TaskFilter(), ALL)).total == 0


async def test_a_type_may_need_a_right_of_its_own(
    scene: Scene, admin: Member, user: Member
) -> None:
    board = board_of(scene, Noting(right=Right.CHECK_AGENTS))
    task = await board.create(admin, a_wish())
    with pytest.raises(ForbiddenError, match="you may not check agents"):
        await board.create(user, a_wish(task_data={}))
    # Whoever was an admin then may look, but have nothing done any more.
    own = await stored(scene, task, created_by_id=user.user_id, status=TaskStatus.FAILED)
    assert (await board.get(user, own.id)).status is TaskStatus.FAILED
    with pytest.raises(ForbiddenError, match="you may not check agents"):
        await board.retry(user, own.id)


async def test_an_agent_must_be_one_that_works_here(
    scene: Scene, board: TaskBoard, admin: Member, stranger: Member
) -> None:
    agent = await scene.desk.agents.add(admin, NewAgent())
    assert (await made(board, admin, agent_id=agent.id)).agent_id == agent.id
    await scene.desk.agents.change(admin, agent.id, AgentChange(is_active=False))
    theirs = await scene.agent(stranger)
    for agent_id, message in (
        (agent.id, "switched off"),
        (theirs.id, "names no agent of yours"),
        (scene.clock.new_id(), "names no agent of yours"),
    ):
        with pytest.raises(InvalidError, match=message) as error:
            await made(board, admin, agent_id=agent_id)
        assert error.value.pointer == "/agent_id"


async def test_customers_have_no_tasks(board: TaskBoard, admin: Member) -> None:
    customer = customer_of(admin, "c@example.com")
    task = await made(board, admin)
    for attempt in (
        board.create(customer, a_wish()),
        board.get(customer, task.id),
        board.cancel(customer, task.id),
        board.retry(customer, task.id),
    ):
        with pytest.raises(ForbiddenError):
            await attempt


async def test_the_desk_itself_has_things_done_too(
    scene: Scene, board: TaskBoard, admin: Member
) -> None:
    desk = System(organization_id=admin.organization_id)
    task = await board.create(desk, a_wish())
    assert task.created_by_id is None
    assert await board.get(desk, task.id) == task
    assert (await stored(scene, task)).principal == desk


async def test_tasks_of_others_do_not_exist_but_for_an_admin(
    board: TaskBoard, admin: Member, user: Member, stranger: Member
) -> None:
    own, admins = await made(board, user), await made(board, admin)
    for who, seen in ((user, [own]), (admin, [admins, own]), (stranger, [])):
        page = await board.list(who, TaskFilter(), Slice(sort="-id"))
        assert (list(page.data), page.total) == (seen, len(seen))
    # Nobody sees others' tasks by asking for them.
    wanted = TaskFilter(created_by_id=admin.user_id)
    assert (await board.list(user, wanted, ALL)).data == (own,)
    for who, task in ((user, admins), (stranger, own)):
        for verb in (board.get, board.cancel, board.retry):
            with pytest.raises(NotFoundError):
                await verb(who, task.id)


async def test_tasks_are_sorted_by_what_is_shown_of_them(board: TaskBoard, user: Member) -> None:
    for name in ("lease_until", "task_data", "nothing"):
        with pytest.raises(InvalidError) as error:
            await board.list(user, TaskFilter(), Slice(sort=name))
        assert error.value.pointer == "/sort"
    await board.list(user, TaskFilter(), Slice(sort="-max_attempts"))
