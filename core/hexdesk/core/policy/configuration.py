"""Which layer decides a setting: the agent, its configuration, the organization, the files."""

import hashlib

import msgspec

from hexdesk.core.model.agents import (
    SETTING_NAMES,
    Agent,
    AgentOverrides,
    AgentSettings,
    ResolvedConfiguration,
    Source,
)
from hexdesk.core.model.ai_config import AIConfig


def resolve(
    agent: Agent,
    agent_defaults: AgentOverrides,
    ai_config: AIConfig,
    destructive_tools: tuple[str, ...] = (),
) -> ResolvedConfiguration:
    """Resolve every setting with its source; the strongest layer that decides it wins.

    The order is the contract's: the agent's own field, its `configuration`, the organization's
    `agent_defaults`, `ai_config.yaml`, the built-in defaults; the default of `require_approval`
    is every destructive tool.
    """
    layers = (
        (Source.AI_CONFIG, ai_config.agent),
        (Source.ORGANIZATION, agent_defaults),
        (Source.CONFIGURATION, agent.configuration),
        (Source.AGENT, agent.own),
    )
    values: dict[str, object] = {"require_approval": destructive_tools}
    sources = dict.fromkeys(SETTING_NAMES, Source.DEFAULT)
    for source, layer in layers:
        decided = layer.decided()
        values |= decided
        sources |= dict.fromkeys(decided, source)
    return ResolvedConfiguration(values=msgspec.convert(values, AgentSettings), sources=sources)


def inherits_model(resolved: ResolvedConfiguration) -> bool:
    """Tell whether no tenant chose the model, so that the offline model may stand in."""
    chosen = {resolved.sources["model_provider"], resolved.sources["model_name"]}
    return chosen <= {Source.AI_CONFIG, Source.DEFAULT}


def config_hash(settings: AgentSettings) -> str:
    """Return 16 hexadecimal digits that change when any setting does."""
    return hashlib.sha256(msgspec.json.encode(settings)).hexdigest()[:16]
