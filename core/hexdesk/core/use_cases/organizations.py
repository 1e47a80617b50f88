"""The organization itself: its name, and what it has decided for all its agents."""

from dataclasses import dataclass
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from hexdesk.core.errors import InvalidError, NotFoundError
from hexdesk.core.model.agents import Agent, AgentOverrides
from hexdesk.core.model.identity import Organization, OrganizationName
from hexdesk.core.model.principals import Principal
from hexdesk.core.policy.changes import given
from hexdesk.core.policy.rights import Right, require
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.use_cases.agent_rules import AgentRules, model_of
from hexdesk.core.use_cases.audit import Auditor


class SettingsChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which of the settings change; what is absent stays."""

    default_agent_id: UUID | None | UnsetType = UNSET
    agent_defaults: AgentOverrides | UnsetType = UNSET


class OrganizationChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What changes of an organization; what is absent stays."""

    name: OrganizationName | UnsetType = UNSET
    settings: SettingsChange | UnsetType = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class GetOrganization:
    """Show the caller's organization."""

    storage: Storage

    async def __call__(self, who: Principal) -> Organization:
        """Return it."""
        require(who, Right.READ_ORGANIZATION)
        async with self.storage.transaction(who) as tx:
            return await tx.organizations.get()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOrganization:
    """Change the organization's name or settings."""

    storage: Storage
    rules: AgentRules
    auditor: Auditor

    async def __call__(self, who: Principal, change: OrganizationChange) -> Organization:
        """Return it; raise `InvalidError` for a default agent that is not an active one."""
        require(who, Right.CHANGE_ORGANIZATION)
        fields = given(change)
        async with self.storage.transaction(who) as tx:
            # It locks the organization too: of two changes at once, the second sees the first.
            await tx.agents.lock()
            before = await tx.organizations.get()
            if change.settings is not UNSET:
                fields["settings"] = replace(before.settings, **given(change.settings))
            after = replace(before, **fields)
            if after == before:
                return before
            await self._check(tx, before, after)
            await tx.organizations.update(after)
            target = ("organization", after.id)
            await self.auditor.note(
                tx, who, "organization.changed", target=target, fields=sorted(fields)
            )
        return after

    async def _check(self, tx: Transaction, before: Organization, after: Organization) -> None:
        old, new = before.settings, after.settings
        if new.agent_defaults != old.agent_defaults:
            pointer = "/settings/agent_defaults"
            (await self.rules.within(tx)).check_tools(new.agent_defaults, pointer)
            self.rules.check_model(self.rules.inherited(new.agent_defaults), pointer)
            await self._check_agents(tx, before, after)
        if new.default_agent_id and new.default_agent_id != old.default_agent_id:
            agents = await tx.agents.all()
            if new.default_agent_id not in {one.id for one in agents if one.is_active}:
                raise InvalidError("names no active agent", pointer="/settings/default_agent_id")

    async def _check_agents(
        self, tx: Transaction, before: Organization, after: Organization
    ) -> None:
        # An agent that chooses only half of its model gets the other half from here.
        for agent in await tx.agents.all():
            values = self.rules.resolve(agent, after).values
            if model_of(values) != model_of(self.rules.resolve(agent, before).values):
                self.rules.check_model(values, "/settings/agent_defaults")


async def default_agent(tx: Transaction, organization: Organization) -> Agent:
    """Return the agent that answers unless another is named: the chosen, else the oldest active.

    A chosen one that was switched off meanwhile does not count. There always is an active one.
    """
    active = [agent for agent in await tx.agents.all() if agent.is_active]
    chosen = [agent for agent in active if agent.id == organization.settings.default_agent_id]
    if not active:
        raise NotFoundError("the organization has no active agent")
    return (chosen or active)[0]


async def check_agent(tx: Transaction, agent_id: UUID) -> None:
    """Raise `InvalidError` unless the organization has the agent, and it is switched on."""
    try:
        agent = await tx.agents.get(agent_id)
    except NotFoundError as error:
        raise InvalidError("names no agent of yours", pointer="/agent_id") from error
    if not agent.is_active:
        raise InvalidError("names an agent that is switched off", pointer="/agent_id")
