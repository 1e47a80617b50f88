"""Workers hear of a task when it is committed, and not before."""

import dataclasses
from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace

from hexdesk.core.assembly import on_storage
from hexdesk.core.errors import ConflictError, StorageUnavailableError
from hexdesk.core.model.principals import Member
from hexdesk.core.model.tasks import Task, TaskFilter, TaskStatus
from hexdesk.core.testing.example_tasks import a_task
from hexdesk.core.testing.examples import (
    ALL,
    FAR_AHEAD,
    a_kept_answer,
    an_idempotency_key,
    new_id,
)
from hexdesk.core.use_cases.announcing import AnnouncingStorage
from hexdesk.core.use_cases.tasks import NewTask
from tests.unit.core.scenes import Scene

NOTE = NewTask(task_type="note", task_data={"text": "Call back."})


@dataclass
class Board:
    """Keeps what it was told to announce."""

    announced: list[Task] = field(default_factory=list[Task])

    async def announce(self, task: Task) -> None:
        self.announced.append(task)


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def storage(scene: Scene, board: Board) -> AnnouncingStorage:
    return AnnouncingStorage(storage=scene.storage, clock=scene.clock, announcer=board)


async def test_a_task_is_announced_when_it_is_committed(
    storage: AnnouncingStorage, board: Board, admin: Member
) -> None:
    task = a_task(admin.organization_id)
    async with storage.transaction(admin) as tx:
        assert await tx.tasks.add(task) == task
        assert board.announced == []
    assert board.announced == [task]


async def test_what_is_not_committed_is_not_announced(
    scene: Scene, storage: AnnouncingStorage, board: Board, admin: Member
) -> None:
    scene.storage.at_commit = [StorageUnavailableError("gone")]
    with pytest.raises(StorageUnavailableError):
        async with storage.transaction(admin) as tx:
            await tx.tasks.add(a_task(admin.organization_id))
    with pytest.raises(ConflictError):
        async with storage.transaction(admin) as tx:
            await tx.tasks.add(a_task(admin.organization_id))
            raise ConflictError("on purpose")
    assert board.announced == []


async def test_a_task_that_is_not_ready_or_was_there_before_is_not_announced(
    storage: AnnouncingStorage, board: Board, admin: Member
) -> None:
    first = a_task(admin.organization_id, dedupe_key="nightly")
    async with storage.transaction(admin) as tx:
        await tx.tasks.add(first)
        await tx.tasks.add(a_task(admin.organization_id, ready_at=FAR_AHEAD))
    async with storage.transaction(admin) as tx:
        again = a_task(admin.organization_id, dedupe_key="nightly")
        assert await tx.tasks.add(again) == first
    assert board.announced == [first]


async def test_a_task_is_announced_as_it_is_in_the_end(
    storage: AnnouncingStorage, board: Board, admin: Member
) -> None:
    task = a_task(admin.organization_id, status=TaskStatus.FAILED)
    queued = replace(task, status=TaskStatus.QUEUED)
    async with storage.transaction(admin) as tx:
        await tx.tasks.add(task)
        await tx.tasks.update(queued)
    assert board.announced == [queued]
    async with storage.transaction(admin) as tx:
        await tx.tasks.update(replace(task, status=TaskStatus.CANCELLED))
    assert board.announced == [queued]


async def test_everything_else_is_as_ever(
    scene: Scene, storage: AnnouncingStorage, board: Board, admin: Member
) -> None:
    assert storage.directory is scene.storage.directory
    assert storage.backlog is scene.storage.backlog
    task = a_task(admin.organization_id)
    async with storage.transaction(admin) as tx:
        await tx.tasks.add(task)
        held = await tx.tasks.claim(task.id, new_id(), FAR_AHEAD)
        assert held
        assert held.lease_token
        assert await tx.tasks.renew(task.id, held.lease_token, FAR_AHEAD, progress=0.5)
        assert (await tx.tasks.get(task.id, lock=True)).progress == 0.5
        assert await tx.tasks.settle(replace(held, status=TaskStatus.SUCCEEDED))
        assert (await tx.tasks.page(TaskFilter(), ALL)).total == 1


async def test_a_task_of_a_call_with_a_key_is_announced_with_the_kept_answer(
    scene: Scene, storage: AnnouncingStorage, board: Board, admin: Member
) -> None:
    desk = on_storage(scene.desk, storage)
    once = desk.once(admin, an_idempotency_key())
    task = await on_storage(desk, once).tasks.create(admin, NOTE)
    assert board.announced == []
    assert await once.keep(a_kept_answer()) is None
    assert [one.id for one in board.announced] == [task.id]
    undone = desk.once(admin, dataclasses.replace(once).key)
    await on_storage(desk, undone).tasks.create(admin, NOTE)
    await undone.undo()
    assert len(board.announced) == 1
