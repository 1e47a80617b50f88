"""What holds of all agents: which tools and models there are, and how settings resolve."""

from dataclasses import dataclass, replace
from typing import Self

import msgspec

from hexdesk.core.errors import InvalidError
from hexdesk.core.model.agents import (
    Agent,
    AgentOverrides,
    AgentSettings,
    AgentView,
    ResolvedConfiguration,
)
from hexdesk.core.model.ai_config import AIConfig, ModelChoice
from hexdesk.core.model.identity import Organization
from hexdesk.core.policy.configuration import resolve, with_attached
from hexdesk.core.ports.storage import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRules:
    """What holds of all agents: known tools, allowed models, how settings resolve."""

    tool_names: frozenset[str]
    destructive_tools: tuple[str, ...]
    ai_config: AIConfig
    destructive_attached: frozenset[str] = frozenset()

    async def within(self, tx: Transaction) -> Self:
        """Return what holds in one organization: it knows the tools of its attached servers too."""
        attached = [one.tool for one in await tx.attached_tools.all()]
        return replace(
            self,
            tool_names=self.tool_names.union(tool.name for tool in attached),
            destructive_attached=frozenset(
                tool.name for tool in attached if tool.accepted.destructive
            ),
        )

    def check_tools(self, layer: AgentOverrides, pointer: str = "") -> None:
        """Raise `InvalidError` for a layer that names a tool nobody knows."""
        decided = layer.decided()
        for field in ("tools_enabled", "require_approval"):
            unknown = sorted(set(decided.get(field, ())) - self.tool_names)
            if unknown:
                known = ", ".join(sorted(self.tool_names))
                message = f"unknown tools: {', '.join(unknown)}; known are {known}"
                raise InvalidError(message, pointer=f"{pointer}/{field}")

    def check_model(self, values: AgentSettings, pointer: str = "") -> None:
        """Raise `InvalidError` for a model that tenants may not choose; the default always is."""
        model = model_of(values)
        if model != model_of(self.inherited()) and not self.ai_config.models.allows(model):
            allowed = ", ".join(self.ai_config.models.allowed or ())
            message = f"the model {str(model)!r} is not allowed; allowed are {allowed}"
            raise InvalidError(message, pointer=f"{pointer}/model_name")

    def inherited(self, agent_defaults: AgentOverrides | None = None) -> AgentSettings:
        """Return what an agent gets for which nothing was decided."""
        decided = agent_defaults.decided() if agent_defaults else {}
        return msgspec.convert(self.ai_config.agent.decided() | decided, AgentSettings)

    def resolve(self, agent: Agent, organization: Organization) -> ResolvedConfiguration:
        """Resolve the agent's settings with their sources."""
        defaults = organization.settings.agent_defaults
        resolved = resolve(agent, defaults, self.ai_config, self.destructive_tools)
        return with_attached(resolved, self.destructive_attached)

    def view(self, agent: Agent, organization: Organization) -> AgentView:
        """Return the agent as it is shown."""
        return AgentView(
            **msgspec.structs.asdict(self.resolve(agent, organization).values),
            id=agent.id,
            organization_id=agent.organization_id,
            configuration=agent.configuration,
            is_active=agent.is_active,
            status=agent.status,
            created_at=agent.created_at,
            updated_at=agent.updated_at,
        )


def model_of(values: AgentSettings) -> ModelChoice:
    """Return the model that the settings choose."""
    return ModelChoice(values.model_provider, values.model_name)
