"""Tasks: made with their data checked, seen by whose they are, stopped and tried again."""

import asyncio
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from hexdesk.core.model.agents import AgentChange, NewAgent
from hexdesk.core.model.listing import Slice
from hexdesk.core.model.principals import Member, System
from hexdesk.core.model.tasks import AgentTask, Task, TaskFilter, TaskStatus
from hexdesk.core.policy.rights import Right
from hexdesk.core.testing import NOON, ScriptedTaskType
from hexdesk.core.testing.examples import ALL, FAR_AHEAD, new_id
from hexdesk.core.testing.scripted_tasks import Note
from hexdesk.core.use_cases.tasks import NewTask, TaskBoard
from tests.unit.core.scenes import Scene, customer_of

TEXT = {"text": "Call back."}


async def made(scene: Scene, who: Member, **fields: Any) -> AgentTask:
    return await scene.desk.tasks.create(who, a_wish(**fields))


def a_wish(**fields: Any) -> NewTask:
    return replace(NewTask(task_type="note", task_data=TEXT), **fields)


async def stored(scene: Scene, task: AgentTask, **changes: Any) -> Task:
    """Change a task as whoever does it would, and return it."""
    async with scene.fakes.memory.transaction(System(organization_id=task.organization_id)) as tx:
        changed = replace(await tx.tasks.get(task.id), **changes)
        await tx.tasks.update(changed)
        return changed


async def claimed(scene: Scene, task: AgentTask) -> Task:
    """Begin an attempt."""
    async with scene.fakes.memory.transaction(System(organization_id=task.organization_id)) as tx:
        held = await tx.tasks.claim(task.id, new_id(), FAR_AHEAD)
    assert held
    return held


def board_of(scene: Scene, *types: ScriptedTaskType) -> TaskBoard:
    """Return a board of other types than the scene has."""
    return TaskBoard.of(scene.fakes.storage, scene.clock, {one.name: one for one in types})


async def test_a_task_is_the_callers_and_ready_at_once(scene: Scene, user: Member) -> None:
    task = await made(scene, user)
    assert task == AgentTask(
        id=task.id,
        organization_id=user.organization_id,
        created_by_id=user.user_id,
        task_type="note",
        task_data=TEXT | {"tags": []},
        created_at=NOON,
    )
    assert await scene.desk.tasks.get(user, task.id) == task
    as_stored = await stored(scene, task)
    assert (as_stored.principal, as_stored.ready_at) == (user, NOON)
    assert scene.task_type.checked == [(user, Note(text="Call back."))]


async def test_a_task_begins_when_it_is_scheduled_and_not_before_now(
    scene: Scene, user: Member
) -> None:
    for hours in (2, -2):
        moment = (NOON + timedelta(hours=hours)).astimezone(timezone(timedelta(hours=9)))
        task = await made(scene, user, scheduled_at=moment, priority=9, max_attempts=20)
        assert (task.priority, task.max_attempts) == (9, 20)
        assert task.scheduled_at
        assert task.scheduled_at == moment
        assert task.scheduled_at.tzname() == "UTC"
        assert (await stored(scene, task)).ready_at == max(NOON, moment)


async def test_a_moment_that_cannot_be_kept_is_refused(scene: Scene, user: Member) -> None:
    last = datetime.max.replace(tzinfo=timezone(timedelta(hours=-1)))
    with pytest.raises(InvalidError, match="not a moment") as error:
        await made(scene, user, scheduled_at=last)
    assert error.value.pointer == "/scheduled_at"


async def test_the_priority_is_the_types_unless_somebody_chose_one(
    scene: Scene, user: Member
) -> None:
    board = board_of(scene, ScriptedTaskType(priority=7))
    assert (await board.create(user, a_wish())).priority == 7
    assert (await board.create(user, a_wish(priority=0))).priority == 0


async def test_an_unknown_type_is_refused_with_those_that_may_be_asked_for(
    scene: Scene, user: Member
) -> None:
    board = board_of(
        scene,
        ScriptedTaskType(name="b"),
        ScriptedTaskType(name="a", right=Right.CHECK_AGENTS),
        ScriptedTaskType(name="of the desk", right=None),
    )
    for name in ("c", "of the desk"):
        with pytest.raises(InvalidError, match=f"unknown type '{name}'; known are a, b$") as error:
            await board.create(user, a_wish(task_type=name))
        assert error.value.pointer == "/task_type"


async def test_data_that_do_not_fit_the_type_are_refused(scene: Scene, user: Member) -> None:
    for data, pointer in (
        ({}, "/task_data/text"),
        ({"text": 7}, "/task_data/text"),
        (TEXT | {"role": "admin"}, "/task_data/role"),
        (TEXT | {"tags": ["a", 7]}, "/task_data/tags/1"),
    ):
        with pytest.raises(InvalidError) as error:
            await made(scene, user, task_data=data)
        assert error.value.pointer == pointer


async def test_a_type_may_refuse_data_for_what_they_name(scene: Scene, user: Member) -> None:
    scene.task_type.refusal = InvalidError("names no file of yours", pointer="/text")
    with pytest.raises(InvalidError, match="names no file") as error:
        await made(scene, user)
    assert error.value.pointer == "/task_data/text"
    assert (await scene.desk.tasks.list(user, TaskFilter(), ALL)).total == 0


async def test_a_type_may_need_a_right_of_its_own(
    scene: Scene, admin: Member, user: Member
) -> None:
    board = board_of(scene, ScriptedTaskType(right=Right.CHECK_AGENTS))
    task = await board.create(admin, a_wish())
    with pytest.raises(ForbiddenError, match="you may not check agents"):
        await board.create(user, a_wish(task_data={}))
    # Whoever was an admin then may look, but have nothing done any more.
    own = await stored(scene, task, created_by_id=user.user_id, status=TaskStatus.FAILED)
    assert (await board.get(user, own.id)).status is TaskStatus.FAILED
    with pytest.raises(ForbiddenError, match="you may not check agents"):
        await board.retry(user, own.id)


async def test_an_agent_must_be_one_that_works_here(
    scene: Scene, admin: Member, stranger: Member
) -> None:
    agent = await scene.desk.agents.add(admin, NewAgent())
    assert (await made(scene, admin, agent_id=agent.id)).agent_id == agent.id
    await scene.desk.agents.change(admin, agent.id, AgentChange(is_active=False))
    theirs = await scene.agent(stranger)
    for agent_id, message in (
        (agent.id, "switched off"),
        (theirs.id, "names no agent of yours"),
        (scene.clock.new_id(), "names no agent of yours"),
    ):
        with pytest.raises(InvalidError, match=message) as error:
            await made(scene, admin, agent_id=agent_id)
        assert error.value.pointer == "/agent_id"


async def test_customers_have_no_tasks(scene: Scene, admin: Member) -> None:
    customer, board = customer_of(admin, "c@example.com"), scene.desk.tasks
    task = await made(scene, admin)
    for attempt in (
        board.create(customer, a_wish()),
        board.get(customer, task.id),
        board.cancel(customer, task.id),
        board.retry(customer, task.id),
    ):
        with pytest.raises(ForbiddenError):
            await attempt


async def test_the_desk_itself_has_things_done_too(scene: Scene, admin: Member) -> None:
    desk = System(organization_id=admin.organization_id)
    task = await scene.desk.tasks.create(desk, a_wish())
    assert task.created_by_id is None
    assert await scene.desk.tasks.get(desk, task.id) == task
    assert (await stored(scene, task)).principal == desk


async def test_tasks_of_others_do_not_exist_but_for_an_admin(
    scene: Scene, admin: Member, user: Member, stranger: Member
) -> None:
    own, admins = await made(scene, user), await made(scene, admin)
    board = scene.desk.tasks
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


async def test_tasks_are_sorted_by_what_is_shown_of_them(scene: Scene, user: Member) -> None:
    for name in ("lease_until", "task_data", "nothing"):
        with pytest.raises(InvalidError) as error:
            await scene.desk.tasks.list(user, TaskFilter(), Slice(sort=name))
        assert error.value.pointer == "/sort"
    await scene.desk.tasks.list(user, TaskFilter(), Slice(sort="-max_attempts"))


@pytest.mark.parametrize("is_under_way", [False, True])
async def test_a_cancelled_task_is_nobodys_work_any_more(
    scene: Scene, user: Member, *, is_under_way: bool
) -> None:
    task = await made(scene, user)
    held = await claimed(scene, task) if is_under_way else None
    scene.clock.advance(60)
    cancelled = await scene.desk.tasks.cancel(user, task.id)
    assert cancelled.status is TaskStatus.CANCELLED
    assert cancelled.finished_at == NOON + timedelta(seconds=60)
    kept = await stored(scene, task)
    assert (kept.shown(), kept.lease_token, kept.lease_until) == (cancelled, None, None)
    assert scene.task_type.given_up == [kept]
    async with scene.fakes.memory.transaction(user) as tx:
        assert await tx.tasks.claim(task.id, new_id(), FAR_AHEAD) is None
        if held:
            assert not await tx.tasks.settle(replace(held, status=TaskStatus.SUCCEEDED))


async def test_a_task_that_has_ended_is_not_cancelled(scene: Scene, user: Member) -> None:
    task = await made(scene, user)
    for status in (TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.CANCELLED):
        await stored(scene, task, status=status)
        with pytest.raises(ConflictError, match=f"has ended: it is {status.value}"):
            await scene.desk.tasks.cancel(user, task.id)
    assert scene.task_type.given_up == []


async def test_what_is_given_up_is_cancelled_or_not_at_all(scene: Scene, user: Member) -> None:
    class Failing(ScriptedTaskType):
        async def give_up(self, tx: Any, task: Task) -> None:
            raise ConflictError("not now")

    task = await made(scene, user)
    with pytest.raises(ConflictError, match="not now"):
        await board_of(scene, Failing()).cancel(user, task.id)
    assert await scene.desk.tasks.get(user, task.id) == task


@pytest.mark.parametrize("status", [TaskStatus.FAILED, TaskStatus.CANCELLED])
async def test_a_task_is_tried_again_with_all_its_attempts_from_where_it_got(
    scene: Scene, user: Member, status: TaskStatus
) -> None:
    task = await made(scene, user, scheduled_at=NOON)
    await claimed(scene, task)
    scene.clock.advance(60)
    await stored(
        scene,
        task,
        status=status,
        attempts=3,
        progress=0.5,
        error="it did not work",
        steps=b"step 1",
        finished_at=scene.clock.now(),
        lease_token=None,
        lease_until=None,
    )
    retried = await scene.desk.tasks.retry(user, task.id)
    assert retried == replace(task, progress=0.5)
    kept = await stored(scene, task)
    assert (kept.ready_at, kept.steps) == (scene.clock.now(), b"step 1")
    assert (await claimed(scene, task)).attempts == 1


async def test_only_what_failed_or_was_cancelled_is_tried_again(scene: Scene, user: Member) -> None:
    task = await made(scene, user)
    for status in (TaskStatus.QUEUED, TaskStatus.RUNNING, TaskStatus.SUCCEEDED):
        await stored(scene, task, status=status)
        with pytest.raises(ConflictError, match=f"the task is {status.value}: only failed"):
            await scene.desk.tasks.retry(user, task.id)


async def test_of_many_that_retry_a_task_at_once_one_does(scene: Scene, user: Member) -> None:
    task = await made(scene, user)
    await stored(scene, task, status=TaskStatus.FAILED)
    retry = scene.desk.tasks.retry
    tried = await asyncio.gather(*(retry(user, task.id) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(one, ConflictError) for one in tried) == 4


async def test_a_task_of_a_type_that_is_gone_or_the_desks_own_is_cancelled_and_retried(
    scene: Scene, admin: Member
) -> None:
    task = await made(scene, admin)
    for board in (board_of(scene), board_of(scene, ScriptedTaskType(right=None))):
        assert (await board.cancel(admin, task.id)).status is TaskStatus.CANCELLED
        assert (await board.retry(admin, task.id)).status is TaskStatus.QUEUED
