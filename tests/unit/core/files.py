"""Files for tests: handed in, and read by the scene's own task desk."""

from collections.abc import AsyncGenerator, Sequence
from uuid import UUID

from hexdesk.core.model.chat import DegradedReason
from hexdesk.core.model.files import File, Upload
from hexdesk.core.model.principals import Person, System
from hexdesk.core.model.tasks import Task, TaskFilter
from hexdesk.core.testing.examples import ALL
from hexdesk.core.use_cases.uploads import Incoming
from tests.unit.core.scenes import Scene
from tests.unit.core.scripts import degraded
from tests.unit.core.tasks import do

MANUAL = b"The manual\n\nTo reset the printer, hold the red button for ten seconds."


async def in_pieces(content: bytes, size: int = 10_000) -> AsyncGenerator[bytes]:
    """Yield bytes as a client sends them."""
    for start in range(0, len(content), size):
        yield content[start : start + size]


def incoming(
    content: bytes = MANUAL, filename: str = "manual.txt", claimed: str | None = "text/plain"
) -> Incoming:
    """Return a file on its way."""
    return Incoming(filename=filename, claimed=claimed, content=in_pieces(content))


async def received(scene: Scene, who: Person, content: bytes = MANUAL) -> Upload:
    """Store the bytes of a file."""
    return await scene.desk.files.receive(who, incoming(content))


async def handed_in(
    scene: Scene, who: Person, content: bytes = MANUAL, agent_id: UUID | None = None
) -> File:
    """Hand a file in."""
    return await scene.desk.files.keep(who, await received(scene, who, content), agent_id)


async def tasks_of(scene: Scene, who: Person, task_type: str) -> Sequence[Task]:
    """Return the tasks of a type, the newest first."""
    async with scene.fakes.memory.transaction(System(organization_id=who.organization_id)) as tx:
        return (await tx.tasks.page(TaskFilter(task_type=task_type), ALL)).data


async def task_of(scene: Scene, file: File, who: Person) -> Task:
    """Return the task that reads a file."""
    (task,) = [
        one for one in await tasks_of(scene, who, "file_processing") if one.id == file.task_id
    ]
    return task


async def read_by_task(scene: Scene, file: File, who: Person) -> File:
    """Have a file's task done without a model, and return the file as it is then."""
    scene.runner.scripts.append(degraded(DegradedReason.MODEL_UNAVAILABLE))
    await do(scene.desk.task_desk, await task_of(scene, file, who))
    async with scene.fakes.memory.transaction(who) as tx:
        return await tx.files.get(file.id)
