"""Resolved configurations, kept for a while."""

import hashlib
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from hexdesk.core.model.agents import Agent, ResolvedConfiguration
from hexdesk.core.model.identity import Organization
from hexdesk.core.policy.configuration import with_attached
from hexdesk.core.ports.cache import Cache
from hexdesk.core.ports.storage import Transaction
from hexdesk.core.use_cases.agent_rules import AgentRules

TTL_SECONDS = 900


class _Kept(msgspec.Struct, frozen=True):
    stamp: bytes
    resolved: ResolvedConfiguration


@dataclass(frozen=True, slots=True, kw_only=True)
class Configurations:
    """Resolves agents' configurations, with a cache under `config_{agent_id}` for 15 minutes.

    An entry carries a stamp of all that it was resolved from, so a changed agent, organization or
    file never meets an old one, in whichever process it was changed. It is asked for within a
    transaction, so its cache should be near.
    """

    cache: Cache
    rules: AgentRules

    async def of(
        self, tx: Transaction, agent: Agent, organization: Organization
    ) -> ResolvedConfiguration:
        """Return the agent's settings with their sources, for a run that begins now.

        Of tools of attached servers those are left that may be used at this moment.
        """
        resolved = await self._resolved(agent, organization)
        values = resolved.values
        attached = [one for one in values.tools_enabled if one not in self.rules.tool_names]
        if not attached:
            return resolved
        found = await tx.attached_tools.named(attached)
        usable = {one.tool.name: one.tool.accepted for one in found if one.is_usable}
        enabled = (
            one for one in values.tools_enabled if one in self.rules.tool_names or one in usable
        )
        resolved = replace(resolved, values=replace(values, tools_enabled=tuple(enabled)))
        return with_attached(resolved, {name for name, tool in usable.items() if tool.destructive})

    async def _resolved(self, agent: Agent, organization: Organization) -> ResolvedConfiguration:
        key = f"config_{agent.id}"
        files = (self.rules.ai_config.agent, self.rules.destructive_tools)
        made_of = (agent.own, agent.configuration, organization.settings, files)
        stamp = hashlib.sha256(msgspec.msgpack.encode(made_of)).digest()
        kept = _understood(await self.cache.get(key))
        if kept and kept.stamp == stamp:
            return kept.resolved
        resolved = self.rules.resolve(agent, organization)
        value = msgspec.msgpack.encode(_Kept(stamp, resolved))
        await self.cache.put(key, value, TTL_SECONDS)
        return resolved


def _understood(found: bytes | None) -> _Kept | None:
    """Return what was kept; what a process of another version has kept may mean nothing here."""
    try:
        return msgspec.msgpack.decode(found, type=_Kept) if found else None
    except msgspec.DecodeError:
        return None
