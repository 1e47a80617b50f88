"""Agents and tools that are told what to say."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from hexdesk.core.errors import ModelUnavailableError, ToolsUnavailableError
from hexdesk.core.model.agents import AgentStatus
from hexdesk.core.model.chat import Usage
from hexdesk.core.model.tickets import TicketDraft
from hexdesk.core.ports.agents import (
    AgentHealth,
    AgentRunner,
    AnswerFinished,
    RunProgress,
    RunRequest,
    TextDelta,
)
from hexdesk.core.ports.tools import ToolAccess, ToolAnswer, ToolDescription

Script = Sequence[RunProgress | Callable[[], Awaitable[object]]]


def saying(text: str) -> Script:
    """Return a script that answers with a text and nothing else."""
    return (
        TextDelta(text),
        AnswerFinished(model="scripted", usage=Usage(input_tokens=10, output_tokens=5, requests=1)),
    )


class ScriptedRunner(AgentRunner):
    """Plays one script per run, in order, and records what it was asked.

    `health` is what it says of every agent that is checked.

    A script's items are yielded; one that can be called is awaited instead, so that a test can do
    something in the middle of a run, or hold it there.
    """

    def __init__(
        self, *scripts: Script, drafts: Sequence[TicketDraft | ModelUnavailableError] = ()
    ) -> None:
        self.health = AgentHealth(status=AgentStatus.OK, detail="scripted answers")
        self.scripts = list(scripts)
        self.drafts = list(drafts)
        self.requests: list[RunRequest] = []
        self.ended = 0

    async def run(self, request: RunRequest) -> AsyncGenerator[RunProgress]:
        self.requests.append(request)
        try:
            for item in self.scripts.pop(0):
                if callable(item):
                    await item()
                else:
                    yield item
        finally:
            self.ended += 1

    async def draft_ticket(self, request: RunRequest) -> TicketDraft:
        self.requests.append(request)
        draft = self.drafts.pop(0)
        if isinstance(draft, ModelUnavailableError):
            raise draft
        return draft

    async def check(self, request: RunRequest) -> AgentHealth:
        self.requests.append(request)
        return self.health


class ToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call that a tool server got."""

    capability: str
    call_id: str
    name: str
    arguments: dict[str, Any]


class ScriptedTools(ToolAccess):
    """Answers calls as told by tool name, and records them; `is_down = True` takes it away.

    A call that needs approval could be allowed, unless `checks` says otherwise.
    """

    def __init__(
        self,
        tools: Sequence[ToolDescription] = (),
        answers: Mapping[str, ToolAnswer | ToolsUnavailableError] | None = None,
        checks: Mapping[str, ToolAnswer | ToolsUnavailableError] | None = None,
    ) -> None:
        self.calls: list[ToolCall] = []
        self.is_down = False
        self._tools = tuple(tools)
        self._answers = dict(answers or {})
        self._checks = dict(checks or {})

    async def list(
        self, capability: str, agent_id: UUID, tools: frozenset[str]
    ) -> Sequence[ToolDescription]:
        self._reach()
        return tuple(tool for tool in self._tools if tool.name in tools)

    async def call(
        self, capability: str, call_id: str, name: str, arguments: Mapping[str, Any]
    ) -> ToolAnswer:
        self._reach()
        self.calls.append(
            ToolCall(capability=capability, call_id=call_id, name=name, arguments=dict(arguments))
        )
        answer = self._answers[name]
        if isinstance(answer, ToolsUnavailableError):
            raise answer
        return answer

    async def check(
        self, capability: str, call_id: str, name: str, arguments: Mapping[str, Any]
    ) -> ToolAnswer:
        self._reach()
        answer = self._checks.get(name, ToolAnswer())
        if isinstance(answer, ToolsUnavailableError):
            raise answer
        return answer

    def _reach(self) -> None:
        if self.is_down:
            raise ToolsUnavailableError("the tool server cannot be reached")
