"""Reading a file: seen while it goes on, stored at its end, and told in words when it fails."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from dataclasses import replace as with_fields

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import ExtractionError, InvalidError
from hexdesk.core.model.documents import (
    ExtractedDocument,
    ExtractionProgress,
    Section,
)
from hexdesk.core.model.files import File, FileStatus
from hexdesk.core.model.principals import Member
from hexdesk.core.model.tasks import TaskStatus
from hexdesk.core.ports.extraction import Extraction
from hexdesk.core.ports.storage import Transaction
from hexdesk.core.testing import saying
from hexdesk.core.use_cases.file_processing import CANCELLED, GONE, Indexer, ProcessFile
from hexdesk.core.use_cases.task_desk import TaskDesk
from hexdesk.core.use_cases.task_types import Store
from hexdesk.core.use_cases.tasks import NewTask
from tests.unit.core.files import handed_in, read_by_task, task_of, tasks_of
from tests.unit.core.scenes import Scene
from tests.unit.core.scripts import Gate
from tests.unit.core.tasks import desk_of, do, hint, stored, unknown


class Slow(Extraction):
    """Reads in steps that a test decides on; says nothing at the end if it has nothing."""

    def __init__(self, document: ExtractedDocument | None, *steps: Gate) -> None:
        self._document = document
        self._steps = steps

    async def extract(
        self, content: AsyncIterable[bytes], content_type: str
    ) -> AsyncGenerator[ExtractionProgress | ExtractedDocument]:
        for number, step in enumerate(self._steps, 1):
            await step()
            yield ExtractionProgress(number / (len(self._steps) + 1))
        if self._document:
            yield self._document


class Noting(Indexer):
    """Notes what it was to make findable, and whether that was stored."""

    def __init__(self) -> None:
        self.indexed: list[tuple[File, Sequence[Section]]] = []
        self.stored = 0

    async def __call__(self, file: File, sections: Sequence[Section]) -> Store:
        self.indexed.append((file, sections))

        async def store(tx: Transaction) -> None:
            self.stored += 1

        return store


DOCUMENT = ExtractedDocument(sections=(Section(text="Hold the red button.", page=3),))


def desk_with(scene: Scene, **parts: object) -> TaskDesk:
    """Return the scene's task desk, whose files are processed with other parts."""
    kind = scene.desk.task_desk.types["file_processing"]
    assert isinstance(kind, ProcessFile)
    return desk_of(scene, with_fields(kind, **parts))


async def the_file(scene: Scene, who: Member, file: File) -> File:
    """Return the file as it is now."""
    return await scene.desk.files.get(who, file.id)


async def test_a_file_is_read_summed_up_and_made_findable(scene: Scene, user: Member) -> None:
    scene.runner.scripts.append(saying(" It is about a button. "))
    index, file = Noting(), await handed_in(scene, user)
    task = await task_of(scene, file, user)
    await do(desk_with(scene, index=index), task)
    ready = await the_file(scene, user, file)
    assert (ready.status, ready.summary) == (FileStatus.READY, "It is about a button.")
    assert ready.metadata == {"encoding": "utf-8", "words": 13}
    assert (index.indexed[0][0].id, index.stored) == (file.id, 1)
    (request,) = scene.runner.requests
    assert (request.tools, request.inherits_model) == (frozenset(), False)
    assert "red button" in request.content
    assert (await stored(scene, task)).result == {
        "file_id": str(file.id),
        "sections": 1,
        "characters": 70,
    }


async def test_without_a_model_the_files_own_words_sum_it_up(scene: Scene, user: Member) -> None:
    ready = await read_by_task(scene, await handed_in(scene, user), user)
    assert "red button" in (ready.summary or "")


async def test_without_an_agent_there_is_a_summary_too(scene: Scene, admin: Member) -> None:
    file = await handed_in(scene, admin)
    async with scene.fakes.memory.transaction(admin) as tx:
        await tx.agents.remove((await tx.agents.all())[0].id)
    assert (await read_by_task(scene, file, admin)).summary


async def test_a_model_is_given_the_beginning_of_a_long_file(scene: Scene, user: Member) -> None:
    scene.runner.scripts.append(saying("It is long."))
    text = b"\f".join(b"page %d " % number * 2000 for number in range(5))
    await do(scene.desk.task_desk, await task_of(scene, await handed_in(scene, user, text), user))
    assert 20_000 < len(scene.runner.requests[0].content) <= 24_000


async def test_a_model_that_takes_too_long_sums_nothing_up(
    scene: Scene, user: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hexdesk.core.use_cases.summaries.MOST_SECONDS", 0.01)
    scene.runner.scripts.append((asyncio.Event().wait, *saying("late")))
    file = await handed_in(scene, user)
    await do(scene.desk.task_desk, await task_of(scene, file, user))
    assert "red button" in ((await the_file(scene, user, file)).summary or "")


async def test_progress_is_seen_while_it_goes_on(scene: Scene, user: Member) -> None:
    gates = (Gate(), Gate(), Gate())
    scene.runner.scripts.append(saying("Done."))
    file = await handed_in(scene, user)
    task = await task_of(scene, file, user)
    desk = desk_with(scene, extraction=Slow(DOCUMENT, *gates))
    doing = asyncio.create_task(desk.do(hint(task)))
    await gates[0].wait()
    assert (await the_file(scene, user, file)).status is FileStatus.PROCESSING
    scene.clock.advance(1)
    gates[0].open()
    await gates[1].wait()
    assert (await the_file(scene, user, file)).progress == pytest.approx(0.2)
    assert (await stored(scene, task)).progress == pytest.approx(0.2)
    gates[1].open()  # too soon to be told
    await gates[2].wait()
    assert (await the_file(scene, user, file)).progress == pytest.approx(0.2)
    gates[2].open()
    await doing
    assert (await the_file(scene, user, file)).progress == 1


async def test_what_is_left_out_is_told(scene: Scene, user: Member) -> None:
    scene.runner.scripts.append(saying("Long."))
    file = await handed_in(scene, user)
    desk = desk_with(scene, extraction=Slow(replace(DOCUMENT, truncated=True)))
    await do(desk, await task_of(scene, file, user))
    assert (await the_file(scene, user, file)).metadata == {"truncated": True}


async def test_a_file_that_cannot_be_read_says_why(scene: Scene, user: Member) -> None:
    file = await handed_in(scene, user)
    scene.extraction.error = ExtractionError("the PDF is encrypted")
    failed = await read_by_task(scene, file, user)
    assert (failed.status, failed.error) == (FileStatus.FAILED, "the PDF is encrypted")
    assert (await stored(scene, await task_of(scene, file, user))).status is TaskStatus.FAILED


async def test_a_reading_that_comes_to_nothing_has_failed(scene: Scene, user: Member) -> None:
    file = await handed_in(scene, user)
    await do(desk_with(scene, extraction=Slow(None)), await task_of(scene, file, user))
    assert (await the_file(scene, user, file)).error == "nothing came of reading the file"


async def test_bytes_that_are_gone_are_asked_for_again(scene: Scene, user: Member) -> None:
    file = await handed_in(scene, user)
    scene.fakes.blobs.kept.clear()
    assert (await read_by_task(scene, file, user)).error == GONE


async def test_a_store_that_is_down_is_waited_for(scene: Scene, user: Member) -> None:
    file = await handed_in(scene, user)
    scene.fakes.blobs.is_down = True
    waiting = await read_by_task(scene, file, user)
    assert waiting.status is FileStatus.PROCESSING
    scene.fakes.blobs.is_down = False
    scene.clock.advance(10)
    scene.runner.scripts.clear()
    assert (await read_by_task(scene, file, user)).status is FileStatus.READY


async def test_a_file_that_is_removed_meanwhile_does_not_come_back(
    scene: Scene, user: Member
) -> None:
    gate, file = Gate(), await handed_in(scene, user)
    scene.runner.scripts.append((gate, *saying("Done.")))
    index = Noting()
    desk = desk_with(scene, index=index)

    async def removed() -> None:
        await gate.wait()
        await scene.desk.files.remove(user, file.id)
        gate.open()

    task = await task_of(scene, file, user)
    await asyncio.gather(desk.do(hint(task)), removed())
    assert index.stored == 0
    async with scene.fakes.memory.transaction(user) as tx:
        assert await tx.file_texts.of_file(file.id) == ()


async def test_a_file_that_is_gone_before_it_is_read_ends_its_task(
    scene: Scene, user: Member
) -> None:
    file = await handed_in(scene, user)
    task = await task_of(scene, file, user)
    await scene.desk.files.remove(user, file.id)
    await do(scene.desk.task_desk, task)
    assert (await stored(scene, task)).status is TaskStatus.FAILED


async def test_a_cancelled_reading_leaves_a_failed_file(scene: Scene, user: Member) -> None:
    file = await handed_in(scene, user)
    assert file.task_id
    await scene.desk.tasks.cancel(user, file.task_id)
    failed = await the_file(scene, user, file)
    assert (failed.status, failed.error) == (FileStatus.FAILED, CANCELLED)


async def test_a_file_can_be_read_again(scene: Scene, user: Member, stranger: Member) -> None:
    file = await handed_in(scene, user)
    await read_by_task(scene, file, user)
    wish = NewTask(task_type="file_processing", task_data={"file_id": str(file.id)})
    again = await scene.desk.tasks.create(user, wish)
    scene.runner.scripts.append(saying("Read again."))
    (task,) = [one for one in await tasks_of(scene, user, "file_processing") if one.id == again.id]
    await do(scene.desk.task_desk, task)
    ready = await the_file(scene, user, file)
    assert (ready.summary, ready.task_id) == ("Read again.", again.id)
    with pytest.raises(InvalidError) as refused:
        await scene.desk.tasks.create(stranger, wish)
    assert refused.value.pointer == "/task_data/file_id"


async def test_a_task_that_is_not_the_files_any_more_does_not_fail_it(
    scene: Scene, user: Member
) -> None:
    file = await handed_in(scene, user)
    old = await task_of(scene, file, user)
    async with scene.fakes.memory.transaction(user) as tx:
        await tx.files.update(replace(file, task_id=unknown()))
        await scene.desk.task_desk.types["file_processing"].give_up(tx, old)
        await scene.desk.task_desk.types["file_processing"].give_up(
            tx, replace(old, task_data={"file_id": "of another release"})
        )
        assert (await tx.files.get(file.id)).status is FileStatus.QUEUED


async def test_a_file_that_is_removed_at_the_last_moment_does_not_come_back(
    scene: Scene, user: Member
) -> None:
    class Removing(Noting):
        async def __call__(self, file: File, sections: Sequence[Section]) -> Store:
            await scene.desk.files.remove(user, file.id)
            return await super().__call__(file, sections)

    scene.runner.scripts.append(saying("Done."))
    index, file = Removing(), await handed_in(scene, user)
    task = await task_of(scene, file, user)
    await do(desk_with(scene, index=index), task)
    assert ((await stored(scene, task)).status, index.stored) == (TaskStatus.SUCCEEDED, 0)
