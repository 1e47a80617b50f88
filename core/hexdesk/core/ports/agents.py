"""How the desk talks to a language model."""

from abc import abstractmethod
from collections.abc import AsyncGenerator
from typing import Any, Protocol
from uuid import UUID

import msgspec

from hexdesk.core.model.agents import AgentSettings, AgentStatus, ToolUseStatus
from hexdesk.core.model.chat import DegradedReason, Turn, Usage
from hexdesk.core.model.tickets import TicketDraft


class DecidedCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call about which a person has decided: it is made, or `refusal` says why it is not.

    `steps` is how far the run was that wanted to make it, `since` what was said afterwards.
    """

    call_id: str
    name: str
    arguments: dict[str, Any]
    refusal: str | None
    steps: bytes
    since: tuple[Turn, ...] = ()


class RunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One message for an agent to answer; `knowledge` is what files say, fenced off as data.

    `tools` are the names the run may call, `needs_approval` those that a person must allow first;
    `capability` proves both to the tool server. `steps` is what an earlier process stored of this
    same run. `streams` says whether the model is asked to stream: it is where the agent's
    settings want it and somebody follows. `inherits_model` is true if no tenant chose the model,
    so that the offline model may stand in. `asks_people` says that there are people to ask: a call
    that needs approval waits for one, else it is refused, and the agent may hand over to one.
    `decided` is the call that a decision is to be told about; the run begins with it.
    """

    run_id: UUID
    agent_id: UUID
    settings: AgentSettings
    instructions: str
    history: tuple[Turn, ...]
    content: str
    knowledge: str = ""
    tools: frozenset[str]
    needs_approval: frozenset[str] = frozenset()
    capability: str
    inherits_model: bool = False
    streams: bool = True
    steps: bytes | None = None
    asks_people: bool = False
    decided: DecidedCall | None = None


class TextDelta(msgspec.Struct, frozen=True):
    """The answer grew by this much."""

    text: str


class ToolStarted(msgspec.Struct, frozen=True, kw_only=True):
    """The model called a tool; `call_id` is unique in the run."""

    call_id: str
    name: str
    arguments: dict[str, Any]


class ToolFinished(msgspec.Struct, frozen=True, kw_only=True):
    """The call ended."""

    call_id: str
    name: str
    status: ToolUseStatus
    duration_ms: float
    error: str | None = None


class ApprovalNeeded(msgspec.Struct, frozen=True, kw_only=True):
    """A call waits for a person: it was checked and not made, and the run ends with this step."""

    call_id: str
    name: str
    arguments: dict[str, Any]


class HandedOver(msgspec.Struct, frozen=True):
    """The agent wants a person to go on in its place, and says why."""

    reason: str


class StepTaken(msgspec.Struct, frozen=True):
    """The model decided on tool calls, not yet made: with `steps` the run can go on from here."""

    steps: bytes


class AnswerFinished(msgspec.Struct, frozen=True, kw_only=True):
    """The run is over; the answer is the concatenation of its deltas.

    `degraded_reason` says what went wrong, if anything did; `detail` says it for the log.
    `confidence` is the mean token probability where the provider gives them, else None. `steps` is
    given where calls wait for a person: another run can go on from there.
    """

    model: str
    usage: Usage
    degraded_reason: DegradedReason | None = None
    detail: str | None = None
    confidence: float | None = None
    steps: bytes | None = None


class AgentHealth(msgspec.Struct, frozen=True, kw_only=True):
    """Whether an agent could answer: degraded if only by another model than its own."""

    status: AgentStatus
    detail: str


RunProgress = (
    TextDelta
    | ToolStarted
    | ToolFinished
    | ApprovalNeeded
    | HandedOver
    | StepTaken
    | AnswerFinished
)


class AgentRunner(Protocol):
    """Runs one agent over one message."""

    @abstractmethod
    def run(self, request: RunRequest) -> AsyncGenerator[RunProgress]:
        """Yield what happens, `AnswerFinished` last; never raises for a model or a tool.

        The runner keeps `max_iterations` and `timeout`; the caller keeps `timeout_seconds` by
        closing the generator.
        """

    @abstractmethod
    async def draft_ticket(self, request: RunRequest) -> TicketDraft:
        """Draw a ticket from `request.content`, or raise `ModelUnavailableError`."""

    @abstractmethod
    async def check(self, request: RunRequest) -> AgentHealth:
        """Ask the agent's models for a sign of life, the first that gives one; never raises."""
