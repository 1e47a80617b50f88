"""Tools of attached MCP servers."""

from uuid import UUID

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from hexdesk.adapters.http.calls import Once, call
from hexdesk.adapters.http.queries import ListQuery
from hexdesk.core.desk import Desk
from hexdesk.core.model.listing import Page
from hexdesk.core.model.principals import Member
from hexdesk.core.policy.rights import Right
from hexdesk.core.use_cases.attached_tools import Acceptance, AttachedToolView

SHA_256_OF_A_DEFINITION = "3f79bb7b435b05321651daefd374cdc681dc06faa65e374e38337b88ca046dea"


class AttachedToolsController(Controller):
    """Tools of attached MCP servers, and what their servers have changed about them."""

    path = "/integrations/{integration_id:uuid}/tools"
    tags = ["Integrations"]

    @get(opt=call(Right.READ_INTEGRATIONS, query=ListQuery))
    async def list_attached_tools(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        integration_id: FromPath[UUID],
        wanted: NamedDependency[ListQuery],
    ) -> Page[AttachedToolView]:
        """List the tools of an attached server: as they were accepted, and what has changed."""
        return await desk.integrations.list_tools(who, integration_id, wanted.part("name"))

    @post(
        "/{tool:str}/accept",
        status_code=200,
        opt=call(
            Right.CHANGE_INTEGRATIONS,
            once=Once.ANSWER,
            also=(409,),
            example=Acceptance(hash=SHA_256_OF_A_DEFINITION),
        ),
    )
    async def accept_attached_tool(
        self,
        who: NamedDependency[Member],
        once: NamedDependency[Desk],
        integration_id: FromPath[UUID],
        tool: FromPath[str],
        data: JSONBody[Acceptance],
    ) -> AttachedToolView:
        """Let agents use a tool again that its server has changed.

        `hash` is that of the definition under `changed` that was looked at; if the server says
        something else by now, or nothing has changed, the answer is 409.
        """
        return await once.integrations.accept_tool(who, integration_id, tool, data)
