"""Attached servers that say what they are told."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from hexdesk.core.errors import ToolsUnavailableError
from hexdesk.core.model.attached_tools import AttachedServer, ServerAnswer, ToolDefinition
from hexdesk.core.ports.attached_servers import AttachedServers


class ScriptedServers(AttachedServers):
    """Servers by their URL: what tools they have, and what they answer, in order.

    One that nobody knows is down. What was asked is kept, with the credentials that came along.
    What is to happen `meanwhile` does so while the next question is on its way.
    """

    def __init__(self) -> None:
        self.tools: dict[str, Sequence[ToolDefinition] | Exception] = {}
        self.answers: list[ServerAnswer | Exception] = []
        self.meanwhile: list[Callable[[], Awaitable[object]]] = []
        self.asked: list[AttachedServer] = []
        self.called: list[tuple[str, dict[str, Any]]] = []

    async def list_tools(self, server: AttachedServer) -> Sequence[ToolDefinition]:
        self.asked.append(server)
        if self.meanwhile:
            await self.meanwhile.pop(0)()
        tools = self.tools.get(server.url, ToolsUnavailableError("the server is down"))
        if isinstance(tools, Exception):
            raise tools
        return tools

    async def call(
        self, server: AttachedServer, tool: str, arguments: Mapping[str, Any]
    ) -> ServerAnswer:
        self.asked.append(server)
        self.called.append((tool, dict(arguments)))
        answer = self.answers.pop(0) if self.answers else ServerAnswer(texts=("done",))
        if isinstance(answer, Exception):
            raise answer
        return answer
