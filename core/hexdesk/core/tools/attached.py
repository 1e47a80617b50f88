"""Tools of attached servers, called like our own: checked, written down, and sent once at most."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hexdesk.core.errors import EgressRefusedError, ToolsUnavailableError
from hexdesk.core.model.attached_tools import AttachedServer, AttachedToolStatus, FoundTool
from hexdesk.core.model.principals import Principal
from hexdesk.core.policy.rights import Right
from hexdesk.core.policy.tool_answers import told
from hexdesk.core.ports.attached_servers import AttachedServers
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.ports.tools import ToolAnswer
from hexdesk.core.tools.once import CallOnce
from hexdesk.core.tools.tool import Tool, ToolContext
from hexdesk.core.use_cases.audit import Auditor
from hexdesk.core.use_cases.integration_types import IntegrationTypes
from hexdesk.core.use_cases.mcp_servers import address_of

Arguments = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAttached:
    """Call a tool at the server that has it, with the server's own credentials."""

    storage: Storage
    types: IntegrationTypes
    servers: AttachedServers
    auditor: Auditor

    async def __call__(
        self, who: Principal, found: FoundTool, arguments: Mapping[str, Any], call_id: str | None
    ) -> ToolAnswer:
        """Return what the server answers, fenced, or why it did not, in words.

        A run's call that comes twice is sent once: the repeat gets the first answer, or is told
        that it is not known. A tool that only reads may be asked again.
        """
        tool = found.tool
        once = CallOnce.of(who, call_id, read_only=tool.accepted.read_only)
        async with self.storage.transaction(who) as tx:
            server = await self._server(tx, found)
            first = await once.begin(tx, tool.name) if once else None
            if first is None:
                target = ("integration", tool.integration_id)
                await self.auditor.note(
                    tx, who, "attached_tool.called", target=target, tool=tool.name
                )
        if first is not None:
            return first
        # No transaction is open while the other side thinks about it.
        answer = await self._ask(server, found, arguments)
        if once:
            async with self.storage.transaction(who) as tx:
                await once.keep(tx, answer)
        return answer

    async def _ask(
        self, server: AttachedServer, found: FoundTool, arguments: Mapping[str, Any]
    ) -> ToolAnswer:
        tool = found.tool
        try:
            answer = await self.servers.call(server, tool.accepted.name, arguments)
        except (EgressRefusedError, ToolsUnavailableError) as error:
            return ToolAnswer(error=f"{tool.name} is not available: {error}")
        return told(tool.name, found.source, answer)

    async def _server(self, tx: Transaction, found: FoundTool) -> AttachedServer:
        integration = await tx.integrations.get(found.tool.integration_id)
        try:
            return address_of(integration, self.types)
        except ValueError as error:
            message = f"the credentials of {found.source!r} can no longer be read"
            raise ToolsUnavailableError(message) from error


def as_tool(found: FoundTool) -> Tool:
    """Return an attached tool as one of the desk's."""
    accepted = found.tool.accepted
    return Tool(
        name=found.tool.name,
        description=accepted.description,
        right=Right.USE_ATTACHED_TOOLS,
        takes=Arguments,
        returns=Arguments,
        run=_never,
        read_only=accepted.read_only,
        destructive=accepted.destructive,
        in_transaction=False,
        attached=found,
    )


def why_unusable(found: FoundTool) -> str | None:
    """Say why an attached tool may not be called now; None if it may."""
    name = found.tool.name
    match found.tool.status:
        case _ if not found.is_active:
            return f"{name!r} may not be called: its server {found.source!r} is switched off"
        case AttachedToolStatus.CHANGED:
            return f"{name!r} may not be called: its server changed it, and no admin has looked yet"
        case AttachedToolStatus.GONE:
            return f"{name!r} may not be called: its server has it no longer"
        case _:
            return None


async def _never(context: ToolContext, arguments: object) -> object:
    raise ToolsUnavailableError("a tool of an attached server is called there")
