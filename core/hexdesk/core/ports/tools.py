"""How an agent reaches tools: over MCP, whatever lies between."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

import msgspec

CALL_ID = "hexdesk/call_id"
"""The field of a call's `_meta` (MCP) that names it within its run."""
CHECK = "hexdesk/check"
"""The field of a call's `_meta` by which a run asks whether a person could allow it."""
DENIED = "hexdesk/denied"
"""The field of a result's `_meta` that tells a refusal from a failure."""


class ToolDescription(msgspec.Struct, frozen=True, kw_only=True):
    """A tool as the tool server describes it."""

    name: str
    description: str
    input_schema: dict[str, Any]
    read_only: bool = False
    destructive: bool = False


class ToolAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a call gave: a JSON value, or an error in words for the model."""

    value: Any = None
    error: str | None = None
    is_denied: bool = False


class ToolAccess(Protocol):
    """Lists, checks and calls tools at the tool server, with a run's capability."""

    @abstractmethod
    async def list(
        self, capability: str, agent_id: UUID, tools: frozenset[str]
    ) -> Sequence[ToolDescription]:
        """Return the tools that the capability names, those that need approval too.

        `agent_id` and `tools` say which they are, so that they need not be asked for each run.
        Raise `ToolsUnavailableError` when the server cannot be reached.
        """

    @abstractmethod
    async def call(
        self, capability: str, call_id: str, name: str, arguments: Mapping[str, Any]
    ) -> ToolAnswer:
        """Call a tool; the server decides whether the capability covers it.

        `call_id` names the call within the run: a repeat returns the first result. Raise
        `ToolsUnavailableError` when the server cannot be reached or does not answer in time.
        """

    @abstractmethod
    async def check(
        self, capability: str, call_id: str, name: str, arguments: Mapping[str, Any]
    ) -> ToolAnswer:
        """Ask whether a person could allow a call that needs approval; nothing is called.

        An answer without an error says that it fits the tool and the run. Raise
        `ToolsUnavailableError` as `call` does.
        """
