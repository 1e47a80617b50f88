"""Types of tasks that plugins bring."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from hexdesk.core.additions import Additions
from hexdesk.core.errors import InvalidError
from hexdesk.core.model.principals import Member
from hexdesk.core.model.tasks import AgentTask, Endurance, TaskHint, TaskStatus
from hexdesk.core.policy.rights import Right
from hexdesk.core.tools.context import TaskContext
from hexdesk.core.tools.plugin_tasks import PluginTask, task_type
from hexdesk.core.use_cases.task_desk import UNEXPECTED
from hexdesk.core.use_cases.task_types import BUILTIN_TASK_TYPES
from hexdesk.core.use_cases.tasks import NewTask
from tests.unit.core.scenes import Scene


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


async def done(scene: Scene, who: Member, name: str) -> AgentTask:
    made = await scene.desk.tasks.create(who, NewTask(task_type=name, task_data={"number": 7}))
    hint = TaskHint(task_id=made.id, organization_id=who.organization_id, priority=made.priority)
    await scene.desk.task_desk.do(hint)
    return await scene.desk.tasks.get(who, made.id)


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


async def test_what_a_task_raises_is_tried_again_and_shows_no_internals() -> None:
    @task_type()
    async def stumble(context: TaskContext, data: Week) -> None:
        """Go wrong."""
        raise RuntimeError("a secret of theirs")

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


def test_no_plugin_can_take_the_name_of_a_type_of_the_desk() -> None:
    names = set(Scene.of().desk.task_desk.types)

    assert names <= BUILTIN_TASK_TYPES
