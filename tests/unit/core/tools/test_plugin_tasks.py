"""Types of tasks that plugins bring."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from msgspec import structs

from hexdesk.core.additions import Additions
from hexdesk.core.errors import InvalidError
from hexdesk.core.model.identity import Role
from hexdesk.core.model.principals import AgentRun, Member, Person, System
from hexdesk.core.model.tasks import AgentTask, Endurance, TaskHint, TaskStatus
from hexdesk.core.policy.rights import Right
from hexdesk.core.tools.context import TaskContext
from hexdesk.core.tools.plugin_tasks import PluginTask, task_type
from hexdesk.core.use_cases.members import MemberChange
from hexdesk.core.use_cases.task_desk import UNEXPECTED
from hexdesk.core.use_cases.task_types import BUILTIN_TASK_TYPES
from hexdesk.core.use_cases.tasks import NewTask
from tests.unit.core.scenes import Scene
from tests.unit.core.tasks import add


class Week(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    number: int


class Count(msgspec.Struct, frozen=True):
    week: int
    keys: tuple[str, ...]


@task_type(endurance=Endurance(time_limit=5))
async def count_week(context: TaskContext, data: Week) -> Count:
    """Count the tickets of a week."""
    await context.report(0.5)
    return Count(week=data.number, keys=(context.idempotency_key, context.settings["country"]))


def desk_with(kind: PluginTask) -> Scene:
    stamped = replace(kind, source="shop", settings={"country": "se"})
    return Scene.of(additions=Additions(task_types=(stamped,)))


async def asked(scene: Scene, who: Member, name: str) -> AgentTask:
    return await scene.desk.tasks.create(who, NewTask(task_type=name, task_data={"number": 7}))


async def attempted(scene: Scene, reader: Member, task: AgentTask) -> AgentTask:
    hint = TaskHint(task_id=task.id, organization_id=task.organization_id, priority=task.priority)
    await scene.desk.task_desk.do(hint)
    return await scene.desk.tasks.get(reader, task.id)


async def done(scene: Scene, who: Member, name: str) -> AgentTask:
    return await attempted(scene, who, await asked(scene, who, name))


async def test_a_task_of_a_plugin_is_asked_for_and_done_as_any_other() -> None:
    scene = desk_with(count_week)
    admin = await scene.founder()

    task = await done(scene, admin, "count_week")

    assert (task.status, task.progress) == (TaskStatus.SUCCEEDED, 1)
    assert task.result == {"week": 7, "keys": [str(task.id), "se"]}


async def test_data_that_do_not_fit_are_refused_when_it_is_asked_for() -> None:
    scene = desk_with(count_week)
    admin = await scene.founder()

    with pytest.raises(InvalidError):
        await scene.desk.tasks.create(
            admin, NewTask(task_type="count_week", task_data={"number": "seven"})
        )


@pytest.mark.parametrize(("made", "kept"), [(None, {}), ({"a": (1,)}, {"a": [1]})])
async def test_a_result_may_be_a_dict_or_nothing(made: Any, kept: dict[str, Any]) -> None:
    @task_type()
    async def give(context: TaskContext, data: Week) -> object:
        """Give it."""
        return made

    scene = desk_with(give)
    admin = await scene.founder()

    assert (await done(scene, admin, "give")).result == kept


async def test_another_result_fails_the_task_in_words() -> None:
    @task_type()
    async def give(context: TaskContext, data: Week) -> int:
        """Give a number."""
        return 7

    scene = desk_with(give)
    admin = await scene.founder()

    task = await done(scene, admin, "give")

    assert task.status is TaskStatus.FAILED
    assert task.error == "give returned something else than a Struct or a dict"


@pytest.mark.parametrize("error", [RuntimeError("a secret of theirs"), SystemExit(1)])
async def test_what_a_task_raises_is_tried_again_and_shows_no_internals(
    error: BaseException,
) -> None:
    @task_type()
    async def stumble(context: TaskContext, data: Week) -> None:
        """Go wrong."""
        raise error

    scene = desk_with(stumble)
    admin = await scene.founder()

    task = await done(scene, admin, "stumble")

    assert (task.status, task.error) == (TaskStatus.QUEUED, UNEXPECTED)


async def test_a_task_without_a_right_is_not_to_be_asked_for() -> None:
    @task_type(right=None)
    async def inner(context: TaskContext, data: Week) -> None:
        """Be done by the desk itself."""

    scene = desk_with(inner)
    admin = await scene.founder()

    with pytest.raises(InvalidError):
        await scene.desk.tasks.create(admin, NewTask(task_type="inner", task_data={"number": 7}))
    assert (inner.right, count_week.right) == (None, Right.USE_TASKS)


def noting(seen: list[Person | System], right: Right | None = Right.USE_TASKS) -> PluginTask:
    @task_type(right=right)
    async def note(context: TaskContext, data: Week) -> None:
        """Note for whom it is done."""
        assert not isinstance(context.who, AgentRun)
        seen.append(context.who)

    return note


@pytest.mark.parametrize("fate", ["deactivated", "removed"])
async def test_nothing_is_done_for_whoever_is_gone(fate: str) -> None:
    seen: list[Person | System] = []
    scene = desk_with(noting(seen))
    admin = await scene.founder()
    user = await scene.member(admin)
    task = await asked(scene, user, "note")
    if fate == "removed":
        await scene.desk.identity.remove_member(admin, user.user_id)
    else:
        off = MemberChange(is_active=False)
        await scene.desk.identity.change_member(admin, user.user_id, off)

    task = await attempted(scene, admin, task)

    assert (task.status, seen) == (TaskStatus.FAILED, [])
    assert task.error == "whoever asked for it is not there any more"


async def test_whoever_was_demoted_meanwhile_has_it_done_as_what_it_is_now() -> None:
    seen: list[Person | System] = []
    scene = desk_with(noting(seen))
    admin = await scene.founder()
    other = await scene.member(admin, role=Role.ADMIN)
    task = await asked(scene, other, "note")
    change = MemberChange(role=Role.USER)
    await scene.desk.identity.change_member(admin, other.user_id, change)

    await attempted(scene, admin, task)

    assert seen == [structs.replace(other, role=Role.USER)]


async def test_whoever_may_not_ask_for_it_any_more_has_it_not_done() -> None:
    seen: list[Person | System] = []
    scene = desk_with(noting(seen, Right.CHANGE_AGENTS))
    admin = await scene.founder()
    other = await scene.member(admin, role=Role.ADMIN)
    task = await asked(scene, other, "note")
    change = MemberChange(role=Role.USER)
    await scene.desk.identity.change_member(admin, other.user_id, change)

    task = await attempted(scene, admin, task)

    assert (task.status, seen) == (TaskStatus.FAILED, [])
    assert task.error == "you may not change agents"


async def test_what_the_desk_asks_for_itself_is_done_as_the_desk() -> None:
    seen: list[Person | System] = []
    scene = desk_with(noting(seen, right=None))
    admin = await scene.founder()
    system = System(organization_id=admin.organization_id)
    task = await add(scene, system, task_type="note", task_data={"number": 7})

    assert (await attempted(scene, admin, task)).status is TaskStatus.SUCCEEDED
    assert seen == [system]


def test_no_plugin_can_take_the_name_of_a_type_of_the_desk() -> None:
    names = set(Scene.of().desk.task_desk.types)

    assert names <= BUILTIN_TASK_TYPES
