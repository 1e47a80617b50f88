"""What came and goes on channels, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from hexdesk.adapters.storage.postgres.conditions import Conditions
from hexdesk.adapters.storage.postgres.connection import BoundConnection
from hexdesk.adapters.storage.postgres.record_table import RecordTable
from hexdesk.adapters.storage.postgres.tables import (
    ChannelConnectionRow,
    ChannelConversationRow,
    ChannelDeliveryRow,
    ChannelInboundRow,
)
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

CONNECTIONS = RecordTable(KeptConnection, ChannelConnectionRow, called="connection")
INBOUNDS = RecordTable(KeptInbound, ChannelInboundRow, called="inbound message")
CONVERSATIONS = RecordTable(ChannelConversation, ChannelConversationRow, called="conversation")
DELIVERIES = RecordTable(ChannelDelivery, ChannelDeliveryRow, called="delivery")
SHOWN = RecordTable(WebhookDelivery, ChannelDeliveryRow, called="delivery")

CHANGE_ACCOUNT = "UPDATE channel_connections SET account = $2 WHERE integration_id = $1"
HOLD = """
    UPDATE channel_connections SET lease_token = $2, lease_until = $3
    WHERE integration_id = $1
        AND (lease_token IS NULL OR lease_token = $2 OR lease_until <= now())
"""
LET_GO = """
    UPDATE channel_connections SET lease_token = NULL, lease_until = now()
    WHERE integration_id = $1 AND lease_token = $2
"""
ADD_INBOUND = f"""
    {INBOUNDS.insert} ON CONFLICT (organization_id, integration_id, dedupe_key) DO NOTHING
"""
_became = ("status", "note", "thread_id", "message_id")
_what_became = attrgetter("id", *_became)
UPDATE_INBOUND = f"{INBOUNDS.update_of(*_became)} WHERE id = $1"
IS_FIRST = """
    SELECT NOT EXISTS (
        SELECT FROM channel_inbounds
        WHERE integration_id = $1 AND order_key = $2 AND status = 'pending'
            AND (created_at, id) < ($3, $4)
    )
"""
FIND_CONVERSATION = f"""
    SELECT {CONVERSATIONS.listed_as("c")}
    FROM unnest($2::text[]) WITH ORDINALITY AS wanted (name, place)
    JOIN channel_conversation_names AS n ON n.integration_id = $1 AND n.name = wanted.name
    JOIN channel_conversations AS c ON c.id = n.conversation_id
    ORDER BY wanted.place LIMIT 1
"""  # noqa: S608  names of columns
# Whoever is giving the same name is waited for, and then the name is theirs.
NAME_CONVERSATION = """
    INSERT INTO channel_conversation_names (integration_id, name, conversation_id)
    SELECT $1, name, $2 FROM unnest($3::text[]) AS names (name) ORDER BY name
    ON CONFLICT (organization_id, integration_id, name) DO NOTHING
"""
# A statement of its own: the one that waited does not see what it waited for.
NAMED_ELSEWHERE = """
    SELECT EXISTS (
        SELECT FROM channel_conversation_names
        WHERE integration_id = $1 AND name = ANY ($3) AND conversation_id <> $2
    )
"""
# What is sent is the largest part of the row, and never written again.
_LASTING = {"integration_id", "event_type", "payload", "conversation_id", "message_id", "sequence"}
_changing = [name for name in DELIVERIES.changed if name not in _LASTING]
_changed_values = attrgetter("id", *_changing)
UPDATE_DELIVERY = f"{DELIVERIES.update_of(*_changing)} WHERE id = $1"
NEWEST_BEFORE = """
    conversation_id = $1 AND sequence < $2 AND status = 'pending' ORDER BY sequence DESC LIMIT 1
"""


@dataclass(slots=True)
class PostgresChannelConnections(ChannelConnections):
    """The connections of a transaction's organization."""

    bound: BoundConnection

    async def add(self, connection: KeptConnection) -> None:
        await CONNECTIONS.add(self.bound, connection)

    async def get(self, integration_id: UUID) -> KeptConnection:
        found = await CONNECTIONS.find(self.bound, "integration_id = $1", integration_id)
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
class PostgresInbounds(Inbounds):
    """What came on the connections of a transaction's organization."""

    bound: BoundConnection

    async def add(self, inbound: KeptInbound) -> bool:
        return await self.bound.change(ADD_INBOUND, *INBOUNDS.written_values(inbound)) == 1

    async def get(self, inbound_id: UUID, *, lock: bool = False) -> KeptInbound:
        return await INBOUNDS.get(self.bound, inbound_id, lock=lock)

    async def update(self, inbound: KeptInbound) -> None:
        if not await self.bound.change(UPDATE_INBOUND, *_what_became(inbound)):
            raise INBOUNDS.not_found(inbound.id)

    async def is_first(self, inbound: KeptInbound) -> bool:
        order = (inbound.integration_id, inbound.order_key)
        return await self.bound.value(IS_FIRST, *order, inbound.created_at, inbound.id)


@dataclass(slots=True)
class PostgresChannelConversations(ChannelConversations):
    """The conversations of a transaction's organization."""

    bound: BoundConnection

    async def find(self, integration_id: UUID, names: Sequence[str]) -> ChannelConversation | None:
        row = await self.bound.row(FIND_CONVERSATION, integration_id, list(names))
        return None if row is None else CONVERSATIONS.read(row)

    async def of_thread(self, thread_id: UUID, *, lock: bool = False) -> ChannelConversation | None:
        where = "thread_id = $1 FOR NO KEY UPDATE" if lock else "thread_id = $1"
        return await CONVERSATIONS.find(self.bound, where, thread_id)

    async def add(self, conversation: ChannelConversation) -> None:
        await CONVERSATIONS.add(self.bound, conversation)

    async def update(self, conversation: ChannelConversation) -> None:
        await CONVERSATIONS.update(self.bound, conversation)

    async def name(self, conversation: ChannelConversation, names: Sequence[str]) -> bool:
        values = (conversation.integration_id, conversation.id, list(names))
        await self.bound.change(NAME_CONVERSATION, *values)
        return not await self.bound.value(NAMED_ELSEWHERE, *values)


@dataclass(slots=True)
class PostgresChannelDeliveries(ChannelDeliveries):
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
        if not await self.bound.change(UPDATE_DELIVERY, *_changed_values(delivery)):
            raise DELIVERIES.not_found(delivery.id)

    async def before(self, delivery: ChannelDelivery) -> ChannelDelivery | None:
        values = (delivery.conversation_id, delivery.sequence)
        return await DELIVERIES.find(self.bound, NEWEST_BEFORE, *values)
