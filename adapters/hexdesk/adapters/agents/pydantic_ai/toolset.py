"""Tools for a pydantic-ai agent: shown as far as they are allowed, called over MCP."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any
from uuid import UUID

from pydantic_ai import RunContext, ToolFailed
from pydantic_ai.tools import ToolDefinition
from pydantic_ai.toolsets import AbstractToolset, ToolsetTool
from pydantic_core import SchemaValidator, core_schema

from hexdesk.core.errors import ToolsUnavailableError
from hexdesk.core.model.agents import ToolUseStatus
from hexdesk.core.model.approvals import ApprovalStatus
from hexdesk.core.policy.words import FATES
from hexdesk.core.ports.agents import ApprovalNeeded, ToolFinished
from hexdesk.core.ports.tools import ToolAccess, ToolAnswer, ToolDescription

# The tool server checks arguments against the schema; here any object will do.
ANY_ARGUMENTS = SchemaValidator(core_schema.dict_schema())

WAITS = FATES[ApprovalStatus.PENDING]


@dataclass(slots=True, kw_only=True)
class RunTools:
    """A run's tools: what it may call, with which capability, and how its calls ended.

    `asks_people` says whether a call that needs approval waits for a person, as those in `waiting`
    do; `approved_id` names the call that one has allowed.
    """

    access: ToolAccess
    agent_id: UUID
    capability: str
    allowed: frozenset[str]
    needs_approval: frozenset[str]
    asks_people: bool = False
    approved_id: str | None = None
    listed: Sequence[ToolDescription] = ()
    problem: str | None = None
    finished: dict[str, ToolFinished] = field(default_factory=dict[str, ToolFinished])
    waiting: dict[str, ApprovalNeeded] = field(default_factory=dict[str, ApprovalNeeded])

    async def load(self) -> None:
        """Learn what the tools are like; without the tool server the run has none."""
        names = self.allowed | self.needs_approval
        if names:
            try:
                self.listed = await self.access.list(self.capability, self.agent_id, names)
            except ToolsUnavailableError as error:
                self.problem = str(error)

    async def call(self, call_id: str, name: str, arguments: dict[str, Any]) -> Any:
        """Call a tool and note how it ended; raise `ToolFailed` with words for the model."""
        started = perf_counter()
        try:
            answer = await self._answer(call_id, name, arguments)
        except ToolsUnavailableError as error:
            self.problem = str(error)
            answer = ToolAnswer(error=_unavailable(name))
        status = ToolUseStatus.OK
        if answer.error is not None:
            status = ToolUseStatus.DENIED if answer.is_denied else ToolUseStatus.ERROR
        elif call_id in self.waiting:
            status = ToolUseStatus.AWAITING_APPROVAL
        self.finished[call_id] = ToolFinished(
            call_id=call_id,
            name=name,
            status=status,
            duration_ms=round((perf_counter() - started) * 1000, 1),
            error=answer.error,
        )
        if answer.error is not None:
            raise ToolFailed(answer.error)
        return answer.value

    async def _answer(self, call_id: str, name: str, arguments: dict[str, Any]) -> ToolAnswer:
        if name in self.needs_approval and call_id != self.approved_id:
            return await self._ask(call_id, name, arguments)
        return await self.access.call(self.capability, call_id, name, arguments)

    async def _ask(self, call_id: str, name: str, arguments: dict[str, Any]) -> ToolAnswer:
        if not self.asks_people:
            return ToolAnswer(error=f"{name!r} needs a person's approval", is_denied=True)
        answer = await self.access.check(self.capability, call_id, name, arguments)
        if answer.error is not None:
            return answer
        self.waiting[call_id] = ApprovalNeeded(call_id=call_id, name=name, arguments=arguments)
        return ToolAnswer(value=WAITS)

    def ended(self, call_id: str, name: str) -> ToolFinished:
        """Say how a call ended, also one that never got as far as the tool server."""
        if call_id in self.finished:
            return self.finished[call_id]
        status, error = ToolUseStatus.ERROR, "the arguments are no JSON object"
        if name not in self.allowed | self.needs_approval:
            status, error = ToolUseStatus.DENIED, self._denial(name)
        elif name not in {one.name for one in self.listed}:
            error = _unavailable(name)
        return ToolFinished(call_id=call_id, name=name, status=status, duration_ms=0, error=error)

    def _denial(self, name: str) -> str:
        allowed = ", ".join(sorted(self.allowed)) or "no tools"
        return f"tool access denied: this agent may not use {name!r}; it may use {allowed}"


def _unavailable(name: str) -> str:
    return f"the tool {name!r} is temporarily unavailable"


class ToolAccessToolset(AbstractToolset[RunTools]):
    """The tools of a run; whatever else the model calls does not exist for it.

    Runs of one agent mostly have the same tools, so the last run's are kept.
    """

    def __init__(self) -> None:
        """Begin without tools."""
        self._listed: Sequence[ToolDescription] = ()
        self._tools: dict[str, ToolsetTool[RunTools]] = {}

    @property
    def id(self) -> str | None:
        """The toolset's name among an agent's toolsets."""
        return "hexdesk"

    async def get_tools(self, ctx: RunContext[RunTools]) -> dict[str, ToolsetTool[RunTools]]:
        """Return the tools that the run may call, or may call once a person allows it."""
        listed = ctx.deps.listed
        if listed is not self._listed:
            self._tools = {one.name: self._tool(one, ctx.max_retries) for one in listed}
            self._listed = listed
        return self._tools

    def _tool(self, one: ToolDescription, max_retries: int) -> ToolsetTool[RunTools]:
        return ToolsetTool(
            toolset=self,
            tool_def=ToolDefinition(
                name=one.name,
                description=one.description,
                parameters_json_schema=one.input_schema,
            ),
            max_retries=max_retries,
            args_validator=ANY_ARGUMENTS,
        )

    async def call_tool(
        self,
        name: str,
        tool_args: dict[str, Any],
        ctx: RunContext[RunTools],
        tool: ToolsetTool[RunTools],
    ) -> Any:
        """Call the tool with the run's capability."""
        return await ctx.deps.call(ctx.tool_call_id or "", name, tool_args)
