"""Workers hear of a task when it is committed, and not before."""

import pytest
from msgspec.structs import replace

from hexdesk.core.assembly import on_storage
from hexdesk.core.errors import ConflictError, StorageUnavailableError
from hexdesk.core.model.principals import Member
from hexdesk.core.model.tasks import TaskFilter, TaskStatus
from hexdesk.core.testing import MemoryQueue
from hexdesk.core.testing.example_tasks import a_task
from hexdesk.core.testing.examples import (
    ALL,
    FAR_AHEAD,
    a_kept_answer,
    an_idempotency_key,
    new_id,
)
from hexdesk.core.use_cases.announcing import AnnouncingStorage, hint_of
from hexdesk.core.use_cases.tasks import NewTask
from tests.unit.core.scenes import Scene

NOTE = NewTask(task_type="api_request", task_data={"text": "Call back."})


@pytest.fixture
def queue() -> MemoryQueue:
    return MemoryQueue()


@pytest.fixture
def storage(scene: Scene, queue: MemoryQueue) -> AnnouncingStorage:
    return AnnouncingStorage(storage=scene.storage, clock=scene.clock, queue=queue)


async def test_a_task_is_announced_when_it_is_committed(
    storage: AnnouncingStorage, queue: MemoryQueue, admin: Member
) -> None:
    task = a_task(admin.organization_id)
    async with storage.transaction(admin) as tx:
        assert await tx.tasks.add(task) == task
        assert queue.announced == []
    assert queue.announced == [hint_of(task)]


async def test_what_is_not_committed_is_not_announced(
    scene: Scene, storage: AnnouncingStorage, queue: MemoryQueue, admin: Member
) -> None:
    scene.storage.at_commit = [StorageUnavailableError("gone")]
    with pytest.raises(StorageUnavailableError):
        async with storage.transaction(admin) as tx:
            await tx.tasks.add(a_task(admin.organization_id))
    with pytest.raises(ConflictError):
        async with storage.transaction(admin) as tx:
            await tx.tasks.add(a_task(admin.organization_id))
            raise ConflictError("on purpose")
    assert queue.announced == []


async def test_a_task_that_is_not_ready_or_was_there_before_is_not_announced(
    storage: AnnouncingStorage, queue: MemoryQueue, admin: Member
) -> None:
    first = a_task(admin.organization_id, dedupe_key="nightly")
    async with storage.transaction(admin) as tx:
        await tx.tasks.add(first)
        await tx.tasks.add(a_task(admin.organization_id, ready_at=FAR_AHEAD))
    async with storage.transaction(admin) as tx:
        again = a_task(admin.organization_id, dedupe_key="nightly")
        assert await tx.tasks.add(again) == first
    assert queue.announced == [hint_of(first)]


async def test_a_task_is_announced_as_it_is_in_the_end(
    storage: AnnouncingStorage, queue: MemoryQueue, admin: Member
) -> None:
    task = a_task(admin.organization_id, status=TaskStatus.FAILED)
    queued = replace(task, status=TaskStatus.QUEUED)
    async with storage.transaction(admin) as tx:
        await tx.tasks.add(task)
        await tx.tasks.update(queued)
    assert queue.announced == [hint_of(queued)]
    async with storage.transaction(admin) as tx:
        await tx.tasks.update(replace(task, status=TaskStatus.CANCELLED))
    assert queue.announced == [hint_of(queued)]


async def test_everything_else_is_as_ever(
    scene: Scene, storage: AnnouncingStorage, queue: MemoryQueue, admin: Member
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
    scene: Scene, storage: AnnouncingStorage, queue: MemoryQueue, admin: Member
) -> None:
    desk = on_storage(scene.desk, storage)
    once = desk.once(admin, an_idempotency_key())
    task = await on_storage(desk, once).tasks.create(admin, NOTE)
    assert queue.announced == []
    assert await once.keep(a_kept_answer()) is None
    assert [hint.task_id for hint in queue.announced] == [task.id]
    undone = desk.once(admin, an_idempotency_key(key="another"))
    await on_storage(desk, undone).tasks.create(admin, NOTE)
    await undone.undo()
    assert len(queue.announced) == 1
