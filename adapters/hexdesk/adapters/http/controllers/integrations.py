"""Integrations with other systems."""

from uuid import UUID

from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from hexdesk.adapters.http.calls import Once, call
from hexdesk.adapters.http.queries import ListQuery
from hexdesk.core.desk import Desk
from hexdesk.core.model.integrations import ConnectionCheck, Integration
from hexdesk.core.model.listing import Page
from hexdesk.core.model.principals import Member
from hexdesk.core.policy.rights import Right
from hexdesk.core.use_cases.integrations import IntegrationChange, NewIntegration

NOTHING = IntegrationChange()
NEW_INTEGRATION = NewIntegration(
    type="webhook",
    name="Pager",
    config={"url": "https://pager.example.com/hook", "secret": "s3cr3t", "events": []},
)


class IntegrationsController(Controller):
    """Integrations with other systems; secrets are masked in every answer."""

    path = "/integrations"
    tags = ["Integrations"]

    @get(opt=call(Right.READ_INTEGRATIONS, query=ListQuery))
    async def list_integrations(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        wanted: NamedDependency[ListQuery],
    ) -> Page[Integration]:
        """List the integrations."""
        return await desk.integrations.list(who, wanted.part())

    @get("/active", opt=call(Right.READ_INTEGRATIONS, query=ListQuery))
    async def list_active_integrations(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        wanted: NamedDependency[ListQuery],
    ) -> Page[Integration]:
        """List the integrations that are switched on."""
        return await desk.integrations.list(who, wanted.part(), active_only=True)

    @post(opt=call(Right.CHANGE_INTEGRATIONS, once=Once.ANSWER, example=NEW_INTEGRATION))
    async def add_integration(
        self,
        who: NamedDependency[Member],
        once: NamedDependency[Desk],
        data: JSONBody[NewIntegration],
    ) -> Integration:
        """Connect another system; what `config` holds depends on the type."""
        return await once.integrations.add(who, data)

    @get("/{integration_id:uuid}", opt=call(Right.READ_INTEGRATIONS))
    async def get_integration(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        integration_id: FromPath[UUID],
    ) -> Integration:
        """Show an integration."""
        return await desk.integrations.get(who, integration_id)

    @patch("/{integration_id:uuid}", opt=call(Right.CHANGE_INTEGRATIONS))
    async def change_integration(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        integration_id: FromPath[UUID],
        data: JSONBody[IntegrationChange] = NOTHING,
    ) -> Integration:
        """Change an integration; what is absent stays, and so does a secret sent back masked."""
        return await desk.integrations.change(who, integration_id, data)

    @delete("/{integration_id:uuid}", opt=call(Right.CHANGE_INTEGRATIONS))
    async def remove_integration(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        integration_id: FromPath[UUID],
    ) -> None:
        """Disconnect a system and forget its secrets."""
        await desk.integrations.remove(who, integration_id)

    @post(
        "/{integration_id:uuid}/test",
        status_code=200,
        opt=call(Right.CHANGE_INTEGRATIONS, once=Once.ANSWER),
    )
    async def test_integration(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        integration_id: FromPath[UUID],
    ) -> ConnectionCheck:
        """Call the other system and tell how that went, never what it answered."""
        # Not over `once`: no transaction may be open while the other side thinks about it.
        return await desk.integrations.check(who, integration_id)
