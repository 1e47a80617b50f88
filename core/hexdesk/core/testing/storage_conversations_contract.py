"""The part of the storage contract about conversations on channels."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import NotFoundError
from hexdesk.core.model.webhooks import DeliveryAttempt, DeliveryFilter, DeliveryStatus
from hexdesk.core.testing import examples
from hexdesk.core.testing.channel_examples import (
    Correspondence,
    a_channel_conversation,
    a_channel_delivery,
)
from hexdesk.core.testing.companies import Company, Conversation
from hexdesk.core.testing.storage_channels_contract import ChannelFixtures

DEADLINE_SECONDS = 20


class ChannelConversationContract(ChannelFixtures):
    """The other ends of threads."""

    async def test_a_conversation_is_found_by_its_thread_and_its_names(
        self, ours: Company, talk: Correspondence
    ) -> None:
        made = talk.conversation
        async with ours.transaction() as transaction:
            conversations = transaction.channel_conversations
            assert await conversations.of_thread(made.thread_id) == made
            assert await conversations.of_thread(made.thread_id, lock=True) == made
            assert await conversations.of_thread(examples.new_id()) is None
            assert await conversations.find(made.integration_id, ["?", talk.name]) == made
            assert await conversations.find(made.integration_id, ["?"]) is None
            assert await conversations.find(examples.new_id(), [talk.name]) is None

    async def test_the_first_name_that_is_known_counts(
        self, ours: Company, talk: Correspondence
    ) -> None:
        other = Conversation.of(ours.who)
        async with ours.transaction() as transaction:
            await other.store(transaction)
            conversations = transaction.channel_conversations
            second = a_channel_conversation(talk.conversation.integration_id, other.thread.id)
            await conversations.add(second)
            assert await conversations.name(second, ["b", "a"])
            key = second.integration_id
            assert await conversations.find(key, ["?", "a", talk.name]) == second
            assert await conversations.find(key, [talk.name, "a"]) == talk.conversation

    async def test_a_name_leads_to_one_conversation_and_goes_on_to(
        self, ours: Company, talk: Correspondence
    ) -> None:
        other = Conversation.of(ours.who)
        async with ours.transaction() as transaction:
            await other.store(transaction)
            conversations = transaction.channel_conversations
            second = a_channel_conversation(talk.conversation.integration_id, other.thread.id)
            await conversations.add(second)
            assert not await conversations.name(second, [talk.name])
            assert await conversations.name(talk.conversation, [talk.name])
            found = await conversations.find(second.integration_id, [talk.name])
            assert found == talk.conversation

    async def test_of_two_who_name_at_once_one_is_told(
        self, ours: Company, talk: Correspondence
    ) -> None:
        others = [Conversation.of(ours.who) for _ in range(2)]
        integration_id = talk.conversation.integration_id

        async def begin(one: Conversation) -> bool:
            async with ours.transaction() as transaction:
                await one.store(transaction)
                made = a_channel_conversation(integration_id, one.thread.id)
                await transaction.channel_conversations.add(made)
                return await transaction.channel_conversations.name(made, ["same"])

        async with asyncio.timeout(DEADLINE_SECONDS):
            assert sorted(await asyncio.gather(*map(begin, others))) == [False, True]

    async def test_an_update_changes_it(self, ours: Company, talk: Correspondence) -> None:
        after = replace(
            talk.conversation,
            subject="Parcel",
            reply_to="m2",
            hints={"thread": 2},
            last_sequence=3,
            updated_at=examples.later(1),
        )
        async with ours.transaction() as transaction:
            await transaction.channel_conversations.update(after)
            assert await transaction.channel_conversations.of_thread(after.thread_id) == after

    async def test_a_thread_takes_its_other_end_along(
        self, ours: Company, talk: Correspondence
    ) -> None:
        async with ours.transaction() as transaction:
            await transaction.threads.remove(talk.conversation.thread_id)
            found = await transaction.channel_conversations.find(
                talk.conversation.integration_id, [talk.name]
            )
            assert found is None
            for lost in (
                transaction.inbounds.get(talk.inbound.id),
                transaction.channel_deliveries.get(talk.delivery.id),
            ):
                with pytest.raises(NotFoundError):
                    await lost

    async def test_an_integration_takes_everything_along_but_the_thread(
        self, ours: Company, talk: Correspondence, conversation: Conversation
    ) -> None:
        key = talk.conversation.integration_id
        async with ours.transaction() as transaction:
            await transaction.integrations.remove(key)
            assert await transaction.threads.get(conversation.thread.id) == conversation.thread
            assert await transaction.channel_conversations.find(key, [talk.name]) is None
            for lost in (
                transaction.channel_connections.get(key),
                transaction.inbounds.get(talk.inbound.id),
                transaction.channel_deliveries.get(talk.delivery.id),
            ):
                with pytest.raises(NotFoundError):
                    await lost


class ChannelDeliveryContract(ChannelFixtures):
    """Messages on their way out."""

    async def test_a_delivery_comes_back_and_an_update_leaves_what_is_sent(
        self, ours: Company, talk: Correspondence
    ) -> None:
        made = talk.delivery
        attempt = DeliveryAttempt(at=examples.NOON, error="no answer", is_unknown=True)
        changes = {
            "status": DeliveryStatus.DELIVERED,
            "attempts": 2,
            "tries": 2,
            "last_error": "no answer",
            "next_attempt_at": None,
            "delivered_at": examples.later(1),
            "attempt_log": (attempt,),
            "external_id": "there-1",
            "task_id": examples.new_id(),
        }
        other = {"payload": b"other", "event_type": "other", "sequence": 7}
        async with ours.transaction() as transaction:
            deliveries = transaction.channel_deliveries
            assert await deliveries.get(made.id) == made
            await deliveries.update(replace(made, **changes, **other))
            assert await deliveries.get(made.id, lock=True) == replace(made, **changes)

    async def test_what_waits_before_a_delivery_is_found(
        self, ours: Company, talk: Correspondence
    ) -> None:
        first = talk.delivery
        second, third = (a_channel_delivery(talk.conversation, sequence=n) for n in (2, 3))
        async with ours.transaction() as transaction:
            deliveries = transaction.channel_deliveries
            for one in (third, second):
                await deliveries.add(one)
            assert await deliveries.before(first) is None
            assert await deliveries.before(third) == second
            await deliveries.update(replace(second, status=DeliveryStatus.FAILED))
            assert await deliveries.before(third) == first

    @pytest.mark.parametrize(
        ("fields", "found"),
        [
            ({}, {"answer", "reply"}),
            ({"status": DeliveryStatus.FAILED}, {"reply"}),
            ({"event_type": "message.answer"}, {"answer"}),
        ],
    )
    async def test_a_list_holds_the_messages_that_fit(
        self, ours: Company, talk: Correspondence, fields: dict[str, Any], found: set[str]
    ) -> None:
        reply = a_channel_delivery(
            talk.conversation,
            sequence=2,
            event_type="message.reply",
            status=DeliveryStatus.FAILED,
        )
        made = {"answer": talk.delivery, "reply": reply}
        async with ours.transaction() as transaction:
            await transaction.channel_deliveries.add(reply)
            wanted = DeliveryFilter(integration_id=talk.conversation.integration_id, **fields)
            page = await transaction.channel_deliveries.page(wanted, examples.ALL)
        assert {one.id: one for one in page.data} == {
            made[name].id: made[name].shown() for name in found
        }
