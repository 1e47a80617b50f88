"""Agents: making, changing and removing them, and looking into what they are."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from hexdesk.core.errors import ConflictError
from hexdesk.core.model.agents import (
    SETTING_NAMES,
    Agent,
    AgentChange,
    AgentOverrides,
    AgentView,
    HistoryAction,
    NewAgent,
    ResolvedConfiguration,
)
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.principals import Principal
from hexdesk.core.policy.changes import given
from hexdesk.core.policy.listing import check_sort, part_of
from hexdesk.core.policy.rights import Right, require
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.use_cases.agent_log import AgentRecorder, history_of
from hexdesk.core.use_cases.agent_rules import AgentRules, model_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAgents:
    """Show the organization's agents."""

    storage: Storage
    rules: AgentRules

    async def __call__(self, who: Principal, part: Slice) -> Page[AgentView]:
        """Return a part of the list, settings resolved."""
        require(who, Right.READ_AGENTS)
        check_sort(AgentView, part.sort)
        async with self.storage.transaction(who) as tx:
            organization = await tx.organizations.get()
            agents = await tx.agents.all()
            rules = await self.rules.within(tx)
        return part_of([rules.view(agent, organization) for agent in agents], part)


@dataclass(frozen=True, slots=True, kw_only=True)
class GetAgent:
    """Show one agent."""

    storage: Storage
    rules: AgentRules

    async def __call__(self, who: Principal, agent_id: UUID) -> AgentView:
        """Return the agent, settings resolved."""
        require(who, Right.READ_AGENTS)
        async with self.storage.transaction(who) as tx:
            rules = await self.rules.within(tx)
            return rules.view(await tx.agents.get(agent_id), await tx.organizations.get())


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowConfiguration:
    """Show where each of an agent's settings comes from."""

    storage: Storage
    rules: AgentRules

    async def __call__(self, who: Principal, agent_id: UUID) -> ResolvedConfiguration:
        """Return the values with their sources."""
        require(who, Right.READ_AGENT_RECORDS)
        async with self.storage.transaction(who) as tx:
            rules = await self.rules.within(tx)
            return rules.resolve(await tx.agents.get(agent_id), await tx.organizations.get())


@dataclass(frozen=True, slots=True, kw_only=True)
class AddAgent:
    """Make an agent; whatever is not given is inherited."""

    storage: Storage
    clock: Clock
    rules: AgentRules
    recorder: AgentRecorder

    async def __call__(self, who: Principal, wish: NewAgent) -> AgentView:
        """Return the agent; raise `InvalidError` for unknown tools or a model not allowed."""
        require(who, Right.CHANGE_AGENTS)
        now = self.clock.now()
        agent = Agent(
            id=self.clock.new_id(),
            organization_id=who.organization_id,
            own=_own(AgentOverrides(), given(wish)),
            configuration=wish.configuration or AgentOverrides(),
            created_at=now,
            updated_at=now,
        )
        async with self.storage.transaction(who) as tx:
            rules = await self.rules.within(tx)
            rules.check_tools(agent.own)
            rules.check_tools(agent.configuration, "/configuration")
            view = rules.view(agent, await tx.organizations.get())
            rules.check_model(view)
            await tx.agents.add(agent)
            await self.recorder.note(tx, who, HistoryAction.CREATED, before=None, after=agent)
        return view


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeAgent:
    """Change an agent's settings, or switch it off or on."""

    storage: Storage
    clock: Clock
    rules: AgentRules
    recorder: AgentRecorder

    async def __call__(self, who: Principal, agent_id: UUID, change: AgentChange) -> AgentView:
        """Return the agent; what is absent stays, null inherits."""
        require(who, Right.CHANGE_AGENTS)
        fields = given(change)
        async with self.storage.transaction(who) as tx:
            rules = await self.rules.within(tx)
            rules.check_tools(change)
            rules.check_tools(fields.get("configuration", AgentOverrides()), "/configuration")
            await tx.agents.lock()
            before = await tx.agents.get(agent_id)
            organization = await tx.organizations.get()
            after = _changed(before, fields)
            old, new = rules.view(before, organization), rules.view(after, organization)
            if after == before:
                return old
            # What is no longer allowed may stay, so that the rest can still be changed.
            if model_of(new) != model_of(old):
                rules.check_model(new)
            after = replace(after, updated_at=self.clock.now())
            await self._store(tx, who, before, after)
        return rules.view(after, organization)

    async def _store(self, tx: Transaction, who: Principal, before: Agent, after: Agent) -> None:
        is_off = before.is_active and not after.is_active
        if is_off:
            await _keep_an_active_agent(tx, before.id)
        await tx.agents.update(after)
        action = HistoryAction.DEACTIVATED if is_off else HistoryAction.UPDATED
        await self.recorder.note(tx, who, action, before=before, after=after)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveAgent:
    """Remove an agent; one that has threads is switched off instead."""

    storage: Storage
    clock: Clock
    recorder: AgentRecorder

    async def __call__(self, who: Principal, agent_id: UUID) -> None:
        """Raise `ConflictError` for the last active agent."""
        require(who, Right.CHANGE_AGENTS)
        async with self.storage.transaction(who) as tx:
            await tx.agents.lock()
            before = await tx.agents.get(agent_id)
            if before.is_active:
                await _keep_an_active_agent(tx, agent_id)
            if not await tx.agents.has_threads(agent_id):
                await tx.agents.remove(agent_id)
                await self.recorder.note(tx, who, HistoryAction.DELETED, before=before, after=None)
            elif before.is_active:
                after = replace(before, is_active=False, updated_at=self.clock.now())
                await tx.agents.update(after)
                await self.recorder.note(
                    tx, who, HistoryAction.DEACTIVATED, before=before, after=after
                )


async def ensure_organization_agent(
    tx: Transaction, clock: Clock, organization_id: UUID, changed_by_id: UUID | None
) -> Agent:
    """Return the organization's oldest active agent, and make the default one if none is."""
    for agent in await tx.agents.all():
        if agent.is_active:
            return agent
    now = clock.now()
    agent = Agent(
        id=clock.new_id(), organization_id=organization_id, created_at=now, updated_at=now
    )
    await tx.agents.add(agent)
    await tx.agent_log.add_history(
        history_of(clock, changed_by_id, HistoryAction.CREATED, before=None, after=agent)
    )
    return agent


async def _keep_an_active_agent(tx: Transaction, agent_id: UUID) -> None:
    if [agent.id for agent in await tx.agents.all() if agent.is_active] == [agent_id]:
        raise ConflictError("the last active agent cannot be removed or switched off")


def _changed(agent: Agent, fields: dict[str, Any]) -> Agent:
    return replace(
        agent,
        own=_own(agent.own, fields),
        configuration=fields.get("configuration", agent.configuration),
        is_active=fields.get("is_active", agent.is_active),
    )


def _own(own: AgentOverrides, fields: dict[str, Any]) -> AgentOverrides:
    chosen = {name: value for name, value in fields.items() if name in SETTING_NAMES}
    return replace(own, **chosen)
