"""Answers are shown while they are made, and however that ends, they arrive once."""

import asyncio
import dataclasses
from typing import Any

import pytest

from hexdesk.core.additions import Additions
from hexdesk.core.errors import (
    EgressRefusedError,
    OutcomeUnknownError,
    RetryAfterError,
    UnavailableError,
    UndeliverableError,
)
from hexdesk.core.model.channels import ChannelCapabilities, Receipt
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.model.tasks import TaskStatus
from hexdesk.core.model.webhooks import DeliveryStatus
from hexdesk.core.policy.channel_deliveries import LOST
from hexdesk.core.ports.agents import HandedOver, TextDelta
from hexdesk.core.testing import Script, saying
from hexdesk.core.testing.scripted_channel import ScriptedStreaming
from hexdesk.core.use_cases.handoffs import Handoff, Reply
from tests.unit.core.answered import the_delivery, the_task
from tests.unit.core.people import waiting
from tests.unit.core.pigeons import NOBODY, Flock, says
from tests.unit.core.scenes import DEADLINE_SECONDS, Fakes, Scene
from tests.unit.core.scripts import DONE, Gate
from tests.unit.core.tasks import do

WHOLE = "It has shipped, and arrives tomorrow."
FIRST, SECOND = "It has shipped, and ", "arrives tomorrow."
AT_ONCE = DeskSettings(flush_seconds=0)
HASTY = DeskSettings(flush_seconds=0, run_lease_seconds=0.03)
UNKNOWN = OutcomeUnknownError("the line went dead")


def slowly(gate: Gate) -> Script:
    """Return an answer that waits at a gate half-way."""
    return (TextDelta(FIRST), gate, TextDelta(SECOND), DONE)


async def of(channel: ScriptedStreaming, first: Script, *more: Script, **others: Any) -> Flock:
    """Return a flock whose agent answers no sooner than somebody is there to show it."""
    return await Flock.of((channel.began.wait, *first), *more, channel=channel, **others)


async def asked(*scripts: Script, **others: Any) -> tuple[Flock, ScriptedStreaming]:
    """Return a flock that has been asked; the run may be under way."""
    channel = ScriptedStreaming()
    given: dict[str, Any] = {"settings": AT_ONCE} | others
    flock = await of(channel, *scripts, **given)
    await flock.post(says("Where is it?"))
    for task in await flock.due("channel_message"):
        await do(flock.scene.desk.task_desk, task)
    return flock, channel


async def half_shown(**others: Any) -> tuple[Flock, ScriptedStreaming, Gate]:
    """Return a flock of whose answer the first half can be seen."""
    gate, seen = Gate(), Gate()
    seen.open()
    channel = ScriptedStreaming()
    channel.streams = [seen]
    given: dict[str, Any] = {"settings": AT_ONCE} | others
    flock = await Flock.of(slowly(gate), channel=channel, **given)
    await flock.post(says("Where is it?"))
    for task in await flock.due("channel_message"):
        await do(flock.scene.desk.task_desk, task)
    await seen.wait()
    return flock, channel, gate


async def finish(flock: Flock, gate: Gate) -> None:
    gate.open()
    async with asyncio.timeout(DEADLINE_SECONDS):
        await flock.settle()


async def test_an_answer_is_shown_as_it_is_made_and_is_delivered_by_that() -> None:
    flock, channel, gate = await half_shown()
    assert channel.shown == [FIRST]
    assert channel.sent == []
    [begun] = channel.begun
    assert (begun.text, begun.conversation_key, begun.subject) == ("", "conversation-1", None)
    assert begun.recipient
    await finish(flock, gate)
    assert channel.shown == [FIRST, SECOND]
    one, task = await the_delivery(flock), await the_task(flock)
    assert (one.status, one.attempts, one.event_type) == (
        DeliveryStatus.DELIVERED,
        1,
        "message.answer",
    )
    assert (one.id, task.status, task.steps) == (begun.id, TaskStatus.SUCCEEDED, None)
    await flock.work()
    assert [sent.text for sent in channel.sent] == [WHOLE]
    assert await flock.contents() == ["Where is it?", WHOLE]
    assert flock.scene.runner.requests[0].streams


async def test_that_an_answer_is_made_can_be_seen_before_there_is_a_word() -> None:
    gate = Gate()
    flock, channel = await asked((gate, *saying(WHOLE)))
    async with asyncio.timeout(DEADLINE_SECONDS):
        await channel.began.wait()
    assert channel.shown == []
    await finish(flock, gate)


async def test_who_answers_what_was_shown_goes_on_in_the_conversation() -> None:
    flock, _, gate = await half_shown()
    flock.scene.runner.scripts.append(saying("Yes."))
    await finish(flock, gate)
    await flock.tell(says("Sure?", conversation_key="another", replies_to=("there-1",)))
    assert await flock.contents() == ["Where is it?", WHOLE, "Sure?", "Yes."]


@pytest.mark.parametrize(
    "error",
    [
        UnavailableError("it is down"),
        EgressRefusedError("not from here"),
        UndeliverableError("no streams here"),
        RetryAfterError("slowly", retry_after=120),
    ],
)
async def test_what_was_not_shown_is_sent_as_a_whole(error: Exception) -> None:
    flock, channel = await asked(saying(WHOLE))
    channel.streams = [error]
    await flock.settle()
    assert channel.sent == []
    assert (await the_delivery(flock)).status is DeliveryStatus.PENDING
    wished = error.retry_after if isinstance(error, RetryAfterError) else 0
    assert ((await the_task(flock)).ready_at - flock.scene.clock.now()).total_seconds() == wished
    flock.scene.clock.advance(wished)
    await flock.work()
    assert [sent.text for sent in channel.sent] == [WHOLE]
    assert (await the_delivery(flock)).status is DeliveryStatus.DELIVERED


async def test_a_channel_that_gives_up_early_neither_fails_nor_holds_up_the_answer() -> None:
    gate, tried = Gate(), Gate()
    tried.open()

    async def fail() -> None:
        await tried()
        raise UnavailableError("it is down")

    channel = ScriptedStreaming()
    channel.streams = [fail]
    flock = await Flock.of(slowly(gate), channel=channel, settings=AT_ONCE)
    await flock.post(says("Where is it?"))
    for task in await flock.due("channel_message"):
        await do(flock.scene.desk.task_desk, task)
    await tried.wait()
    await finish(flock, gate)
    await flock.work()
    assert [sent.text for sent in channel.sent] == [WHOLE]
    assert await flock.contents() == ["Where is it?", WHOLE]


@pytest.mark.parametrize("error", [UNKNOWN, RuntimeError("a bug of the plugin's")])
@pytest.mark.parametrize(
    ("found", "status", "sent"),
    [
        (None, DeliveryStatus.DELIVERY_UNKNOWN, 0),
        ([Receipt(message_id="found")], DeliveryStatus.DELIVERED, 0),
        ([None], DeliveryStatus.DELIVERED, 1),
    ],
)
async def test_what_may_have_been_shown_is_looked_up_and_never_sent_blindly(
    error: Exception, found: Any, status: DeliveryStatus, sent: int
) -> None:
    flock, channel = await asked(saying(WHOLE))
    channel.streams = [error]
    channel.looked_up = list(found or ())
    await flock.settle()
    await flock.work()
    assert (await the_delivery(flock)).status is status
    assert len(channel.sent) == sent


@pytest.mark.parametrize("script", [waiting("I may need to delete it."), saying("x" * 99)])
async def test_what_a_stream_cannot_be_is_completed_by_the_channel(script: Script) -> None:
    channel = ScriptedStreaming(ChannelCapabilities(buttons=True, longest_text=90))
    flock = await of(channel, script)
    channel.looked_up = [Receipt(message_id="completed"), None]
    await flock.tell(says("Delete it!"))
    assert "".join(channel.shown)
    assert channel.taken_back == []
    assert channel.sent == []
    assert (await the_delivery(flock)).status is DeliveryStatus.DELIVERED


async def test_buttons_that_nobody_has_seen_are_sent() -> None:
    channel = ScriptedStreaming(ChannelCapabilities(buttons=True))
    flock = await of(channel, waiting("I may need to delete it."))
    channel.looked_up = [None]
    await flock.tell(says("Delete it!"))
    [sent] = channel.sent
    assert len(sent.approvals) == 1


async def test_tickets_that_a_stream_does_not_show_are_sent() -> None:
    channel = ScriptedStreaming()
    flock = await of(channel, saying("Noted."))
    channel.looked_up = [None]
    await flock.tell(says("It is broken.", sender=NOBODY))
    [sent] = channel.sent
    assert [one.number for one in sent.tickets] == [1]


async def test_a_handover_is_shown_to_its_end() -> None:
    flock, channel = await asked((TextDelta(FIRST), HandedOver(reason="upset"), DONE))
    await flock.settle()
    [sent] = channel.sent
    assert sent.text == (await flock.messages())[-1].content
    one = await the_delivery(flock)
    assert (one.status, one.event_type) == (DeliveryStatus.DELIVERED, "message.notice")


async def test_what_a_person_takes_over_is_taken_back_and_only_the_person_is_heard() -> None:
    flock, channel, gate = await half_shown()
    thread = await flock.thread()
    await flock.scene.desk.people.hand_off(flock.admin, thread.id, Handoff())
    await flock.scene.desk.people.reply(flock.admin, thread.id, Reply(content="I am Ada."))
    await finish(flock, gate)
    await flock.work()
    assert len(channel.taken_back) == 1
    assert [sent.text for sent in channel.sent] == ["I am Ada."]
    assert [one.event_type for one in await flock.deliveries()] == ["message.reply"]
    assert (await flock.due()) == []


async def test_what_is_said_at_once_is_sent_as_a_whole() -> None:
    channel = ScriptedStreaming()
    flock = await Flock.of(saying(WHOLE), channel=channel)
    await flock.tell(says("Where is it?"))
    assert channel.begun == []
    assert [sent.text for sent in channel.sent] == [WHOLE]


async def test_while_a_person_has_the_conversation_nothing_is_shown() -> None:
    flock, channel, gate = await half_shown()
    await finish(flock, gate)
    thread = await flock.thread()
    await flock.scene.desk.people.hand_off(flock.admin, thread.id, Handoff())
    await flock.tell(says("Are you there?"))
    assert len(channel.begun) == 1


async def test_nothing_is_shown_before_what_was_said_earlier_has_arrived() -> None:
    gate = Gate()
    flock, channel = await asked(saying("One."), (gate, *saying("Two.")))
    channel.streams = [UnavailableError("it is down")]
    channel.deliveries = [UnavailableError("it is still down")]
    await flock.settle()
    await flock.work()
    await flock.post(says("And now?"))
    for task in await flock.due("channel_message"):
        await do(flock.scene.desk.task_desk, task)
    await gate.wait()
    await flock.scene.desk.run_desk.unaccompanied()
    assert len(channel.begun) == 1
    await finish(flock, gate)
    flock.scene.clock.advance(3)
    await flock.work()
    flock.scene.clock.advance(3)
    await flock.work()
    assert [sent.text for sent in channel.sent] == ["One.", "Two."]


async def test_a_process_that_ends_while_it_shows_leaves_the_rest_to_another() -> None:
    fakes = Fakes.new()
    flock, channel, _ = await half_shown(fakes=fakes)
    await flock.scene.desk.run_desk.drain(0)
    assert channel.taken_back == []
    task = await the_task(flock)
    assert (task.status, task.steps) == (TaskStatus.QUEUED, b"sending")
    # Nobody sends anything before the answer is whole.
    await do(flock.scene.desk.task_desk, task)
    task = await the_task(flock)
    assert (task.status, task.steps, channel.sent) == (TaskStatus.QUEUED, b"sending", [])
    additions = Additions(channels=(channel,))
    scene = Scene.of(saying(SECOND), fakes=fakes, additions=additions)
    other = dataclasses.replace(flock, scene=scene)
    flock.scene.clock.advance(60)
    await other.scene.desk.run_desk.recover()
    await other.settle()
    channel.looked_up = [Receipt(message_id="completed")]
    flock.scene.clock.advance(60)
    await other.work()
    one = await the_delivery(other)
    assert (one.status, one.id, channel.sent) == (DeliveryStatus.DELIVERED, task.id, [])
    assert len(channel.begun) == 1


async def test_what_is_removed_while_it_is_shown_is_forgotten() -> None:
    flock, _, gate = await half_shown()
    await flock.scene.desk.chat.remove_thread(flock.admin, (await flock.thread()).id)
    gate.open()
    async with asyncio.timeout(DEADLINE_SECONDS):
        await flock.scene.desk.run_desk.unaccompanied()
    flock.scene.clock.advance(60)
    await do(flock.scene.desk.task_desk, await the_task(flock))
    assert (await the_task(flock)).status is TaskStatus.SUCCEEDED


async def test_what_somebody_cancels_is_shown_no_longer_and_looked_up_when_it_is_whole() -> None:
    flock, channel, gate = await half_shown(settings=HASTY)
    task = await the_task(flock)
    await flock.scene.desk.tasks.cancel(flock.admin, task.id)
    async with asyncio.timeout(DEADLINE_SECONDS):
        await flock.scene.desk.run_desk.unaccompanied()
    await finish(flock, gate)
    [one] = await flock.deliveries()
    assert one.attempt_log[0].error == LOST
    await flock.work()
    [one] = await flock.deliveries()
    assert (one.status, channel.sent) == (DeliveryStatus.DELIVERY_UNKNOWN, [])


async def test_who_is_late_to_say_that_it_was_shown_leaves_what_was_decided() -> None:
    flock, channel, gate = await half_shown()
    task = await the_task(flock)

    async def cancel() -> None:
        await flock.scene.desk.tasks.cancel(flock.admin, task.id)

    channel.streams = [None, cancel]
    await finish(flock, gate)
    assert (await the_delivery(flock)).status is not DeliveryStatus.DELIVERED


async def test_without_storage_an_answer_is_shown_and_found_when_it_is_back() -> None:
    flock, channel, gate = await half_shown()
    await flock.scene.break_storage()
    gate.open()
    async with asyncio.timeout(DEADLINE_SECONDS):
        await flock.scene.desk.run_desk.unaccompanied()
    assert [sent.text for sent in channel.sent] == [WHOLE]
    await flock.scene.mend_storage()
    await flock.scene.desk.run_desk.recover()
    channel.looked_up = [Receipt(message_id="found")]
    flock.scene.clock.advance(60)
    await do(flock.scene.desk.task_desk, await the_task(flock))
    assert (await the_delivery(flock)).status is DeliveryStatus.DELIVERED
    assert len(channel.sent) == 1
