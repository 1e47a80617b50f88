"""Answers are shown while they are made, and however that ends, they arrive once."""

import asyncio
from typing import Any

import pytest

from hexdesk.core.errors import (
    EgressRefusedError,
    RetryAfterError,
    UnavailableError,
    UndeliverableError,
)
from hexdesk.core.model.channels import ChannelCapabilities, Receipt
from hexdesk.core.model.tasks import TaskStatus
from hexdesk.core.model.webhooks import DeliveryStatus
from hexdesk.core.ports.agents import HandedOver, TextDelta
from hexdesk.core.testing import Script, saying
from hexdesk.core.testing.scripted_channel import ScriptedStreaming
from hexdesk.core.use_cases.handoffs import Handoff, Reply
from tests.unit.core.answered import the_delivery, the_task
from tests.unit.core.people import waiting
from tests.unit.core.pigeons import NOBODY, Flock, says
from tests.unit.core.scenes import DEADLINE_SECONDS
from tests.unit.core.scripts import DONE, Gate
from tests.unit.core.shown import (
    AT_ONCE,
    FIRST,
    SECOND,
    UNKNOWN,
    WHOLE,
    asked,
    finish,
    half_shown,
    of,
    slowly,
)
from tests.unit.core.tasks import do


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
