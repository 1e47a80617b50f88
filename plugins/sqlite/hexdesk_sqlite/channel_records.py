"""What came and goes on channels, in SQLite."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hexdesk.core.model.conversations import (
    ChannelConversation,
    ChannelDelivery,
    KeptConnection,
    KeptInbound,
)
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.webhooks import DeliveryFilter, WebhookDelivery
from hexdesk.core.ports.channel_records import (
    ChannelConnections,
    ChannelConversations,
    ChannelDeliveries,
    Inbounds,
)
from hexdesk_sqlite.conditions import OURS, Conditions
from hexdesk_sqlite.connection import BoundConnection
from hexdesk_sqlite.record_table import RecordTable

CONNECTIONS = RecordTable(KeptConnection, "channel_connections", called="connection")
INBOUNDS = RecordTable(KeptInbound, "channel_inbounds", called="inbound message")
CONVERSATIONS = RecordTable(ChannelConversation, "channel_conversations", called="conversation")
DELIVERIES = RecordTable(ChannelDelivery, "channel_deliveries", called="delivery")
SHOWN = RecordTable(WebhookDelivery, "channel_deliveries", called="delivery")

CHANGE_ACCOUNT = f"{CONNECTIONS.update_of('account')} AND integration_id = ?1"
HOLD = f"""
    UPDATE main.channel_connections SET lease_token = ?2, lease_until = ?3
    WHERE {OURS} AND integration_id = ?1
        AND (lease_token IS NULL OR lease_token = ?2 OR lease_until <= now())
"""  # noqa: S608  words of ours
LET_GO = f"""
    UPDATE main.channel_connections SET lease_token = NULL, lease_until = now()
    WHERE {OURS} AND integration_id = ?1 AND lease_token = ?2
"""  # noqa: S608  words of ours
ADD_INBOUND = f"""
    {INBOUNDS.insert} ON CONFLICT (organization_id, integration_id, dedupe_key) DO NOTHING
"""
_became = ("status", "note", "thread_id", "message_id")
UPDATE_INBOUND = f"{INBOUNDS.update_of(*_became)} AND id = ?1"
IS_FIRST = """
    SELECT NOT EXISTS (
        SELECT 1 FROM channel_inbounds
        WHERE integration_id = ?1 AND order_key = ?2 AND status = 'pending'
            AND (created_at, id) < (?3, ?4)
    )
"""
FIND_CONVERSATION = f"""
    SELECT {CONVERSATIONS.listed_as("c")}
    FROM json_each(?2) AS wanted
    JOIN channel_conversation_names AS n ON n.integration_id = ?1 AND n.name = wanted.value
    JOIN channel_conversations AS c ON c.id = n.conversation_id
    ORDER BY wanted.key LIMIT 1
"""  # noqa: S608  names of columns
NAME_CONVERSATION = """
    INSERT INTO main.channel_conversation_names (integration_id, name, conversation_id)
    SELECT ?1, value, ?2 FROM json_each(?3) WHERE true
    ON CONFLICT (organization_id, integration_id, name) DO NOTHING
"""
NAMED_ELSEWHERE = """
    SELECT EXISTS (
        SELECT 1 FROM channel_conversation_names
        WHERE integration_id = ?1 AND conversation_id <> ?2
            AND name IN (SELECT value FROM json_each(?3))
    )
"""
# What is sent is the largest part of the row, and never written again.
_LASTING = {"integration_id", "event_type", "payload", "conversation_id", "message_id", "sequence"}
_changing = [name for name in DELIVERIES.changed if name not in _LASTING]
UPDATE_DELIVERY = f"{DELIVERIES.update_of(*_changing)} AND id = ?1"
NEWEST_BEFORE = """
    conversation_id = ?1 AND sequence < ?2 AND status = 'pending' ORDER BY sequence DESC LIMIT 1
"""


@dataclass(slots=True)
class SqliteChannelConnections(ChannelConnections):
    """The connections of a transaction's organization."""

    bound: BoundConnection

    async def add(self, connection: KeptConnection) -> None:
        await CONNECTIONS.add(self.bound, connection)

    async def get(self, integration_id: UUID) -> KeptConnection:
        found = await CONNECTIONS.find(self.bound, "integration_id = ?1", integration_id)
        if found is None:
            raise CONNECTIONS.not_found(integration_id)
        return found

    async def change_account(self, integration_id: UUID, account: str | None) -> None:
        if not await self.bound.change(CHANGE_ACCOUNT, integration_id, account):
            raise CONNECTIONS.not_found(integration_id)

    async def hold(self, integration_id: UUID, lease_token: UUID, lease_until: datetime) -> bool:
        return await self.bound.change(HOLD, integration_id, lease_token, lease_until) == 1

    async def let_go(self, integration_id: UUID, lease_token: UUID) -> None:
        await self.bound.change(LET_GO, integration_id, lease_token)


@dataclass(slots=True)
class SqliteInbounds(Inbounds):
    """What came on the connections of a transaction's organization."""

    bound: BoundConnection

    async def add(self, inbound: KeptInbound) -> bool:
        return await self.bound.change(ADD_INBOUND, *INBOUNDS.written_values(inbound)) == 1

    async def get(self, inbound_id: UUID, *, lock: bool = False) -> KeptInbound:
        return await INBOUNDS.get(self.bound, inbound_id, lock=lock)

    async def update(self, inbound: KeptInbound) -> None:
        if not await self.bound.change(
            UPDATE_INBOUND, inbound.id, *INBOUNDS.values_of(inbound, _became)
        ):
            raise INBOUNDS.not_found(inbound.id)

    async def is_first(self, inbound: KeptInbound) -> bool:
        order = (inbound.integration_id, inbound.order_key)
        return bool(await self.bound.value(IS_FIRST, *order, inbound.created_at, inbound.id))


@dataclass(slots=True)
class SqliteChannelConversations(ChannelConversations):
    """The conversations of a transaction's organization."""

    bound: BoundConnection

    async def find(self, integration_id: UUID, names: Sequence[str]) -> ChannelConversation | None:
        row = await self.bound.row(FIND_CONVERSATION, integration_id, list(names))
        return None if row is None else CONVERSATIONS.read(row)

    async def of_thread(self, thread_id: UUID, *, lock: bool = False) -> ChannelConversation | None:
        return await CONVERSATIONS.find(self.bound, "thread_id = ?1", thread_id, lock=lock)

    async def add(self, conversation: ChannelConversation) -> None:
        await CONVERSATIONS.add(self.bound, conversation)

    async def update(self, conversation: ChannelConversation) -> None:
        await CONVERSATIONS.update(self.bound, conversation)

    async def name(self, conversation: ChannelConversation, names: Sequence[str]) -> bool:
        values = (conversation.integration_id, conversation.id, list(names))
        await self.bound.change(NAME_CONVERSATION, *values)
        return not await self.bound.value(NAMED_ELSEWHERE, *values)


@dataclass(slots=True)
class SqliteChannelDeliveries(ChannelDeliveries):
    """The deliveries of a transaction's organization."""

    bound: BoundConnection

    async def add(self, delivery: ChannelDelivery) -> None:
        await DELIVERIES.add(self.bound, delivery)

    async def get(self, delivery_id: UUID, *, lock: bool = False) -> ChannelDelivery:
        return await DELIVERIES.get(self.bound, delivery_id, lock=lock)

    async def page(self, wanted: DeliveryFilter, part: Slice) -> Page[WebhookDelivery]:
        conditions = Conditions()
        conditions.add("integration_id = {}", wanted.integration_id)
        conditions.add_known("status = {}", wanted.status)
        conditions.add_known("event_type = {}", wanted.event_type)
        return await SHOWN.page(self.bound, part, conditions)

    async def update(self, delivery: ChannelDelivery) -> None:
        if not await self.bound.change(
            UPDATE_DELIVERY, delivery.id, *DELIVERIES.values_of(delivery, _changing)
        ):
            raise DELIVERIES.not_found(delivery.id)

    async def before(self, delivery: ChannelDelivery) -> ChannelDelivery | None:
        values = (delivery.conversation_id, delivery.sequence)
        return await DELIVERIES.find(self.bound, NEWEST_BEFORE, *values)
