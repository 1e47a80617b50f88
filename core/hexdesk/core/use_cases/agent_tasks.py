"""Tasks that an agent does: it is given a text, and acts on it with its tools."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hexdesk.core.errors import ModelUnavailableError, TaskFailedError
from hexdesk.core.model.agents import ToolUse
from hexdesk.core.model.chat import Citation, Content, DegradedReason
from hexdesk.core.model.knowledge import Knowledge
from hexdesk.core.model.principals import AgentRun, System
from hexdesk.core.model.tasks import Endurance, Task
from hexdesk.core.policy.citations import CitationReader
from hexdesk.core.policy.context import room_for_knowledge
from hexdesk.core.policy.knowledge import fenced
from hexdesk.core.policy.rights import Right
from hexdesk.core.ports.agents import (
    AgentRunner,
    AnswerFinished,
    RunProgress,
    StepTaken,
    TextDelta,
    ToolFinished,
    ToolStarted,
)
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Transaction
from hexdesk.core.ports.telemetry import Telemetry
from hexdesk.core.use_cases.agent_requests import AgentRequests, TaskRun
from hexdesk.core.use_cases.knowledge import FindKnowledge, Question
from hexdesk.core.use_cases.task_types import TaskEnd, TaskType, TaskWork
from hexdesk.core.use_cases.tool_uses import as_actions, begun, ended

Line = Annotated[str, msgspec.Meta(min_length=1, max_length=998, pattern=r"[^\s\x1c-\x1f\x85]")]
PRIORITY = 4
# The agent's own `timeout_seconds` is at most an hour, and this only ends what hangs beyond it.
ENDURANCE = Endurance(time_limit=3700, first_pause=5, longest_pause=300)


class ApiRequestData(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a program asks of the agent."""

    text: Content


class SlackMessageData(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody wrote in Slack."""

    text: Content


class EmailData(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody wrote in an e-mail; who that is, is information and proves nothing."""

    sender: Line = msgspec.field(name="from")
    subject: Annotated[str, msgspec.Meta(max_length=998)]
    text: Content


class _Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """How far a run was when the model last decided on tool calls."""

    agent_id: UUID
    tool_uses: tuple[ToolUse, ...]
    runner: bytes


@dataclass(slots=True, kw_only=True)
class _Doing:
    """A run while it is being done."""

    run: AgentRun
    citing: CitationReader | None
    text: str = ""
    tool_uses: dict[str, ToolUse] = field(default_factory=dict[str, ToolUse])
    end: AnswerFinished | None = None


@dataclass(frozen=True, kw_only=True)
class RunAgent(TaskType):
    """Run an agent on a text; `asks` turns the task's data into what it is asked.

    A later attempt goes on from the last stored step, so no tool call has its effect twice.
    """

    name: str
    data: type[msgspec.Struct]
    asks: Callable[[Any], str]
    clock: Clock
    runner: AgentRunner
    requests: AgentRequests
    find_knowledge: FindKnowledge
    telemetry: Telemetry
    right: Right | None = Right.USE_TASKS
    endurance: Endurance = ENDURANCE
    priority: int = PRIORITY

    async def run(self, work: TaskWork) -> TaskEnd:
        asked = await self.requests.acting(work.task, self.asks(work.data))
        kept = _kept(work.task)
        known = (await self._known(asked)).passages
        # A model that goes on may have been given something before that is gone by now.
        citing = CitationReader(known) if known or kept else None
        doing = _Doing(run=asked.agent_run, tool_uses=_uses(kept), citing=citing)
        request = replace(
            asked.request, knowledge=fenced(known), steps=kept.runner if kept else None
        )
        try:
            async with (
                asyncio.timeout(request.settings.timeout_seconds),
                aclosing(self.runner.run(request)) as progress,
            ):
                async for item in progress:
                    await self._follow(work, doing, item)
        except TimeoutError as error:
            seconds = request.settings.timeout_seconds
            raise TaskFailedError(f"the agent did not end within {seconds:g} s") from error
        return self._end(doing)

    async def _known(self, asked: TaskRun) -> Knowledge:
        request = asked.request
        return await self.find_knowledge(
            Question(
                organization_id=asked.agent_run.organization_id,
                agent_id=request.agent_id,
                text=request.content,
                room=room_for_knowledge(
                    request.settings, request.history, request.instructions, request.content
                ),
            )
        )

    async def give_up(self, tx: Transaction, task: Task) -> None:
        kept = _kept(task)
        if kept and not isinstance(task.principal, System):
            run = AgentRun(
                organization_id=task.organization_id,
                agent_id=kept.agent_id,
                run_id=task.id,
                task_id=task.id,
                acts_for=task.principal,
            )
            await tx.agent_log.add_actions(as_actions(self.clock, run, kept.tool_uses))

    async def _follow(self, work: TaskWork, doing: _Doing, item: RunProgress) -> None:
        match item:
            case TextDelta():
                doing.text += item.text
            case ToolStarted():
                doing.tool_uses[item.call_id] = begun(item)
            case ToolFinished():
                doing.tool_uses[item.call_id] = ended(doing.tool_uses[item.call_id], item)
            case StepTaken():
                await work.save(_packed(doing, item.steps))
            case AnswerFinished():
                doing.end = item
            case _:
                # Only where there are people to ask.
                pass

    def _end(self, doing: _Doing) -> TaskEnd:
        end = doing.end
        if end is None:
            raise ModelUnavailableError("the model ended without an answer")
        if end.degraded_reason is DegradedReason.RUN_LIMIT:
            raise TaskFailedError("the agent used up its model requests before it was done")
        if end.degraded_reason:
            raise ModelUnavailableError(f"the agent could not do it: {end.degraded_reason}")
        uses = tuple(doing.tool_uses.values())
        actions = as_actions(self.clock, doing.run, uses)

        async def store(tx: Transaction) -> None:
            await tx.agent_log.add_actions(actions)

        text, citations = self._cited(doing)
        result = {
            "text": text,
            "citations": citations,
            "tools_used": uses,
            "model": end.model,
            "usage": end.usage,
        }
        # As it comes back from storage, with lists for tuples.
        return TaskEnd(result=msgspec.json.decode(msgspec.json.encode(result)), store=store)

    def _cited(self, doing: _Doing) -> tuple[str, Sequence[Citation]]:
        citing = doing.citing
        if citing is None:
            return doing.text, ()
        text = citing.read(doing.text) + citing.rest()
        self.telemetry.cited(len(citing.citations), citing.dropped)
        return text, citing.citations


def agent_tasks(
    *,
    clock: Clock,
    runner: AgentRunner,
    requests: AgentRequests,
    find_knowledge: FindKnowledge,
    telemetry: Telemetry,
) -> tuple[RunAgent, ...]:
    """Return the types of tasks that are an agent's work on a text."""
    kinds: tuple[tuple[str, type[msgspec.Struct], Callable[[Any], str]], ...] = (
        ("api_request", ApiRequestData, _text),
        ("slack_message", SlackMessageData, _text),
        ("email", EmailData, _email),
    )
    return tuple(
        RunAgent(
            name=name,
            data=data,
            asks=asks,
            clock=clock,
            runner=runner,
            requests=requests,
            find_knowledge=find_knowledge,
            telemetry=telemetry,
        )
        for name, data, asks in kinds
    )


def _text(data: ApiRequestData | SlackMessageData) -> str:
    return data.text


def _email(data: EmailData) -> str:
    return f"From: {data.sender}\nSubject: {data.subject}\n\n{data.text}"


def _kept(task: Task) -> _Checkpoint | None:
    return msgspec.msgpack.decode(task.steps, type=_Checkpoint) if task.steps else None


def _uses(kept: _Checkpoint | None) -> dict[str, ToolUse]:
    return {use.call_id: use for use in kept.tool_uses} if kept else {}


def _packed(doing: _Doing, runner: bytes) -> bytes:
    uses = tuple(doing.tool_uses.values())
    kept = _Checkpoint(agent_id=doing.run.agent_id, tool_uses=uses, runner=runner)
    return msgspec.msgpack.encode(kept)
