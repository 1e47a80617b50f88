"""MCP servers that organizations attach."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from hexdesk.core.model.attached_tools import AttachedServer, ServerAnswer, ToolDefinition


class AttachedServers(Protocol):
    """Asks other people's MCP servers, under the rules of egress, each with its own credentials.

    A server that keeps failing is left alone for a while. Nothing of ours goes along: no token,
    no name of an organization.
    """

    @abstractmethod
    async def list_tools(self, server: AttachedServer) -> Sequence[ToolDefinition]:
        """Return all tools that the server shows, as it describes them.

        Raise `EgressRefusedError` for an address that may not be called, and
        `ToolsUnavailableError`, with words, when the server cannot be reached, does not answer in
        time, refuses the credentials or says too much.
        """

    @abstractmethod
    async def call(
        self, server: AttachedServer, tool: str, arguments: Mapping[str, Any]
    ) -> ServerAnswer:
        """Call a tool by the server's name for it and return what it gave, errors too.

        It is sent once at most. Raise as `list_tools` does; whether the tool then had an effect
        is not known.
        """
