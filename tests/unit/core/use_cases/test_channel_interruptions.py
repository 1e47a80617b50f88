"""What becomes of a channel's message when something else happens meanwhile."""

from typing import Any

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import NotFoundError
from hexdesk.core.model.channels import Sender
from hexdesk.core.model.conversations import InboundStatus, KeptInbound
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.model.tasks import TaskFilter, TaskStatus
from hexdesk.core.ports.channels import Connection
from hexdesk.core.testing import ScriptedChannel, saying
from hexdesk.core.testing.examples import ALL
from hexdesk.core.testing.memory_channels import MemoryChannelConversations, MemoryInbounds
from tests.unit.core.pigeons import Flock, says


async def test_where_no_run_has_room_the_message_waits() -> None:
    flock = await Flock.of(settings=DeskSettings(most_runs=0))
    await flock.post(says("Hello?"))
    for _ in range(10):
        await flock.work()
        flock.scene.clock.advance(2)
    [kept] = await flock.kept()
    assert kept.status is InboundStatus.PENDING
    assert await flock.contents() == []


async def test_a_connection_that_is_removed_takes_what_waits_along() -> None:
    flock = await Flock.of()
    await flock.post(says("Hello?"))
    await flock.scene.desk.integrations.remove(flock.admin, flock.integration.id)
    await flock.work()
    assert await flock.threads() == ()
    async with flock.scene.fakes.memory.transaction(flock.who) as tx:
        [task] = (await tx.tasks.page(TaskFilter(), ALL)).data
    assert task.result == {"status": "forgotten"}


async def test_a_message_that_nobody_can_see_to_fails_and_says_why() -> None:
    flock = await Flock.of()
    await flock.post(says("Hello?"))
    flock.unload()
    for _ in range(6):
        await flock.work()
        flock.scene.clock.advance(100)
    [kept] = await flock.kept()
    assert kept.status is InboundStatus.FAILED
    assert "no channel 'pigeon' is loaded here" in (kept.note or "")


async def test_giving_up_what_is_gone_or_done_changes_nothing() -> None:
    flock = await Flock.of(saying("Yes."))
    await flock.tell(says("Hello?"))
    async with flock.scene.fakes.memory.transaction(flock.who) as tx:
        wanted = TaskFilter(task_type="channel_message")
        [task] = (await tx.tasks.page(wanted, ALL)).data
    answering = flock.scene.desk.task_desk.types["channel_message"]
    async with flock.scene.fakes.memory.transaction(flock.who) as tx:
        await answering.give_up(tx, task)
    assert (await flock.kept())[0].status is InboundStatus.DONE
    await flock.scene.desk.chat.remove_thread(flock.admin, (await flock.thread()).id)
    async with flock.scene.fakes.memory.transaction(flock.who) as tx:
        await answering.give_up(tx, task)
        with pytest.raises(NotFoundError):
            await tx.inbounds.get(task.id)


async def test_who_dies_before_it_is_noted_what_was_said_has_said_it_all_the_same() -> None:
    flock = await Flock.of(saying("Once."))
    await flock.post(says("Hello?"))
    [task] = await flock.due()
    await flock.work()
    [done] = await flock.kept()
    async with flock.scene.fakes.memory.transaction(flock.who) as tx:
        lost = replace(done, status=InboundStatus.PENDING, message_id=None)
        await tx.inbounds.update(lost)
        await tx.tasks.update(replace(task, ready_at=flock.scene.clock.now()))
    await flock.work()
    assert await flock.kept() == [done]
    assert await flock.contents() == ["Hello?", "Once."]
    assert len(flock.channel.sent) == 1


async def test_a_task_that_comes_again_when_all_is_done_does_nothing() -> None:
    flock = await Flock.of(saying("Once."))
    await flock.post(says("Hello?"))
    [task] = await flock.due()
    await flock.work()
    async with flock.scene.fakes.memory.transaction(flock.who) as tx:
        await tx.tasks.update(replace(task, ready_at=flock.scene.clock.now()))
    await flock.work()
    assert await flock.contents() == ["Hello?", "Once."]


class Leaving(ScriptedChannel):
    """A channel whose connection is removed while somebody is asked for."""

    flock: Flock

    async def identify(self, sender: Sender, connection: Connection) -> Sender:
        await self.flock.scene.desk.integrations.remove(self.flock.admin, self.flock.integration.id)
        return sender


async def test_what_is_removed_while_it_is_seen_to_is_forgotten() -> None:
    channel = Leaving()
    channel.flock = flock = await Flock.of(channel=channel)
    await flock.tell(says("Hello?"))
    assert await flock.threads() == ()


async def test_what_is_removed_before_it_is_noted_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flock = await Flock.of(saying("Hello."))
    update = MemoryInbounds.update

    async def update_too_late(self: MemoryInbounds, inbound: KeptInbound) -> None:
        if inbound.status is InboundStatus.DONE:
            raise NotFoundError("it was removed")
        await update(self, inbound)

    monkeypatch.setattr(MemoryInbounds, "update", update_too_late)
    await flock.tell(says("Hello?"))
    async with flock.scene.fakes.memory.transaction(flock.who) as tx:
        wanted = TaskFilter(task_type="channel_message")
        [task] = (await tx.tasks.page(wanted, ALL)).data
    assert task.status is TaskStatus.SUCCEEDED


async def test_of_two_who_begin_the_same_conversation_one_begins_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flock = await Flock.of(saying("Hello."))
    name, lost = MemoryChannelConversations.name, [True]

    async def name_too_late(self: MemoryChannelConversations, *given: Any) -> bool:
        return await name(self, *given) and not (lost and lost.pop())

    monkeypatch.setattr(MemoryChannelConversations, "name", name_too_late)
    await flock.post(says("Hello?"))
    await flock.work()
    assert await flock.threads() == ()
    flock.scene.clock.advance(2)
    await flock.work()
    assert await flock.contents() == ["Hello?", "Hello."]
