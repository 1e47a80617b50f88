"""Records of channels: connections, what came on them, and what goes out."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from hexdesk.core.model.conversations import (
    ChannelConversation,
    ChannelDelivery,
    KeptConnection,
    KeptInbound,
)
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.webhooks import DeliveryFilter, WebhookDelivery


class ChannelConnections(Protocol):
    """What is kept of integrations that are channels' connections, and who listens on them."""

    @abstractmethod
    async def add(self, connection: KeptConnection) -> None:
        """Store a connection.

        Raise `NotFoundError` if its integration is not there, `ConflictError` if its account is
        connected already, by whatever organization.
        """

    @abstractmethod
    async def get(self, integration_id: UUID) -> KeptConnection:
        """Return the connection."""

    @abstractmethod
    async def change_account(self, integration_id: UUID, account: str | None) -> None:
        """Store another account; raise `ConflictError` if that is connected already."""

    @abstractmethod
    async def hold(self, integration_id: UUID, lease_token: UUID, lease_until: datetime) -> bool:
        """Be the one who listens until then, or for longer; False if somebody else is."""

    @abstractmethod
    async def let_go(self, integration_id: UUID, lease_token: UUID) -> None:
        """Listen no more, if it is the holder of the lease who says so."""


class Inbounds(Protocol):
    """What came on the organization's connections, each once."""

    @abstractmethod
    async def add(self, inbound: KeptInbound) -> bool:
        """Store it; False, and nothing stored, if it came before.

        Raise `NotFoundError` if its integration is not there.
        """

    @abstractmethod
    async def get(self, inbound_id: UUID, *, lock: bool = False) -> KeptInbound:
        """Return it; with `lock` no other transaction changes it meanwhile."""

    @abstractmethod
    async def update(self, inbound: KeptInbound) -> None:
        """Store what has become of it: `status`, `note`, `thread_id` and `message_id`."""

    @abstractmethod
    async def is_first(self, inbound: KeptInbound) -> bool:
        """Tell whether nothing with its connection and order key came before and still waits."""


class ChannelConversations(Protocol):
    """The other ends of threads, and the names by which channels know them.

    A name is a digest, and leads to one conversation of a connection.
    """

    @abstractmethod
    async def find(self, integration_id: UUID, names: Sequence[str]) -> ChannelConversation | None:
        """Return the conversation of the first of the names that is known, or None."""

    @abstractmethod
    async def of_thread(self, thread_id: UUID, *, lock: bool = False) -> ChannelConversation | None:
        """Return a thread's other end, or None where it has none.

        With `lock` no other transaction changes it meanwhile.
        """

    @abstractmethod
    async def add(self, conversation: ChannelConversation) -> None:
        """Store a conversation.

        Raise `NotFoundError` if its thread or its integration is not there.
        """

    @abstractmethod
    async def update(self, conversation: ChannelConversation) -> None:
        """Store what changed."""

    @abstractmethod
    async def name(self, conversation: ChannelConversation, names: Sequence[str]) -> bool:
        """Have names lead to it; False if one of them leads elsewhere, and goes on to.

        Waits for a transaction that is giving the same name.
        """


class ChannelDeliveries(Protocol):
    """Messages on their way out, and those that have arrived."""

    @abstractmethod
    async def add(self, delivery: ChannelDelivery) -> None:
        """Store a delivery; raise `NotFoundError` if its conversation is not there."""

    @abstractmethod
    async def get(self, delivery_id: UUID, *, lock: bool = False) -> ChannelDelivery:
        """Return the delivery; with `lock` no other transaction changes it meanwhile."""

    @abstractmethod
    async def page(self, wanted: DeliveryFilter, part: Slice) -> Page[WebhookDelivery]:
        """Return a part of an integration's deliveries, without what is sent."""

    @abstractmethod
    async def update(self, delivery: ChannelDelivery) -> None:
        """Store what changed; what is sent does not."""

    @abstractmethod
    async def before(self, delivery: ChannelDelivery) -> ChannelDelivery | None:
        """Return the newest of its conversation that came before it and still waits, or None."""
