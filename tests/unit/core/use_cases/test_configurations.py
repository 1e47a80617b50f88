"""Resolved configurations are kept for a while, and never meet what they were not made of."""

import msgspec

from hexdesk.core.model.agents import Agent, AgentOverrides, ResolvedConfiguration
from hexdesk.core.model.ai_config import AIConfig
from hexdesk.core.model.identity import Organization, OrganizationSettings
from hexdesk.core.model.principals import System
from hexdesk.core.policy.configuration import config_hash
from hexdesk.core.testing import MemoryCache, MemoryStorage, SteadyClock
from hexdesk.core.testing.examples import an_agent, an_organization
from hexdesk.core.use_cases.agent_rules import AgentRules
from hexdesk.core.use_cases.configurations import Configurations

ORGANIZATION = an_organization()
AGENT = an_agent(ORGANIZATION.id)


def configurations(cache: MemoryCache, tone: str = "helpful") -> Configurations:
    rules = AgentRules(
        tool_names=frozenset({"create_ticket"}),
        destructive_tools=("delete_ticket",),
        ai_config=AIConfig(agent=AgentOverrides(tone=tone)),
    )
    return Configurations(cache=cache, rules=rules)


async def resolved_by(
    found: Configurations, agent: Agent = AGENT, organization: Organization = ORGANIZATION
) -> ResolvedConfiguration:
    storage = MemoryStorage(SteadyClock())
    async with storage.transaction(System(organization_id=organization.id)) as tx:
        return await found.of(tx, agent, organization)


async def tone_of(
    found: Configurations, agent: Agent = AGENT, organization: Organization = ORGANIZATION
) -> str:
    return (await resolved_by(found, agent, organization)).values.tone


async def test_a_configuration_is_kept_for_fifteen_minutes_under_the_agents_id() -> None:
    clock = SteadyClock()
    cache = MemoryCache(clock)
    resolved = await resolved_by(configurations(cache))
    clock.advance(899)
    assert await cache.get(f"config_{AGENT.id}")
    assert await resolved_by(configurations(cache)) == resolved
    clock.advance(1)
    assert await cache.get(f"config_{AGENT.id}") is None


async def test_what_was_kept_has_the_hash_of_what_was_resolved() -> None:
    cache = MemoryCache(SteadyClock())
    first, second = [await resolved_by(configurations(cache)) for _ in range(2)]
    assert config_hash(first.values) == config_hash(second.values)


async def test_what_was_kept_is_what_is_returned() -> None:
    cache = MemoryCache(SteadyClock())
    await tone_of(configurations(cache))
    kept = await cache.get(f"config_{AGENT.id}")
    assert kept
    await cache.put(f"config_{AGENT.id}", kept.replace(b"helpful", b"HELPFUL"), 900)
    assert await tone_of(configurations(cache)) == "HELPFUL"


async def test_what_another_version_kept_is_resolved_anew() -> None:
    cache = MemoryCache(SteadyClock())
    await cache.put(f"config_{AGENT.id}", b"\xc1 who knows", 900)
    assert await tone_of(configurations(cache)) == "helpful"
    kept = await cache.get(f"config_{AGENT.id}")
    assert kept
    assert b"helpful" in kept


async def test_a_changed_agent_organization_or_file_is_resolved_anew() -> None:
    cache = MemoryCache(SteadyClock())
    assert await tone_of(configurations(cache)) == "helpful"
    own = msgspec.structs.replace(AGENT, own=AgentOverrides(tone="dry"))
    assert await tone_of(configurations(cache), own) == "dry"
    layer = msgspec.structs.replace(AGENT, configuration=AgentOverrides(tone="calm"))
    assert await tone_of(configurations(cache), layer) == "calm"
    settings = OrganizationSettings(agent_defaults=AgentOverrides(tone="warm"))
    warm = msgspec.structs.replace(ORGANIZATION, settings=settings)
    assert await tone_of(configurations(cache), AGENT, warm) == "warm"
    assert await tone_of(configurations(cache, tone="brisk")) == "brisk"
