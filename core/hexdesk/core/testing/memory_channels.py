"""What came and goes on channels, in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from msgspec.structs import replace

from hexdesk.core.errors import ConflictError
from hexdesk.core.model.conversations import (
    ChannelConversation,
    ChannelDelivery,
    FoundConnection,
    InboundStatus,
    KeptConnection,
    KeptInbound,
)
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.webhooks import DeliveryFilter, DeliveryStatus, WebhookDelivery
from hexdesk.core.ports.channel_records import (
    ChannelConnections,
    ChannelConversations,
    ChannelDeliveries,
    Inbounds,
)
from hexdesk.core.testing.memory_records import Draft, Installation, Records, found, page_of

NEVER = datetime.min.replace(tzinfo=UTC)
TAKEN = "this account is connected already"


@dataclass(frozen=True)
class MemoryChannelConnections(ChannelConnections):
    """The connections in a draft."""

    draft: Draft

    async def add(self, connection: KeptConnection) -> None:
        records = await self.draft.to_write()
        found(records.integrations, connection.integration_id, "integration")
        self._refuse_taken(connection)
        records.connections[connection.integration_id] = connection

    async def get(self, integration_id: UUID) -> KeptConnection:
        return found(self.draft.records.connections, integration_id, "connection")

    async def change_account(self, integration_id: UUID, account: str | None) -> None:
        records = await self.draft.to_write()
        connection = found(records.connections, integration_id, "connection")
        changed = replace(connection, account=account)
        self._refuse_taken(changed)
        records.connections[integration_id] = changed

    async def hold(self, integration_id: UUID, lease_token: UUID, lease_until: datetime) -> bool:
        records = await self.draft.to_write()
        if integration_id not in records.connections:
            return False
        holder, until = records.listeners.get(integration_id, (lease_token, NEVER))
        if holder != lease_token and until > self.draft.installation.clock.now():
            return False
        records.listeners[integration_id] = (lease_token, lease_until)
        return True

    async def let_go(self, integration_id: UUID, lease_token: UUID) -> None:
        records = await self.draft.to_write()
        holder, _ = records.listeners.get(integration_id, (None, NEVER))
        if holder == lease_token:
            del records.listeners[integration_id]

    def _refuse_taken(self, wanted: KeptConnection) -> None:
        installation, ours = self.draft.installation, self.draft.organization_id
        others = {key: one for key, one in installation.records.items() if key != ours}
        for records in (self.draft.records, *others.values()):
            for one in records.connections.values():
                is_same = (one.channel, one.account) == (wanted.channel, wanted.account)
                if wanted.account and is_same and one.integration_id != wanted.integration_id:
                    raise ConflictError(TAKEN)


@dataclass(frozen=True)
class MemoryInbounds(Inbounds):
    """What came, in a draft."""

    draft: Draft

    async def add(self, inbound: KeptInbound) -> bool:
        records = await self.draft.to_write()
        found(records.integrations, inbound.integration_id, "integration")
        key = (inbound.integration_id, inbound.dedupe_key)
        if any((one.integration_id, one.dedupe_key) == key for one in records.inbounds.values()):
            return False
        records.inbounds[inbound.id] = inbound
        return True

    async def get(self, inbound_id: UUID, *, lock: bool = False) -> KeptInbound:
        records = await self.draft.to_write() if lock else self.draft.records
        return found(records.inbounds, inbound_id, "inbound message")

    async def update(self, inbound: KeptInbound) -> None:
        records = await self.draft.to_write()
        stored = found(records.inbounds, inbound.id, "inbound message")
        records.inbounds[inbound.id] = replace(
            stored,
            status=inbound.status,
            note=inbound.note,
            thread_id=inbound.thread_id,
            message_id=inbound.message_id,
        )

    async def is_first(self, inbound: KeptInbound) -> bool:
        return not any(
            _is_before(one, inbound)
            for one in self.draft.records.inbounds.values()
            if one.status is InboundStatus.PENDING
        )


@dataclass(frozen=True)
class MemoryChannelConversations(ChannelConversations):
    """The conversations in a draft."""

    draft: Draft

    async def find(self, integration_id: UUID, names: Sequence[str]) -> ChannelConversation | None:
        records = self.draft.records
        for name in names:
            key = records.conversation_names.get((integration_id, name))
            if key is not None:
                return records.conversations[key]
        return None

    async def of_thread(self, thread_id: UUID, *, lock: bool = False) -> ChannelConversation | None:
        records = await self.draft.to_write() if lock else self.draft.records
        for one in records.conversations.values():
            if one.thread_id == thread_id:
                return one
        return None

    async def add(self, conversation: ChannelConversation) -> None:
        records = await self.draft.to_write()
        found(records.threads, conversation.thread_id, "thread")
        found(records.integrations, conversation.integration_id, "integration")
        records.conversations[conversation.id] = conversation

    async def update(self, conversation: ChannelConversation) -> None:
        records = await self.draft.to_write()
        found(records.conversations, conversation.id, "conversation")
        records.conversations[conversation.id] = conversation

    async def name(self, conversation: ChannelConversation, names: Sequence[str]) -> bool:
        records = await self.draft.to_write()
        found(records.conversations, conversation.id, "conversation")
        named = [
            records.conversation_names.setdefault(
                (conversation.integration_id, name), conversation.id
            )
            for name in names
        ]
        return all(one == conversation.id for one in named)


@dataclass(frozen=True)
class MemoryChannelDeliveries(ChannelDeliveries):
    """The deliveries in a draft."""

    draft: Draft

    async def add(self, delivery: ChannelDelivery) -> None:
        records = await self.draft.to_write()
        found(records.conversations, delivery.conversation_id, "conversation")
        records.channel_deliveries[delivery.id] = delivery

    async def get(self, delivery_id: UUID, *, lock: bool = False) -> ChannelDelivery:
        records = await self.draft.to_write() if lock else self.draft.records
        return found(records.channel_deliveries, delivery_id, "delivery")

    async def page(self, wanted: DeliveryFilter, part: Slice) -> Page[WebhookDelivery]:
        deliveries = self.draft.records.channel_deliveries.values()
        return page_of((one.shown() for one in deliveries if _fits(one, wanted)), part)

    async def update(self, delivery: ChannelDelivery) -> None:
        records = await self.draft.to_write()
        stored = found(records.channel_deliveries, delivery.id, "delivery")
        lasting = ("integration_id", "event_type", "created_at", "payload")
        fixed = (*lasting, "conversation_id", "message_id", "sequence")
        kept = {name: getattr(stored, name) for name in fixed}
        records.channel_deliveries[delivery.id] = replace(delivery, **kept)

    async def before(self, delivery: ChannelDelivery) -> ChannelDelivery | None:
        waiting = [
            one
            for one in self.draft.records.channel_deliveries.values()
            if one.conversation_id == delivery.conversation_id
            and one.sequence < delivery.sequence
            and one.status is DeliveryStatus.PENDING
        ]
        return max(waiting, key=lambda one: one.sequence, default=None)


def connections_of(installation: Installation) -> Iterator[tuple[FoundConnection, KeptConnection]]:
    """Yield the connections of all organizations that are switched on."""
    for organization_id, records in installation.records.items():
        for kept in records.connections.values():
            if records.integrations[kept.integration_id].is_active:
                found_one = FoundConnection(
                    integration_id=kept.integration_id,
                    organization_id=organization_id,
                    channel=kept.channel,
                )
                yield found_one, kept


def idle_connections(
    installation: Installation, channels: Sequence[str]
) -> list[tuple[UUID, UUID]]:
    """Return the connections that nobody listens on, those that wait for longest first."""
    now = installation.clock.now()
    idle: list[tuple[datetime, UUID, UUID]] = []
    for one, _ in connections_of(installation):
        listeners = installation.records[one.organization_id].listeners
        _, until = listeners.get(one.integration_id, (None, NEVER))
        if one.channel in channels and until <= now:
            idle.append((until, one.integration_id, one.organization_id))
    return [(integration_id, owner) for _, integration_id, owner in sorted(idle)]


def disconnect(records: Records, integration_id: UUID) -> None:
    """Remove what belongs to an integration that is removed."""
    records.connections.pop(integration_id, None)
    records.listeners.pop(integration_id, None)
    records.inbounds = {
        key: one for key, one in records.inbounds.items() if one.integration_id != integration_id
    }
    gone = [one for one in records.conversations.values() if one.integration_id == integration_id]
    _forget(records, {one.id for one in gone})


def forget_conversations(records: Records, thread_id: UUID) -> None:
    """Remove what belongs to a thread that is removed."""
    records.inbounds = {
        key: one for key, one in records.inbounds.items() if one.thread_id != thread_id
    }
    gone = [one for one in records.conversations.values() if one.thread_id == thread_id]
    _forget(records, {one.id for one in gone})


def _forget(records: Records, gone: set[UUID]) -> None:
    records.conversations = {
        key: one for key, one in records.conversations.items() if key not in gone
    }
    records.conversation_names = {
        key: one for key, one in records.conversation_names.items() if one not in gone
    }
    records.channel_deliveries = {
        key: one
        for key, one in records.channel_deliveries.items()
        if one.conversation_id not in gone
    }


def _is_before(one: KeptInbound, other: KeptInbound) -> bool:
    same = (one.integration_id, one.order_key) == (other.integration_id, other.order_key)
    return same and (one.created_at, one.id) < (other.created_at, other.id)


def _fits(delivery: ChannelDelivery, wanted: DeliveryFilter) -> bool:
    names = ("status", "event_type")
    return delivery.integration_id == wanted.integration_id and all(
        getattr(wanted, name) in (None, getattr(delivery, name)) for name in names
    )
