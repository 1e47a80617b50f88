"""The caller's organization."""

from litestar import Controller, get, patch
from litestar.di import NamedDependency
from litestar.params import JSONBody

from hexdesk.adapters.http.calls import call
from hexdesk.core.desk import Desk
from hexdesk.core.model.identity import Organization
from hexdesk.core.model.principals import Member
from hexdesk.core.policy.rights import Right
from hexdesk.core.use_cases.organizations import OrganizationChange

NOTHING = OrganizationChange()


class OrganizationController(Controller):
    """The caller's organization."""

    path = "/organization"
    tags = ["Organization"]

    @get(opt=call(Right.READ_ORGANIZATION))
    async def get_organization(
        self, who: NamedDependency[Member], desk: NamedDependency[Desk]
    ) -> Organization:
        """Show your organization."""
        return await desk.identity.get_organization(who)

    @patch(
        opt=call(Right.CHANGE_ORGANIZATION, example=OrganizationChange(name="Analytical Engines"))
    )
    async def change_organization(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        data: JSONBody[OrganizationChange] = NOTHING,
    ) -> Organization:
        """Change the organization's name or settings; what is absent stays."""
        return await desk.identity.change_organization(who, data)
