"""Which layer decides a setting: the agent, its configuration, the organization, the files."""

import hashlib
from collections.abc import Collection

import msgspec
from msgspec.structs import replace

from hexdesk.core.model.agents import (
    MOST_TOOLS,
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


def with_attached(
    resolved: ResolvedConfiguration, destructive: Collection[str]
) -> ResolvedConfiguration:
    """Return the settings with the agent's destructive tools of attached servers waiting too.

    Unless a layer has decided what waits for a person. What the agent does not have is not named:
    an organization may have any number of such tools.
    """
    values = resolved.values
    waiting = [name for name in values.tools_enabled if name in destructive]
    if not waiting or resolved.sources["require_approval"] is not Source.DEFAULT:
        return resolved
    names = (*waiting, *values.require_approval)[:MOST_TOOLS]
    return replace(resolved, values=replace(values, require_approval=names))


def inherits_model(resolved: ResolvedConfiguration) -> bool:
    """Tell whether no tenant chose the model, so that the offline model may stand in."""
    chosen = {resolved.sources["model_provider"], resolved.sources["model_name"]}
    return chosen <= {Source.AI_CONFIG, Source.DEFAULT}


def config_hash(settings: AgentSettings) -> str:
    """Return 16 hexadecimal digits that change when any setting does."""
    return hashlib.sha256(msgspec.json.encode(settings)).hexdigest()[:16]
