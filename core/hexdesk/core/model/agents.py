"""Agents: what an organization decides about them, what that resolves to, and what they did."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"[^\s\x1c-\x1f\x85]")]
Word = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"[^\s\x1c-\x1f\x85]")]
Text = Annotated[str, Meta(max_length=100_000, pattern=r"^$|[^\s\x1c-\x1f\x85]")]
Temperature = Annotated[float, Meta(ge=0, le=2)]
Tokens = Annotated[int, Meta(ge=1, le=1_000_000)]
Seconds = Annotated[float, Meta(gt=0, le=3600)]
RunSeconds = Annotated[float, Meta(ge=1, le=3600)]
Retention = Annotated[int, Meta(ge=0, le=1000)]
ContextSize = Annotated[int, Meta(ge=1, le=10_000_000)]
Iterations = Annotated[int, Meta(ge=1, le=100)]
ToolName = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
MOST_TOOLS = 500
ToolNames = Annotated[tuple[ToolName, ...], Meta(max_length=MOST_TOOLS)]


class AgentSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting of an agent, resolved; the values here are the built-in defaults.

    `timeout` is the seconds one model request may take, `timeout_seconds` those of a whole
    message; `max_context_size` counts characters of the conversation given to the model;
    `memory_retention` counts earlier messages; where nothing sets `require_approval`, every
    destructive tool waits for a person.
    """

    name: Name = "Customer Support Specialist"
    agent_type: Word = "customer_support"
    role: Text = "Customer support agent for technical inquiries"
    prompt: Text = "You are an expert customer support agent."
    model_provider: Word = "openai"
    model_name: Word = "gpt-4o-mini"
    temperature: Temperature = 0.2
    max_tokens: Tokens = 2000
    timeout: Seconds = 30.0
    mcp_enabled: bool = True
    tools_enabled: ToolNames = (
        "create_ticket",
        "search_tickets",
        "get_ticket",
        "update_ticket",
        "get_system_health",
        "list_integrations",
    )
    require_approval: ToolNames = ()
    tone: Word = "helpful"
    communication_style: Word = "professional"
    use_streaming: bool = True
    response_length: Word = "detailed"
    memory_retention: Retention = 10
    max_context_size: ContextSize = 150_000
    max_iterations: Iterations = 8
    timeout_seconds: RunSeconds = 120.0


class AgentOverrides(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """The settings one layer decides; what is absent or null is inherited."""

    name: Name | None | UnsetType = UNSET
    agent_type: Word | None | UnsetType = UNSET
    role: Text | None | UnsetType = UNSET
    prompt: Text | None | UnsetType = UNSET
    model_provider: Word | None | UnsetType = UNSET
    model_name: Word | None | UnsetType = UNSET
    temperature: Temperature | None | UnsetType = UNSET
    max_tokens: Tokens | None | UnsetType = UNSET
    timeout: Seconds | None | UnsetType = UNSET
    mcp_enabled: bool | None | UnsetType = UNSET
    tools_enabled: ToolNames | None | UnsetType = UNSET
    require_approval: ToolNames | None | UnsetType = UNSET
    tone: Word | None | UnsetType = UNSET
    communication_style: Word | None | UnsetType = UNSET
    use_streaming: bool | None | UnsetType = UNSET
    response_length: Word | None | UnsetType = UNSET
    memory_retention: Retention | None | UnsetType = UNSET
    max_context_size: ContextSize | None | UnsetType = UNSET
    max_iterations: Iterations | None | UnsetType = UNSET
    timeout_seconds: RunSeconds | None | UnsetType = UNSET

    def decided(self) -> dict[str, Any]:
        """Return the settings this layer decides, by name."""
        return {
            name: value
            for name in self.__struct_fields__
            if (value := getattr(self, name)) is not UNSET and value is not None
        }


SETTING_NAMES = AgentSettings.__struct_fields__


class AgentStatus(StrEnum):
    """How the agent's last check went."""

    UNKNOWN = "unknown"
    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """An agent as it is stored: only what was decided for it.

    `own` are its own fields, `configuration` is the layer below them.
    """

    id: UUID
    organization_id: UUID
    own: AgentOverrides = AgentOverrides()
    configuration: AgentOverrides = AgentOverrides()
    is_active: bool = True
    status: AgentStatus = AgentStatus.UNKNOWN
    created_at: datetime
    updated_at: datetime


class AgentView(AgentSettings, frozen=True, kw_only=True):
    """An agent as it is shown: every setting resolved."""

    id: UUID
    organization_id: UUID
    configuration: AgentOverrides
    is_active: bool
    status: AgentStatus
    created_at: datetime
    updated_at: datetime


class NewAgent(AgentOverrides, frozen=True, kw_only=True):
    """What an agent is made from; what is not given is inherited."""

    configuration: AgentOverrides | UnsetType = UNSET


class AgentChange(NewAgent, frozen=True, kw_only=True):
    """What changes of an agent; what is absent stays, null inherits."""

    is_active: bool | UnsetType = UNSET


class Source(StrEnum):
    """Which layer a setting's value came from, strongest first."""

    AGENT = "agent"
    CONFIGURATION = "configuration"
    ORGANIZATION = "organization"
    AI_CONFIG = "ai_config"
    DEFAULT = "default"


class ResolvedConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """An agent's settings with the layer that each came from."""

    values: AgentSettings
    sources: dict[str, Source]


class HistoryAction(StrEnum):
    """What happened to an agent."""

    CREATED = "created"
    UPDATED = "updated"
    DEACTIVATED = "deactivated"
    DELETED = "deleted"


class AgentHistory(msgspec.Struct, frozen=True, kw_only=True):
    """One change of an agent; `before` and `after` are what was stored, null where nothing was."""

    id: UUID
    agent_id: UUID
    changed_by_id: UUID | None
    action: HistoryAction
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    created_at: datetime


class ToolUseStatus(StrEnum):
    """How a tool call ended."""

    OK = "ok"
    ERROR = "error"
    DENIED = "denied"
    AWAITING_APPROVAL = "awaiting_approval"


class ToolUse(msgspec.Struct, frozen=True, kw_only=True):
    """One tool call of a run; secrets in `arguments` are redacted, `duration_ms` is wall time."""

    call_id: str
    name: str
    arguments: dict[str, Any]
    status: ToolUseStatus
    duration_ms: float
    error: str | None = None


class AgentAction(msgspec.Struct, frozen=True, kw_only=True):
    """One tool call in the agent's own record."""

    id: UUID
    agent_id: UUID
    run_id: UUID
    call_id: str
    thread_id: UUID | None
    task_id: UUID | None
    user_id: UUID | None
    tool: str
    arguments: dict[str, Any]
    status: ToolUseStatus
    error: str | None
    duration_ms: float
    created_at: datetime


class ActionCount(msgspec.Struct, frozen=True, kw_only=True):
    """How often a tool call of one agent ended in one way."""

    tool: str
    status: ToolUseStatus
    count: int
