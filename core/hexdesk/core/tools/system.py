"""Tools for integrations and for the system's health."""

from hexdesk.core.model.health import Health
from hexdesk.core.model.integrations import Integration
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.policy.rights import Right
from hexdesk.core.tools.context import ToolContext
from hexdesk.core.tools.tickets import Nothing
from hexdesk.core.tools.tool import tool
from hexdesk.core.use_cases.integrations import ListIntegrations


@tool(Right.READ_INTEGRATIONS, read_only=True, in_transaction=True)
async def list_integrations(context: ToolContext, arguments: Nothing) -> Page[Integration]:
    """List the systems the organization has connected, secrets masked."""
    return await _integrations(context, active_only=False)


@tool(Right.READ_INTEGRATIONS, read_only=True, in_transaction=True)
async def get_active_integrations(context: ToolContext, arguments: Nothing) -> Page[Integration]:
    """List the connected systems that are switched on."""
    return await _integrations(context, active_only=True)


@tool(Right.READ_HEALTH, read_only=True, in_transaction=False)
async def get_system_health(context: ToolContext, arguments: Nothing) -> Health:
    """Say whether this support system and its parts work."""
    return await context.needs.check_health()


async def _integrations(context: ToolContext, *, active_only: bool) -> Page[Integration]:
    find = ListIntegrations(storage=context.storage, types=context.needs.integration_types)
    return await find(context.who, Slice(limit=200), active_only=active_only)
