"""Every method of the repositories of channels, as something to try with what somebody has."""

from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from hexdesk.core.model.conversations import InboundStatus
from hexdesk.core.model.webhooks import DeliveryFilter
from hexdesk.core.ports.storage import Transaction
from hexdesk.core.testing import examples
from hexdesk.core.testing.channel_examples import (
    a_channel_conversation,
    a_channel_delivery,
    a_connection,
    an_inbound,
)
from hexdesk.core.testing.companies import Belongings

Attempt = Callable[[Transaction, Belongings], Awaitable[object]]


async def _before(to: Transaction, its: Belongings) -> object:
    later = a_channel_delivery(its.correspondence.conversation, sequence=9)
    found = await to.channel_deliveries.before(later)
    return found and found.id


CHANNEL_LOOKS: dict[str, Attempt] = {
    "channel_connections.get": lambda to, its: to.channel_connections.get(its.integration.id),
    "inbounds.get": lambda to, its: to.inbounds.get(its.correspondence.inbound.id),
    "inbounds.get with lock": lambda to, its: to.inbounds.get(
        its.correspondence.inbound.id, lock=True
    ),
    "inbounds.is_first": lambda to, its: to.inbounds.is_first(
        an_inbound(its.integration.id, created_at=examples.FAR_AHEAD)
    ),
    "channel_conversations.find": lambda to, its: to.channel_conversations.find(
        its.integration.id, ["nobody", its.correspondence.name]
    ),
    "channel_conversations.of_thread": lambda to, its: to.channel_conversations.of_thread(
        its.conversation.thread.id
    ),
    "channel_conversations.of_thread with lock": lambda to, its: to.channel_conversations.of_thread(
        its.conversation.thread.id, lock=True
    ),
    "channel_deliveries.get": lambda to, its: to.channel_deliveries.get(
        its.correspondence.delivery.id
    ),
    "channel_deliveries.get with lock": lambda to, its: to.channel_deliveries.get(
        its.correspondence.delivery.id, lock=True
    ),
    "channel_deliveries.page": lambda to, its: to.channel_deliveries.page(
        DeliveryFilter(integration_id=its.integration.id), examples.ALL
    ),
    "channel_deliveries.before": _before,
}

CHANNEL_WRITES: dict[str, Attempt] = {
    "channel_connections.add": lambda to, its: to.channel_connections.add(
        a_connection(its.integration.id)
    ),
    "channel_connections.change_account": lambda to, its: to.channel_connections.change_account(
        its.integration.id, examples.new_id().hex
    ),
    "channel_connections.hold": lambda to, its: to.channel_connections.hold(
        its.integration.id, examples.new_id(), examples.FAR_AHEAD
    ),
    "channel_connections.let_go": lambda to, its: to.channel_connections.let_go(
        its.integration.id, examples.new_id()
    ),
    "inbounds.add": lambda to, its: to.inbounds.add(an_inbound(its.integration.id)),
    "inbounds.update": lambda to, its: to.inbounds.update(
        replace(its.correspondence.inbound, status=InboundStatus.FAILED)
    ),
    "channel_conversations.add": lambda to, its: to.channel_conversations.add(
        a_channel_conversation(its.integration.id, its.conversation.thread.id)
    ),
    "channel_conversations.update": lambda to, its: to.channel_conversations.update(
        replace(its.correspondence.conversation, subject="Taken over")
    ),
    "channel_conversations.name": lambda to, its: to.channel_conversations.name(
        its.correspondence.conversation, ["another"]
    ),
    "channel_deliveries.add": lambda to, its: to.channel_deliveries.add(
        a_channel_delivery(its.correspondence.conversation, sequence=2)
    ),
    "channel_deliveries.update": lambda to, its: to.channel_deliveries.update(
        replace(its.correspondence.delivery, attempts=7)
    ),
}

CHANNELS_FOUND_OR_NOT = (
    "channel_connections.get",
    "channel_connections.add",
    "channel_connections.change_account",
    "inbounds.get",
    "inbounds.get with lock",
    "inbounds.add",
    "inbounds.update",
    "channel_conversations.add",
    "channel_conversations.update",
    "channel_conversations.name",
    "channel_deliveries.get",
    "channel_deliveries.get with lock",
    "channel_deliveries.add",
    "channel_deliveries.update",
)
