"""Which tools a principal finds: the desk's own, and those of its organization's servers."""

from collections.abc import Mapping
from dataclasses import dataclass

from hexdesk.core.errors import ToolAccessDeniedError
from hexdesk.core.model.principals import AgentRun, Principal
from hexdesk.core.policy.rights import Right, may_use_tool
from hexdesk.core.ports.storage import Storage
from hexdesk.core.tools.attached import as_tool, why_unusable
from hexdesk.core.tools.tool import Tool


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolbox:
    """Finds tools by name; a name of our own is never somebody else's."""

    storage: Storage
    catalogue: Mapping[str, Tool]

    async def find(self, who: Principal, name: str) -> Tool:
        """Return the tool; raise `ToolAccessDeniedError` if there is none, or it is not usable.

        Whether the principal may call it is for the caller to ask.
        """
        known = self.catalogue.get(name)
        if known is not None:
            return known
        async with self.storage.transaction(who) as tx:
            found = await tx.attached_tools.named((name,))
        if not found:
            raise denied(name)
        problem = why_unusable(found[0])
        if problem:
            raise ToolAccessDeniedError(problem)
        return as_tool(found[0])

    async def callable(self, who: Principal) -> tuple[Tool, ...]:
        """Return what the principal may call, and what a run may call once approved."""
        waiting = who.needs_approval if isinstance(who, AgentRun) else frozenset[str]()
        return tuple(
            one
            for one in (*self.catalogue.values(), *await self._attached(who))
            if one.name in waiting or may_use_tool(who, one.name, one.right)
        )

    async def _attached(self, who: Principal) -> list[Tool]:
        if isinstance(who, AgentRun):
            names = (who.tools | who.needs_approval) - self.catalogue.keys()
            if not names:
                return []
            async with self.storage.transaction(who) as tx:
                found = await tx.attached_tools.named(names)
        elif may_use_tool(who, "", Right.USE_ATTACHED_TOOLS):
            async with self.storage.transaction(who) as tx:
                found = await tx.attached_tools.all()
        else:
            return []
        own = (one for one in found if one.tool.name not in self.catalogue)
        return [as_tool(one) for one in own if one.is_usable]


def denied(name: str) -> ToolAccessDeniedError:
    """Return the refusal of a tool that the caller may not use, or that there is not."""
    return ToolAccessDeniedError(f"access to the tool {name!r} is denied")
