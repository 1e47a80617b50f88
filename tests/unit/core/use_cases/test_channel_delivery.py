"""Messages go out in order, each once, and whoever cannot know says so."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import (
    EgressRefusedError,
    NotFoundError,
    RetryAfterError,
    UnavailableError,
    UndeliverableError,
)
from hexdesk.core.model.channels import ChannelCapabilities, OutboundKind
from hexdesk.core.model.chat import ThreadStatus
from hexdesk.core.model.integrations import IntegrationStatus
from hexdesk.core.model.tasks import TaskStatus
from hexdesk.core.model.webhooks import DeliveryStatus
from hexdesk.core.policy.words import HANDED_OVER
from hexdesk.core.ports.agents import HandedOver
from hexdesk.core.testing import ScriptedChannel, saying
from hexdesk.core.testing.scripted_channel import SECRET
from hexdesk.core.use_cases.handoffs import Handoff, Reply
from hexdesk.core.use_cases.integrations import IntegrationChange
from tests.unit.core.answered import answered, seen_to, the_delivery, the_task, until_next
from tests.unit.core.people import waiting
from tests.unit.core.pigeons import NOBODY, Flock, says
from tests.unit.core.scripts import DONE


async def test_an_answer_is_stored_with_its_delivery() -> None:
    flock = await answered()
    one = await the_delivery(flock)
    assert (one.status, one.event_type, one.attempts) == (
        DeliveryStatus.PENDING,
        "message.answer",
        0,
    )
    assert len(await flock.due("channel_delivery")) == 1


async def test_a_delivery_that_has_arrived_says_so() -> None:
    flock = await answered()
    await flock.work()
    one = await the_delivery(flock)
    assert (one.status, one.attempts, one.last_error) == (DeliveryStatus.DELIVERED, 1, None)
    assert one.delivered_at == flock.scene.clock.now()
    [sent] = flock.channel.sent
    assert sent.id == one.id
    shown = await flock.scene.desk.integrations.get(flock.admin, flock.integration.id)
    assert shown.status is IntegrationStatus.OK


@pytest.mark.parametrize(
    "error", [UnavailableError("it is down"), EgressRefusedError("not from here")]
)
async def test_what_was_not_sent_is_sent_again_later(error: Exception) -> None:
    flock = await answered()
    flock.channel.deliveries = [error]
    await flock.work()
    one = await the_delivery(flock)
    assert (one.status, one.last_error) == (DeliveryStatus.PENDING, str(error))
    shown = await flock.scene.desk.integrations.get(flock.admin, flock.integration.id)
    assert (shown.status, shown.last_error) == (IntegrationStatus.ERROR, str(error))
    await until_next(flock)
    one = await the_delivery(flock)
    assert (one.status, one.attempts, len(flock.channel.sent)) == (DeliveryStatus.DELIVERED, 2, 1)


async def test_a_wish_to_be_left_alone_is_granted() -> None:
    flock = await answered()
    flock.channel.deliveries = [RetryAfterError("slowly", retry_after=120)]
    await flock.work()
    due = (await the_delivery(flock)).next_attempt_at
    assert due
    assert (due - flock.scene.clock.now()).total_seconds() == 120


async def test_what_can_never_be_delivered_has_failed_and_says_why() -> None:
    flock = await answered()
    flock.channel.deliveries = [UndeliverableError("there is no such pigeon")]
    await flock.work()
    one = await the_delivery(flock)
    assert (one.status, one.last_error) == (DeliveryStatus.FAILED, "there is no such pigeon")
    assert (await the_task(flock)).status is TaskStatus.FAILED


async def test_what_is_down_for_too_long_is_given_up() -> None:
    flock = await answered()
    flock.channel.deliveries = [UnavailableError("it is down") for _ in range(20)]
    await flock.work()
    for _ in range(19):
        await until_next(flock)
    one = await the_delivery(flock)
    assert (one.status, one.attempts) == (DeliveryStatus.FAILED, 20)


async def test_messages_go_out_in_order_however_the_first_fares() -> None:
    flock = await answered(None, "One.", "Two.")
    flock.channel.deliveries = [UnavailableError("it is down")]
    await flock.work()
    await flock.post(says("And now?"))
    await seen_to(flock)
    first, second = await flock.deliveries()
    await flock.work()
    assert flock.channel.sent == []
    flock.scene.clock.advance(2)
    await flock.work()
    flock.scene.clock.advance(2)
    await flock.work()
    assert [one.id for one in flock.channel.sent] == [first.id, second.id]


async def test_one_that_has_failed_keeps_no_other_waiting() -> None:
    flock = await answered(None, "One.", "Two.")
    flock.channel.deliveries = [UndeliverableError("no")]
    await flock.work()
    await flock.tell(says("And now?"))
    assert [one.text for one in flock.channel.sent] == ["Two."]


async def test_an_answer_shows_the_tickets_that_were_opened_of_what_it_answers() -> None:
    flock = await Flock.of(saying("Noted."), saying("You are welcome."))
    await flock.tell(says("It is broken.", sender=NOBODY))
    await flock.tell(says("Thank you."))
    noted, welcome = flock.channel.sent
    assert [(one.number, one.title) for one in noted.tickets] == [(1, "It is broken.")]
    assert welcome.tickets == ()


async def test_a_persons_reply_goes_out_and_is_one() -> None:
    flock = await answered()
    await flock.work()
    thread = await flock.thread()
    await flock.scene.desk.people.hand_off(flock.admin, thread.id, Handoff())
    await flock.scene.desk.people.reply(flock.admin, thread.id, Reply(content="I am Ada."))
    await flock.work()
    assert [(one.kind, one.text) for one in flock.channel.sent[1:]] == [
        (OutboundKind.REPLY, "I am Ada.")
    ]


async def test_a_handover_is_told_to_the_customer() -> None:
    flock = await Flock.of((HandedOver(reason="upset"), DONE))
    await flock.tell(says("I want a person!"))
    assert [(one.kind, one.text) for one in flock.channel.sent] == [
        (OutboundKind.NOTICE, HANDED_OVER)
    ]
    assert (await flock.thread()).status is ThreadStatus.HUMAN


@pytest.mark.parametrize("has_buttons", [True, False])
async def test_a_call_that_waits_is_shown_where_there_are_buttons(*, has_buttons: bool) -> None:
    channel = ScriptedChannel(ChannelCapabilities(buttons=has_buttons))
    flock = await Flock.of(waiting("I must ask."), channel=channel)
    await flock.tell(says("Delete it!"))
    [sent] = flock.channel.sent
    assert (sent.kind, sent.text) == (OutboundKind.NOTICE, "I must ask.")
    assert [one.tool for one in sent.approvals] == (["delete_ticket"] if has_buttons else [])


async def test_a_text_that_does_not_fit_is_cut_where_all_can_see_it() -> None:
    channel = ScriptedChannel(ChannelCapabilities(longest_text=10))
    flock = await Flock.of(saying("0123456789abc"), channel=channel)
    await flock.tell(says("Count!"))
    assert [one.text for one in flock.channel.sent] == ["012345678…"]


async def test_what_people_say_elsewhere_goes_nowhere() -> None:
    flock = await Flock.of(saying("Hello."))
    thread = await flock.scene.thread(flock.admin)
    await flock.scene.ask(flock.admin, thread)
    assert await flock.deliveries() == []


async def test_a_thread_whose_other_end_is_gone_has_no_deliveries() -> None:
    flock = await answered()
    thread = await flock.thread()
    await flock.scene.desk.integrations.remove(flock.admin, flock.integration.id)
    await flock.scene.desk.people.hand_off(flock.admin, thread.id, Handoff())
    await flock.scene.desk.people.reply(flock.admin, thread.id, Reply(content="Anybody?"))
    assert len(await flock.due("channel_delivery")) == 1
    await flock.work()
    assert (await the_task(flock)).result == {"status": "forgotten"}


async def test_a_delivery_whose_task_is_cancelled_has_failed() -> None:
    flock = await answered()
    await flock.scene.desk.tasks.cancel(flock.admin, (await the_task(flock)).id)
    one = await the_delivery(flock)
    assert (one.status, one.last_error) == (DeliveryStatus.FAILED, "it was cancelled")


async def test_a_task_that_comes_again_after_all_is_done_does_nothing() -> None:
    flock = await answered()
    task = await the_task(flock)
    await flock.work()
    async with flock.scene.fakes.memory.transaction(flock.who) as tx:
        await tx.tasks.update(replace(task, ready_at=flock.scene.clock.now()))
    await flock.work()
    assert len(flock.channel.sent) == 1


async def test_where_the_plugin_is_not_loaded_a_delivery_waits() -> None:
    flock = await answered()
    types: Any = flock.scene.desk.channels.receive.channels.types
    pigeon = types.pop("pigeon")
    await flock.work()
    one = await the_delivery(flock)
    assert one.status is DeliveryStatus.PENDING
    assert "pigeon" in (one.last_error or "")
    types["pigeon"] = pigeon
    await until_next(flock)
    assert (await the_delivery(flock)).status is DeliveryStatus.DELIVERED


During = Callable[[Flock], Awaitable[object]]


async def remove_thread(flock: Flock) -> None:
    await flock.scene.desk.chat.remove_thread(flock.admin, (await flock.thread()).id)


async def remove_connection(flock: Flock) -> None:
    await flock.scene.desk.integrations.remove(flock.admin, flock.integration.id)


@pytest.mark.parametrize("during", [remove_thread, remove_connection])
async def test_what_is_removed_while_it_is_sent_is_forgotten(during: During) -> None:
    flock = await answered()
    flock.channel.deliveries = [lambda: during(flock)]
    await flock.work()
    assert len(flock.channel.sent) == 1
    assert (await the_task(flock)).status is TaskStatus.SUCCEEDED
    with pytest.raises(NotFoundError):
        async with flock.scene.fakes.memory.transaction(flock.who) as tx:
            await tx.channel_deliveries.get(flock.channel.sent[0].id)


async def test_a_removed_thread_is_forgotten_before_it_is_sent() -> None:
    flock = await answered()
    await remove_thread(flock)
    await flock.work()
    assert flock.channel.sent == []


async def test_giving_up_what_is_gone_changes_nothing() -> None:
    flock = await answered()
    task = await the_task(flock)
    await remove_thread(flock)
    sending = flock.scene.desk.task_desk.types["channel_delivery"]
    async with flock.scene.fakes.memory.transaction(flock.who) as tx:
        await sending.give_up(tx, task)
    assert await flock.deliveries() == []


async def test_what_was_given_up_meanwhile_stays_so() -> None:
    flock = await answered()

    async def give_up() -> None:
        key = await the_task_id(flock)
        async with flock.scene.fakes.memory.transaction(flock.who) as tx:
            one = await tx.channel_deliveries.get(key, lock=True)
            await tx.channel_deliveries.update(replace(one, status=DeliveryStatus.FAILED))

    flock.channel.deliveries = [give_up]
    await flock.work()
    assert (await the_delivery(flock)).status is DeliveryStatus.FAILED


async def the_task_id(flock: Flock) -> UUID:
    return UUID((await the_task(flock)).task_data["delivery_id"])


async def test_how_a_call_went_says_nothing_of_a_connection_that_was_changed() -> None:
    flock = await answered()

    async def move() -> None:
        change = IntegrationChange(config={"loft": "spire", "secret": SECRET})
        await flock.scene.desk.integrations.change(flock.admin, flock.integration.id, change)

    flock.channel.deliveries = [move]
    await flock.work()
    shown = await flock.scene.desk.integrations.get(flock.admin, flock.integration.id)
    assert shown.status is IntegrationStatus.UNKNOWN
