"""Files and names that come with a channel's message."""

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import (
    ConflictError,
    EgressRefusedError,
    UnavailableError,
    UndeliverableError,
)
from hexdesk.core.model.channels import InboundFile
from hexdesk.core.model.files import FileFilter
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.ports.channels import Channel, Connection
from hexdesk.core.testing import ScriptedChannel, saying
from hexdesk.core.testing.channel_examples import ANN
from hexdesk.core.testing.examples import ALL
from hexdesk.core.use_cases.uploads import KeepUpload
from tests.unit.core.pigeons import NOBODY, Flock, says

IMPATIENT = DeskSettings(attachment_wait_seconds=0)


async def test_files_come_along_and_bad_ones_are_told_of() -> None:
    channel = ScriptedChannel()
    channel.files = {"good": b"Hold the red button.", "boom": KeyError("boom")}
    flock = await Flock.of(saying("I see."), channel=channel, settings=IMPATIENT)
    names = {"a.txt": "good", "b.exe": "good", "c.txt": "gone", "d.txt": "boom"}
    files = tuple(InboundFile(filename=name, reference=to) for name, to in names.items())
    await flock.tell(says("Look!", files=files))
    message = (await flock.messages())[0]
    assert len(message.attachments) == 1
    for name in ("b.exe", "c.txt", "d.txt"):
        assert f"The file {name!r} was not taken" in message.content


async def test_the_same_file_twice_is_attached_once_and_too_many_are_told_of() -> None:
    channel = ScriptedChannel()
    channel.files = {"good": b"Hold the red button."}
    flock = await Flock.of(saying("I see."), channel=channel, settings=IMPATIENT)
    files = tuple(InboundFile(filename=f"{n}.txt", reference="good") for n in range(21))
    await flock.tell(says("", files=files))
    message = (await flock.messages())[0]
    assert len(message.attachments) == 1
    assert "'20.txt' was not taken: there are too many files" in message.content


async def test_a_file_that_may_come_later_is_waited_for_but_not_for_ever() -> None:
    channel = ScriptedChannel()
    channel.files = {"later": UnavailableError("the loft is closed")}
    flock = await Flock.of(saying("I see."), channel=channel, settings=IMPATIENT)
    await flock.post(says("Look!", files=(InboundFile(filename="a.txt", reference="later"),)))
    for _ in range(4):
        await flock.work()
        assert await flock.contents() == []
        flock.scene.clock.advance(100)
    await flock.work()
    assert "the loft is closed" in (await flock.contents())[0]


async def test_the_channel_is_asked_who_somebody_is() -> None:
    channel = ScriptedChannel()
    channel.senders["u1"] = replace(ANN, external_id="an id that changes")
    flock = await Flock.of(saying("Hello, Ann."), channel=channel)
    await flock.tell(says("Hello?", sender=replace(NOBODY, external_id="u1", email=None)))
    thread = await flock.thread()
    assert thread.metadata["customer_id"] == "pigeon:u1"
    assert thread.metadata["customer"] == {
        "name": "Ann",
        "email": "ann@example.com",
        "is_verified": True,
    }


@pytest.mark.parametrize(
    "error", [UndeliverableError("unknown"), EgressRefusedError("no"), UnavailableError("later")]
)
async def test_a_sender_of_whom_nothing_is_known_proves_nothing(error: Exception) -> None:
    channel = ScriptedChannel()
    channel.senders["ann"] = error
    flock = await Flock.of(saying("Hello."), channel=channel)
    await flock.post(says("Hello?", sender=NOBODY))
    for _ in range(5):
        await flock.work()
        flock.scene.clock.advance(100)
    assert not (await flock.thread()).metadata["customer"]["is_verified"]


async def test_a_file_that_cannot_be_kept_leaves_no_bytes_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    channel = ScriptedChannel()
    channel.files = {"good": b"Hold the red button."}
    flock = await Flock.of(saying("I see."), channel=channel, settings=IMPATIENT)

    async def refuse(*_: object) -> None:
        raise ConflictError("no room")

    monkeypatch.setattr(KeepUpload, "__call__", refuse)
    await flock.tell(says("Look!", files=(InboundFile(filename="a.txt", reference="good"),)))
    assert "'a.txt' was not taken: no room" in (await flock.contents())[0]
    async with flock.scene.fakes.memory.transaction(flock.who) as tx:
        assert (await tx.files.page(FileFilter(), ALL)).total == 0


async def test_a_channel_without_files_says_so() -> None:
    flock = await Flock.of()
    file = InboundFile(filename="a.txt", reference="good")
    with pytest.raises(UndeliverableError, match="has no files"):
        Channel.fetch(flock.channel, file, connection_of(flock))


def connection_of(flock: Flock) -> Connection:
    return Connection(
        organization_id=flock.admin.organization_id,
        integration_id=flock.integration.id,
        config=None,
        settings=None,
        http=flock.scene.fakes.egress,
        key=b"key",
        now=flock.scene.clock.now(),
    )
