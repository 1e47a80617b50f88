"""Agents: making, changing and removing them, and looking into what they are and did."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hexdesk.core.errors import ConflictError, InvalidError
from hexdesk.core.model.agents import (
    SETTING_NAMES,
    Agent,
    AgentChange,
    AgentHistory,
    AgentOverrides,
    AgentSettings,
    AgentView,
    HistoryAction,
    NewAgent,
    ResolvedConfiguration,
)
from hexdesk.core.model.ai_config import AIConfig, ModelChoice
from hexdesk.core.model.identity import Organization
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.principals import Member, Principal, person_behind
from hexdesk.core.policy.changes import given
from hexdesk.core.policy.configuration import resolve
from hexdesk.core.policy.listing import check_sort, part_of
from hexdesk.core.policy.rights import Right, require
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.use_cases.audit import Auditor


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRules:
    """What holds of all agents: known tools, allowed models, how settings resolve."""

    tool_names: frozenset[str]
    destructive_tools: tuple[str, ...]
    ai_config: AIConfig

    def check(self, layer: AgentOverrides, pointer: str = "") -> None:
        """Raise `InvalidError` for a layer that names an unknown tool or a model not allowed."""
        decided = layer.decided()
        for field in ("tools_enabled", "require_approval"):
            unknown = sorted(set(decided.get(field, ())) - self.tool_names)
            if unknown:
                known = ", ".join(sorted(self.tool_names))
                message = f"unknown tools: {', '.join(unknown)}; known are {known}"
                raise InvalidError(message, pointer=f"{pointer}/{field}")

    def check_model(self, values: AgentSettings) -> None:
        """Raise `InvalidError` for a model that tenants may not choose; the default always is."""
        default = self.inherited()
        model = ModelChoice(values.model_provider, values.model_name)
        if model == ModelChoice(default.model_provider, default.model_name):
            return
        if not self.ai_config.models.allows(model):
            allowed = ", ".join(self.ai_config.models.allowed or ())
            message = f"the model {str(model)!r} is not allowed; allowed are {allowed}"
            raise InvalidError(message, pointer="/model_name")

    def inherited(self, agent_defaults: AgentOverrides | None = None) -> AgentSettings:
        """Return what an agent gets for which nothing was decided."""
        decided = agent_defaults.decided() if agent_defaults else {}
        return msgspec.convert(self.ai_config.agent.decided() | decided, AgentSettings)

    def resolve(self, agent: Agent, organization: Organization) -> ResolvedConfiguration:
        """Resolve the agent's settings with their sources."""
        defaults = organization.settings.agent_defaults
        return resolve(agent, defaults, self.ai_config, self.destructive_tools)

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
        return part_of([self.rules.view(agent, organization) for agent in agents], part)


@dataclass(frozen=True, slots=True, kw_only=True)
class GetAgent:
    """Show one agent."""

    storage: Storage
    rules: AgentRules

    async def __call__(self, who: Principal, agent_id: UUID) -> AgentView:
        """Return the agent, settings resolved."""
        require(who, Right.READ_AGENTS)
        async with self.storage.transaction(who) as tx:
            return self.rules.view(await tx.agents.get(agent_id), await tx.organizations.get())


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowConfiguration:
    """Show where each of an agent's settings comes from."""

    storage: Storage
    rules: AgentRules

    async def __call__(self, who: Principal, agent_id: UUID) -> ResolvedConfiguration:
        """Return the values with their sources."""
        require(who, Right.READ_AGENT_RECORDS)
        async with self.storage.transaction(who) as tx:
            return self.rules.resolve(await tx.agents.get(agent_id), await tx.organizations.get())


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRecorder:
    """Writes down what happened to an agent: in its history, and in the audit."""

    clock: Clock
    auditor: Auditor

    async def note(
        self,
        tx: Transaction,
        who: Principal,
        action: HistoryAction,
        *,
        before: Agent | None,
        after: Agent | None,
    ) -> None:
        """Store the change; one of both agents is there."""
        agent_id = next(agent.id for agent in (after, before) if agent)
        person = person_behind(who)
        await tx.agent_log.add_history(
            AgentHistory(
                id=self.clock.new_id(),
                agent_id=agent_id,
                changed_by_id=person.user_id if isinstance(person, Member) else None,
                action=action,
                before=_stored(before),
                after=_stored(after),
                created_at=self.clock.now(),
            )
        )
        await self.auditor.note(tx, who, f"agent.{action}", target=("agent", agent_id))


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
        self.rules.check(agent.own)
        self.rules.check(agent.configuration, "/configuration")
        async with self.storage.transaction(who) as tx:
            view = self.rules.view(agent, await tx.organizations.get())
            self.rules.check_model(view)
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
            await tx.agents.lock()
            before = await tx.agents.get(agent_id)
            organization = await tx.organizations.get()
            after = replace(
                before,
                own=_own(before.own, fields),
                configuration=fields.get("configuration", before.configuration),
                is_active=fields.get("is_active", before.is_active),
            )
            if after == before:
                return self.rules.view(before, organization)
            after = replace(after, updated_at=self.clock.now())
            self.rules.check(change)
            self.rules.check(after.configuration, "/configuration")
            self.rules.check_model(self.rules.resolve(after, organization).values)
            if before.is_active and not after.is_active:
                await _keep_an_active_agent(tx, agent_id)
            await tx.agents.update(after)
            is_off = before.is_active and not after.is_active
            action = HistoryAction.DEACTIVATED if is_off else HistoryAction.UPDATED
            await self.recorder.note(tx, who, action, before=before, after=after)
        return self.rules.view(after, organization)


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
            if await tx.agents.has_threads(agent_id):
                after = replace(before, is_active=False, updated_at=self.clock.now())
                await tx.agents.update(after)
                await self.recorder.note(
                    tx, who, HistoryAction.DEACTIVATED, before=before, after=after
                )
                return
            await tx.agents.remove(agent_id)
            await self.recorder.note(tx, who, HistoryAction.DELETED, before=before, after=None)


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
        AgentHistory(
            id=clock.new_id(),
            agent_id=agent.id,
            changed_by_id=changed_by_id,
            action=HistoryAction.CREATED,
            before=None,
            after={"is_active": True, "configuration": {}},
            created_at=now,
        )
    )
    return agent


async def _keep_an_active_agent(tx: Transaction, agent_id: UUID) -> None:
    if [agent.id for agent in await tx.agents.all() if agent.is_active] == [agent_id]:
        raise ConflictError("the last active agent cannot be removed or switched off")


def _own(own: AgentOverrides, fields: dict[str, Any]) -> AgentOverrides:
    chosen = {name: value for name, value in fields.items() if name in SETTING_NAMES}
    return replace(own, **chosen)


def _stored(agent: Agent | None) -> dict[str, Any] | None:
    if agent is None:
        return None
    return {
        **msgspec.to_builtins(agent.own),
        "configuration": msgspec.to_builtins(agent.configuration),
        "is_active": agent.is_active,
    }
