"""A board of tasks of a type that does as it is told, and tasks as they are stored."""

from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec
import pytest
from msgspec.structs import replace

from hexdesk.core.errors import InvalidError
from hexdesk.core.model.principals import Member, Person, System
from hexdesk.core.model.tasks import AgentTask, Task
from hexdesk.core.ports.storage import Transaction
from hexdesk.core.testing.examples import FAR_AHEAD, new_id
from hexdesk.core.use_cases.tasks import NewTask, TaskBoard
from tests.unit.core.scenes import Scene
from tests.unit.core.tasks import Scripted

TEXT = {"text": "Call back."}


class Note(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something to note."""

    text: Annotated[str, msgspec.Meta(min_length=1)]
    tags: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Noting(Scripted):
    """A type that keeps the data it is asked about, and refuses them if told so."""

    name: str = "note"
    data: type[msgspec.Struct] = Note
    refusal: InvalidError | None = None
    checked: list[tuple[Person | System, Any]] = field(
        default_factory=list[tuple[Person | System, Any]]
    )

    async def check(self, tx: Transaction, who: Person | System, data: Any) -> None:
        self.checked.append((who, data))
        if self.refusal:
            raise self.refusal


@pytest.fixture
def kind() -> Noting:
    """Return the type of the tasks."""
    return Noting()


@pytest.fixture
def board(scene: Scene, kind: Noting) -> TaskBoard:
    """Return the board of tasks of that type."""
    return board_of(scene, kind)


async def made(board: TaskBoard, who: Member, **fields: Any) -> AgentTask:
    return await board.create(who, a_wish(**fields))


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


def board_of(scene: Scene, *types: Noting) -> TaskBoard:
    """Return a board of other types than the scene has."""
    return TaskBoard.of(scene.fakes.storage, scene.clock, {one.name: one for one in types})
