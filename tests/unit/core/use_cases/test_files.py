"""Files are shown to whom they exist for, given out, and removed with all that is known of them."""

import pytest

from hexdesk.core.errors import (
    ConflictError,
    ExtractionError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
)
from hexdesk.core.model.files import FileFilter, FileStatus
from hexdesk.core.model.principals import Member
from hexdesk.core.testing import saying
from hexdesk.core.testing.examples import ALL
from hexdesk.core.use_cases.agent_files import KnownFile
from hexdesk.core.use_cases.send_message import NewMessage
from tests.unit.core.files import MANUAL, handed_in, read_by_task, tasks_of
from tests.unit.core.scenes import Scene
from tests.unit.core.tasks import do, unknown


async def test_a_member_sees_its_own_files_and_those_of_agents(
    scene: Scene, admin: Member, user: Member, stranger: Member
) -> None:
    own = await handed_in(scene, user, b"mine")
    hidden = await handed_in(scene, admin, b"the admin's")
    known = await handed_in(scene, admin, b"an agent's", (await scene.agent(admin)).id)
    desk = scene.desk.files
    assert {one.id for one in (await desk.list(user, FileFilter(), ALL)).data} == {own.id, known.id}
    assert (await desk.list(admin, FileFilter(), ALL)).total == 3
    assert (await desk.list(stranger, FileFilter(), ALL)).total == 0
    assert await desk.get(user, known.id) == known
    for who, file in ((user, hidden), (stranger, own)):
        with pytest.raises(NotFoundError):
            await desk.get(who, file.id)


async def test_the_bytes_come_out_as_they_went_in(scene: Scene, user: Member) -> None:
    file = await handed_in(scene, user)
    found, content = await scene.desk.files.open(user, file.id)
    assert (found, b"".join([piece async for piece in content])) == (file, MANUAL)


async def test_text_is_given_out_once_it_was_read(scene: Scene, user: Member) -> None:
    file = await handed_in(scene, user, b"first page\fsecond page")
    with pytest.raises(ConflictError, match="still being read"):
        await scene.desk.files.read(user, file.id)
    await read_by_task(scene, file, user)
    assert await scene.desk.files.read(user, file.id) == "first page\n\nsecond page"


async def test_the_text_of_what_could_not_be_read_is_the_reason(scene: Scene, user: Member) -> None:
    file = await handed_in(scene, user)
    scene.extraction.error = ExtractionError("the file is torn")
    await read_by_task(scene, file, user)
    with pytest.raises(ConflictError, match="the file is torn"):
        await scene.desk.files.read(user, file.id)


async def test_a_removed_file_is_gone_with_its_bytes_and_its_text(
    scene: Scene, admin: Member
) -> None:
    agent = await scene.agent(admin)
    file = await handed_in(scene, admin, agent_id=agent.id)
    await read_by_task(scene, file, admin)
    await scene.desk.files.remove(admin, file.id)
    with pytest.raises(NotFoundError):
        await scene.desk.files.get(admin, file.id)
    assert scene.fakes.blobs.kept == {}
    assert (await scene.desk.files.list_known(admin, agent.id, ALL)).total == 0
    async with scene.fakes.memory.transaction(admin) as tx:
        assert await tx.file_texts.of_file(file.id) == ()
    (event,) = await scene.audited(admin, "file.deleted")
    assert (event.target_id, event.data["filename"]) == (file.id, "manual.txt")


async def test_bytes_that_cannot_be_removed_now_go_later(
    scene: Scene, admin: Member, caplog: pytest.LogCaptureFixture
) -> None:
    file = await handed_in(scene, admin)
    scene.fakes.blobs.is_down = True
    await scene.desk.files.remove(admin, file.id)
    assert "bytes not removed yet" in caplog.messages
    scene.fakes.blobs.is_down = False
    (task,) = await tasks_of(scene, admin, "blob_removal")
    await do(scene.desk.task_desk, task)
    assert scene.fakes.blobs.kept == {}


async def test_a_member_removes_what_it_handed_in_unless_an_agent_knows_it(
    scene: Scene, admin: Member, user: Member
) -> None:
    file = await handed_in(scene, user)
    agent = await scene.agent(admin)
    await scene.desk.files.link(admin, agent.id, KnownFile(file_id=file.id))
    with pytest.raises(ForbiddenError):
        await scene.desk.files.remove(user, file.id)
    await scene.desk.files.unlink(admin, agent.id, file.id)
    await scene.desk.files.remove(user, file.id)


async def test_agents_are_told_of_files_by_admins(
    scene: Scene, admin: Member, user: Member, stranger: Member
) -> None:
    agent, file = await scene.agent(admin), await handed_in(scene, user)
    wish, desk = KnownFile(file_id=file.id), scene.desk.files
    with pytest.raises(ForbiddenError):
        await desk.link(user, agent.id, wish)
    with pytest.raises(InvalidError) as refused:
        await desk.link(admin, agent.id, KnownFile(file_id=unknown()))
    assert refused.value.pointer == "/file_id"
    with pytest.raises(NotFoundError):
        await desk.link(stranger, agent.id, wish)
    assert await desk.link(admin, agent.id, wish) == file
    assert await desk.link(admin, agent.id, wish) == file
    assert (await desk.list_known(user, agent.id, ALL)).data == (file,)
    await desk.unlink(admin, agent.id, file.id)
    with pytest.raises(NotFoundError):
        await desk.unlink(admin, agent.id, file.id)
    actions = [
        one.action
        for action in ("agent.file_added", "agent.file_removed")
        for one in await scene.audited(admin, action)
    ]
    assert actions == ["agent.file_added"] * 2 + ["agent.file_removed"]


async def test_a_message_brings_files_that_its_sender_sees(
    scene: Scene, admin: Member, user: Member
) -> None:
    own = await handed_in(scene, user, b"mine")
    hidden = await handed_in(scene, admin, b"not yours")
    thread = await scene.thread(user)
    send = scene.desk.chat.send_message
    with pytest.raises(InvalidError) as refused:
        await send(user, thread.id, NewMessage(content="Look!", attachments=(own.id, hidden.id)))
    assert refused.value.pointer == "/attachments/1"
    assert await scene.messages(user, thread) == ()
    await read_by_task(scene, own, user)
    scene.runner.scripts.append(saying("I see."))
    run = await send(user, thread.id, NewMessage(content="Look!", attachments=(own.id,)))
    await scene.settle(run)
    assert (await scene.messages(user, thread))[0].attachments == (own.id,)


async def test_a_file_is_ready_once_it_was_read(scene: Scene, user: Member) -> None:
    file = await handed_in(scene, user)
    ready = await read_by_task(scene, file, user)
    assert (ready.status, ready.progress, ready.error) == (FileStatus.READY, 1.0, None)
