"""What webhooks were sent."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import UNSET, Meta, UnsetType

from hexdesk.adapters.http.calls import Once, call
from hexdesk.adapters.http.queries import ListQuery
from hexdesk.core.desk import Desk
from hexdesk.core.model.listing import Page
from hexdesk.core.model.principals import Member
from hexdesk.core.model.webhooks import DeliveryFilter, DeliveryStatus, WebhookDelivery
from hexdesk.core.policy.changes import given
from hexdesk.core.policy.rights import Right

EventName = Annotated[str, Meta(min_length=1, max_length=100, examples=["ticket.created"])]


class DeliveryQuery(ListQuery, frozen=True, kw_only=True):
    """Which deliveries."""

    status: DeliveryStatus | UnsetType = UNSET
    event_type: EventName | UnsetType = UNSET

    def wanted(self, integration_id: UUID) -> DeliveryFilter:
        """Return the filter for one webhook's deliveries."""
        names = {"status", "event_type"}
        known = {name: value for name, value in given(self).items() if name in names}
        return DeliveryFilter(integration_id=integration_id, **known)


class DeliveriesController(Controller):
    """What webhooks were sent, and sending it again."""

    path = "/integrations/{integration_id:uuid}/deliveries"
    tags = ["Integrations"]

    @get(opt=call(Right.CHANGE_INTEGRATIONS, query=DeliveryQuery))
    async def list_deliveries(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        integration_id: FromPath[UUID],
        wanted: NamedDependency[DeliveryQuery],
    ) -> Page[WebhookDelivery]:
        """List what a webhook was sent in the last thirty days, and how that went."""
        part = wanted.part()
        return await desk.integrations.list_deliveries(who, wanted.wanted(integration_id), part)

    @post(
        "/{delivery_id:uuid}/redeliver",
        status_code=200,
        opt=call(Right.CHANGE_INTEGRATIONS, once=Once.ANSWER, also=(409,)),
    )
    async def redeliver(
        self,
        who: NamedDependency[Member],
        once: NamedDependency[Desk],
        integration_id: FromPath[UUID],
        delivery_id: FromPath[UUID],
    ) -> WebhookDelivery:
        """Send an event again at once, under the same `webhook-id`.

        It does not matter how it went the last time. A webhook that is switched off is 409.
        """
        return await once.integrations.redeliver(who, integration_id, delivery_id)
