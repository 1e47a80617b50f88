"""Conversations: threads, messages, and the runs that answer them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import msgspec

from hexdesk.core.model.agents import Agent, AgentSettings, ToolUse
from hexdesk.core.model.approvals import Approval
from hexdesk.core.model.identity import Organization
from hexdesk.core.model.principals import Person

Content = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=32_000,
        pattern=r"[^\s\x1c-\x1f\x85]",
        examples=["Create a test ticket"],
    ),
]


class ThreadStatus(StrEnum):
    """Who has the conversation, if anybody."""

    ACTIVE = "active"
    WAITING_APPROVAL = "waiting_approval"
    HUMAN = "human"
    CLOSED = "closed"


class Thread(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation between one person and one agent."""

    id: UUID
    organization_id: UUID
    agent_id: UUID
    user_id: UUID | None
    held_by_id: UUID | None = None
    title: str | None = None
    channel: str = "api"
    status: ThreadStatus = ThreadStatus.ACTIVE
    metadata: dict[str, Any] = {}
    created_at: datetime
    updated_at: datetime

    @property
    def is_customers(self) -> bool:
        """Whether a customer began it; one whose member was removed is nobody's instead."""
        return self.user_id is None and CUSTOMER_ID in self.metadata


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """A thread, and what an answer in it depends on."""

    thread: Thread
    agent: Agent
    organization: Organization
    knows_files: bool = False


CUSTOMER_ID = "customer_id"
"""The field of a thread's metadata that tells whose it is, where it is a customer's."""


class MessageRole(StrEnum):
    """Who said it."""

    USER = "user"
    ASSISTANT = "assistant"
    HUMAN_AGENT = "human_agent"
    SYSTEM = "system"


class Citation(msgspec.Struct, frozen=True, kw_only=True):
    """Where in a file an answer comes from."""

    file_id: UUID
    filename: str
    page: int | None = None
    sheet: str | None = None
    quote: str


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One thing said in a thread.

    `confidence_score` is null unless the provider gives token probabilities: the mean
    probability of the answer's tokens.
    """

    id: UUID
    thread_id: UUID
    run_id: UUID | None = None
    user_id: UUID | None = None
    role: MessageRole
    content: str
    attachments: tuple[UUID, ...] = ()
    citations: tuple[Citation, ...] = ()
    tool_calls: tuple[ToolUse, ...] = ()
    confidence_score: float | None = None
    created_at: datetime


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What a run cost: tokens, and requests to the model."""

    input_tokens: int = 0
    output_tokens: int = 0
    requests: int = 0


class DegradedReason(StrEnum):
    """Why an answer is less than it should be."""

    MODEL_UNAVAILABLE = "model_unavailable"
    RUN_LIMIT = "run_limit"
    AGENT_UNAVAILABLE = "agent_unavailable"
    MCP_UNAVAILABLE = "mcp_unavailable"
    STORAGE_UNAVAILABLE = "storage_unavailable"


class ChatResponse(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one message: the rows this request wrote, and how they came about.

    `message` is null while a person has the conversation: then no model was asked, and `model` is
    empty. `approvals` are the calls that wait for a person.
    """

    thread_id: UUID
    run_id: UUID
    user_message: Message
    message: Message | None
    tools_used: tuple[ToolUse, ...] = ()
    response_time_ms: float
    degraded: bool = False
    degraded_reason: DegradedReason | None = None
    stored: bool = True
    model: str
    usage: Usage = Usage()
    approvals: tuple[Approval, ...] = ()


class RunStatus(StrEnum):
    """Where a run is."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """The work of answering one message; it belongs to the desk, not to the request.

    `lease_token` fences: only its holder may write the run until `lease_until`.
    `steps` is the agent runner's own message history after the last stored step. `approval_id` is
    the approval whose decision began it, if one did.
    """

    id: UUID
    thread_id: UUID
    agent_id: UUID
    user_message_id: UUID
    approval_id: UUID | None = None
    principal: Person
    settings: AgentSettings
    status: RunStatus = RunStatus.RUNNING
    lease_token: UUID
    lease_until: datetime
    steps: bytes | None = None
    response: ChatResponse | None = None
    created_at: datetime
    finished_at: datetime | None = None


class RunEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a run's stream; `id` counts from 1 within the run, `data` is its JSON."""

    id: int
    type: str
    data: msgspec.Raw


class RunFailure(msgspec.Struct, frozen=True, kw_only=True):
    """Why a run ended without an answer, as the last event of its stream says it."""

    reason: str
    detail: str


class Turn(msgspec.Struct, frozen=True):
    """One earlier message as the model is given it."""

    role: MessageRole
    content: str
