"""What becomes of a channel's message when something else happens meanwhile."""

from typing import Any

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import NotFoundError
from hexdesk.core.model.channels import Sender
from hexdesk.core.model.conversations import InboundStatus, KeptInbound
from hexdesk.core.model.integrations import IntegrationStatus
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.model.tasks import TaskFilter, TaskStatus
from hexdesk.core.model.webhooks import DeliveryStatus
from hexdesk.core.policy.channel_deliveries import MOST_ATTEMPTS
from hexdesk.core.ports.channels import Connection
from hexdesk.core.testing import ScriptedChannel, saying
from hexdesk.core.testing.examples import ALL
from hexdesk.core.testing.memory_channels import MemoryChannelConversations, MemoryInbounds
from hexdesk.core.use_cases.channel_delivery import SWITCHED_OFF
from hexdesk.core.use_cases.integrations import IntegrationChange
from tests.unit.core.answered import answered, the_delivery, until_next
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


async def test_where_the_plugin_is_not_loaded_a_message_waits_until_it_is() -> None:
    flock = await Flock.of(saying("Here I am."))
    await flock.post(says("Hello?"))
    types: Any = flock.scene.desk.channels.receive.channels.types
    pigeon = flock.unload()
    for _ in range(10):
        await flock.work()
        flock.scene.clock.advance(100)
    [task] = await flock.due()
    assert task.attempts == 0
    types["pigeon"] = pigeon
    await flock.work()
    assert await flock.contents() == ["Hello?", "Here I am."]


async def misconfigured(flock: Flock, config: dict[str, Any]) -> dict[str, Any]:
    """Store a configuration that nobody checks, and return the one before."""
    async with flock.scene.fakes.memory.transaction(flock.who) as tx:
        stored = await tx.integrations.get(flock.integration.id)
        await tx.integrations.update(replace(stored, config=config))
    return stored.config


async def test_what_had_failed_is_seen_to_when_its_task_is_begun_anew() -> None:
    flock = await Flock.of(saying("Here I am."))
    await flock.post(says("Hello?"))
    [task] = await flock.due()
    good = await misconfigured(flock, {"nest": "old"})
    await flock.work()
    [kept] = await flock.kept()
    assert (kept.status, kept.note) == (InboundStatus.FAILED, "is not a known field")
    retry = flock.scene.desk.tasks.retry
    await retry(flock.admin, task.id)
    await flock.work()
    assert (await flock.kept())[0].status is InboundStatus.FAILED
    await misconfigured(flock, good)
    await retry(flock.admin, task.id)
    await flock.work()
    [kept] = await flock.kept()
    assert (kept.status, kept.note) == (InboundStatus.DONE, None)
    assert await flock.contents() == ["Hello?", "Here I am."]


@pytest.mark.parametrize("fault", [RuntimeError("a mistake"), NotFoundError("no such pigeon")])
async def test_a_channel_that_stumbles_over_a_sender_loses_no_message(
    fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    flock = await Flock.of(saying("Hello."))
    flock.channel.senders["ann"] = fault
    await flock.tell(says("Hello?"))
    assert await flock.contents() == ["Hello?", "Hello."]
    customer = (await flock.thread()).metadata["customer"]
    assert customer["is_verified"] is False
    assert "sender not identified" in caplog.text


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


async def switch(flock: Flock, *, is_active: bool) -> None:
    change = IntegrationChange(is_active=is_active)
    await flock.scene.desk.integrations.change(flock.admin, flock.integration.id, change)


async def test_a_connection_that_is_switched_off_for_a_while_sends_when_it_is_on() -> None:
    flock = await answered()
    await switch(flock, is_active=False)
    await flock.work()
    await until_next(flock)
    one = await the_delivery(flock)
    assert (one.status, one.last_error) == (DeliveryStatus.PENDING, SWITCHED_OFF)
    assert flock.channel.sent == []
    shown = await flock.scene.desk.integrations.get(flock.admin, flock.integration.id)
    assert shown.status is IntegrationStatus.UNKNOWN, "nothing was found out about its system"
    await switch(flock, is_active=True)
    await until_next(flock)
    assert (await the_delivery(flock)).status is DeliveryStatus.DELIVERED
    assert [one.text for one in flock.channel.sent] == ["It has shipped."]


async def test_what_a_connection_was_to_send_is_not_kept_for_ever() -> None:
    flock = await answered()
    await switch(flock, is_active=False)
    await flock.work()
    for _ in range(MOST_ATTEMPTS - 1):
        await until_next(flock)
    one = await the_delivery(flock)
    assert (one.status, one.last_error) == (DeliveryStatus.FAILED, SWITCHED_OFF)
    await switch(flock, is_active=True)
    flock.scene.clock.advance(10_000)
    await flock.work()
    assert flock.channel.sent == []
