"""Attached servers that say what they are told."""

from collections.abc import Mapping, Sequence
from typing import Any

from hexdesk.core.errors import DeskError, ToolsUnavailableError
from hexdesk.core.model.attached_tools import AttachedServer, ServerAnswer, ToolDefinition
from hexdesk.core.ports.attached_servers import AttachedServers


class ScriptedServers(AttachedServers):
    """Servers by their URL: what tools they have, and what they answer, in order.

    One that nobody knows is down. What was asked is kept, with the credentials that came along.
    """

    def __init__(self) -> None:
        self.tools: dict[str, Sequence[ToolDefinition] | DeskError] = {}
        self.answers: list[ServerAnswer | DeskError] = []
        self.asked: list[AttachedServer] = []
        self.called: list[tuple[str, dict[str, Any]]] = []

    async def list_tools(self, server: AttachedServer) -> Sequence[ToolDefinition]:
        self.asked.append(server)
        tools = self.tools.get(server.url, ToolsUnavailableError("the server is down"))
        if isinstance(tools, DeskError):
            raise tools
        return tools

    async def call(
        self, server: AttachedServer, tool: str, arguments: Mapping[str, Any]
    ) -> ServerAnswer:
        self.asked.append(server)
        self.called.append((tool, dict(arguments)))
        answer = self.answers.pop(0) if self.answers else ServerAnswer(texts=("done",))
        if isinstance(answer, DeskError):
            raise answer
        return answer
