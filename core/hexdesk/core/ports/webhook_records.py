"""Records of what is sent to webhooks."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.webhooks import Delivery, DeliveryFilter, Receiver, WebhookDelivery


class Deliveries(Protocol):
    """Events on their way to the organization's webhooks, and those that have arrived."""

    @abstractmethod
    async def receivers(self) -> Sequence[Receiver]:
        """Return the webhooks that are switched on, in no order; none costs next to nothing.

        Until the transaction ends, nobody removes one of them.
        """

    @abstractmethod
    async def add(self, delivery: Delivery) -> None:
        """Store a delivery; raise `NotFoundError` if its integration is not there."""

    @abstractmethod
    async def get(self, delivery_id: UUID, *, lock: bool = False) -> Delivery:
        """Return the delivery; with `lock` no other transaction changes it meanwhile."""

    @abstractmethod
    async def page(self, wanted: DeliveryFilter, part: Slice) -> Page[WebhookDelivery]:
        """Return a part of an integration's deliveries, without what is sent."""

    @abstractmethod
    async def update(self, delivery: Delivery) -> None:
        """Store what changed; what is sent does not."""

    @abstractmethod
    async def forget(self, before: datetime) -> int:
        """Remove a batch of deliveries of events that happened before then.

        Return how many were removed; 0 when none is left.
        """
