"""Checking a tool call that a person would have to allow, before a person is asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hexdesk.core.errors import DeskError, StorageUnavailableError, ToolAccessDeniedError
from hexdesk.core.model.principals import AgentRun, Principal
from hexdesk.core.policy.approvals import canonical
from hexdesk.core.policy.rights import may_use_tool
from hexdesk.core.ports.storage import Storage
from hexdesk.core.ports.tools import ToolAnswer
from hexdesk.core.tools.call import check_standing, wished
from hexdesk.core.tools.tool import Tool
from hexdesk.core.tools.toolbox import Toolbox, denied
from hexdesk.core.use_cases.refusals import NoteRefusal


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckCall:
    """Tell whether a person could allow a run's call; nothing is called."""

    storage: Storage
    toolbox: Toolbox
    note_refusal: NoteRefusal

    async def __call__(
        self, who: Principal, name: str, arguments: Mapping[str, Any], *, call_id: str | None = None
    ) -> ToolAnswer:
        """Return an empty answer if one could, else what is wrong, in words.

        Nobody is asked about a call that could not be made: arguments that the tool does not take,
        or a person acted for who has lost the right. What no person can allow is a refusal, and
        written down as such.
        """
        try:
            chosen = await self._askable(who, name)
            wished(chosen, arguments)
            canonical(arguments)
            async with self.storage.transaction(who) as tx:
                await check_standing(tx, who, chosen)
        except ToolAccessDeniedError as error:
            await self.note_refusal(who, name, arguments, call_id=call_id, reason=str(error))
            return ToolAnswer(error=str(error), is_denied=True)
        except StorageUnavailableError:
            return ToolAnswer(error=f"{name} is temporarily unavailable")
        except (DeskError, ValueError) as error:
            return ToolAnswer(error=str(error))
        return ToolAnswer()

    async def _askable(self, who: Principal, name: str) -> Tool:
        if not isinstance(who, AgentRun) or name not in who.needs_approval:
            raise denied(name)
        chosen = await self.toolbox.find(who, name)
        if not may_use_tool(who.acts_for, name, chosen.right):
            raise denied(name)
        return chosen
