"""Files are taken in: bytes first, then what is known of them, and nothing is left of failures."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator

import pytest

from hexdesk.core.errors import (
    ForbiddenError,
    InvalidError,
    StorageUnavailableError,
    TooLargeError,
    UnavailableError,
    UnsupportedFileError,
)
from hexdesk.core.model.files import FileStatus
from hexdesk.core.model.principals import Member
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.model.tasks import TaskStatus
from hexdesk.core.testing.examples import ALL
from hexdesk.core.use_cases.uploads import Incoming
from tests.unit.core.files import MANUAL, handed_in, in_pieces, incoming, received, tasks_of
from tests.unit.core.scenes import Scene
from tests.unit.core.scripts import Gate
from tests.unit.core.tasks import do, stored, unknown


async def test_a_file_is_stored_and_has_a_task(scene: Scene, admin: Member) -> None:
    file = await handed_in(scene, admin)
    assert (file.filename, file.content_type, file.size) == (
        "manual.txt",
        "text/plain",
        len(MANUAL),
    )
    assert (file.status, file.uploaded_by_id) == (FileStatus.QUEUED, admin.user_id)
    assert list(scene.fakes.blobs.kept.values()) == [MANUAL]
    (task,) = await tasks_of(scene, admin, "file_processing")
    assert (task.id, task.task_data) == (file.task_id, {"file_id": str(file.id)})


async def test_bytes_are_hashed_as_they_pass(scene: Scene, admin: Member) -> None:
    big = b"x" * 100_000
    upload = await received(scene, admin, big)
    assert upload.size == len(big)
    assert upload.sha256 == hashlib.sha256(big).hexdigest()


@pytest.mark.parametrize(
    ("coming", "error"),
    [
        (incoming(b""), InvalidError),
        (incoming(b"\x7fELF", filename="a.exe"), UnsupportedFileError),
        (incoming(b"%PDF-1.7", filename="a.txt"), UnsupportedFileError),
    ],
)
async def test_what_cannot_be_read_is_not_taken(
    scene: Scene, admin: Member, coming: Incoming, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await scene.desk.files.receive(admin, coming)
    assert scene.fakes.blobs.kept == {}


async def test_a_file_that_is_too_large_is_stopped_on_its_way() -> None:
    scene = Scene.of(settings=DeskSettings(most_file_bytes=20_000))
    admin = await scene.founder()
    given: list[bytes] = []

    async def endless() -> AsyncGenerator[bytes]:
        while True:
            given.append(b"x" * 10_000)
            yield given[-1]

    with pytest.raises(TooLargeError, match="larger than"):
        await scene.desk.files.receive(
            admin, Incoming(filename="a.txt", claimed=None, content=endless())
        )
    assert (len(given), scene.fakes.blobs.kept) == (3, {})


async def test_only_so_many_files_come_in_at_once() -> None:
    scene = Scene.of(settings=DeskSettings(most_uploads=1))
    admin, gate = await scene.founder(), Gate()

    async def slowly() -> AsyncGenerator[bytes]:
        await gate()
        yield MANUAL

    slow = Incoming(filename="a.txt", claimed=None, content=slowly())
    first = asyncio.create_task(scene.desk.files.receive(admin, slow))
    await gate.wait()
    with pytest.raises(UnavailableError, match="too many files"):
        await received(scene, admin)
    gate.open()
    await first
    await received(scene, admin)


async def test_the_same_content_again_is_the_same_file(
    scene: Scene, admin: Member, user: Member
) -> None:
    first = await handed_in(scene, user)
    assert await handed_in(scene, user) == first
    assert await handed_in(scene, admin) == first  # an admin sees every file
    other = await scene.member(admin, "cy@example.com")
    assert (await handed_in(scene, other)).id != first.id  # and a user does not see another's
    assert len(await tasks_of(scene, admin, "file_processing")) == 2


async def test_a_race_of_the_same_content_makes_one_file(scene: Scene, user: Member) -> None:
    one, other = await received(scene, user), await received(scene, user)
    files = await asyncio.gather(
        scene.desk.files.keep(user, one), scene.desk.files.keep(user, other)
    )
    assert len({file.id for file in files}) == 1
    assert len(await tasks_of(scene, user, "file_processing")) == 1


async def test_an_agent_can_be_told_of_a_file_at_once(
    scene: Scene, admin: Member, user: Member
) -> None:
    agent = await scene.agent(admin)
    file = await handed_in(scene, admin, agent_id=agent.id)
    assert (await scene.desk.files.list_known(user, agent.id, ALL)).data == (file,)
    upload = await received(scene, user, b"another text")
    with pytest.raises(ForbiddenError):
        await scene.desk.files.keep(user, upload, agent.id)
    with pytest.raises(InvalidError):
        await scene.desk.files.keep(admin, upload, unknown())


async def test_what_no_file_was_made_of_is_discarded(scene: Scene, admin: Member) -> None:
    upload = await received(scene, admin)
    await scene.desk.files.discard(admin, upload)
    assert scene.fakes.blobs.kept == {}


async def test_the_bytes_of_a_file_are_not_discarded(scene: Scene, admin: Member) -> None:
    upload = await received(scene, admin)
    await scene.desk.files.keep(admin, upload)
    await scene.desk.files.discard(admin, upload)
    assert list(scene.fakes.blobs.kept.values()) == [MANUAL]


async def test_what_cannot_be_discarded_now_is_removed_later(scene: Scene, admin: Member) -> None:
    upload = await received(scene, admin)
    scene.fakes.blobs.is_down = True
    await scene.desk.files.discard(admin, upload)
    scene.fakes.blobs.is_down = False
    (task,) = await tasks_of(scene, admin, "blob_removal")
    await do(scene.desk.task_desk, task)
    after = await stored(scene, task)
    assert (after.status, after.result) == (TaskStatus.SUCCEEDED, {"removed": True})
    assert scene.fakes.blobs.kept == {}


async def test_the_bytes_of_a_file_that_is_known_are_not_removed(
    scene: Scene, admin: Member
) -> None:
    upload = await received(scene, admin)
    scene.fakes.blobs.is_down = True
    await scene.desk.files.discard(admin, upload)
    scene.fakes.blobs.is_down = False
    await scene.desk.files.keep(admin, upload)
    (task,) = await tasks_of(scene, admin, "blob_removal")
    await do(scene.desk.task_desk, task)
    assert (await stored(scene, task)).result == {"removed": False}
    assert list(scene.fakes.blobs.kept.values()) == [MANUAL]


async def test_bytes_that_nobody_can_remove_are_told_of(
    scene: Scene, admin: Member, caplog: pytest.LogCaptureFixture
) -> None:
    upload = await received(scene, admin)
    await scene.break_storage()
    await scene.desk.files.discard(admin, upload)
    assert "bytes left behind" in caplog.messages
    with pytest.raises(StorageUnavailableError):
        await scene.desk.files.keep(admin, upload)


async def test_what_a_client_breaks_off_is_raised_on(scene: Scene, admin: Member) -> None:
    async def broken() -> AsyncGenerator[bytes]:
        async for piece in in_pieces(MANUAL):
            yield piece
        raise InvalidError("the body ends too early")

    coming = Incoming(filename="a.txt", claimed=None, content=broken())
    with pytest.raises(InvalidError, match="too early"):
        await scene.desk.files.receive(admin, coming)
    assert scene.fakes.blobs.kept == {}
