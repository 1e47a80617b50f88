"""Agents, and what is known of them."""

from uuid import UUID

from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from hexdesk.adapters.http.calls import Once, call
from hexdesk.adapters.http.queries import OLDEST_FIRST, ListQuery
from hexdesk.core.desk import Desk
from hexdesk.core.model.agents import (
    ActionCount,
    AgentAction,
    AgentChange,
    AgentHistory,
    AgentView,
    NewAgent,
    ResolvedConfiguration,
)
from hexdesk.core.model.listing import Page
from hexdesk.core.model.principals import Member
from hexdesk.core.policy.rights import Right

INHERITED = NewAgent()
NOTHING = AgentChange()
NEW_AGENT = NewAgent(name="Night shift", tone="calm", temperature=0.1)


class AgentsController(Controller):
    """Agents, and what is known of them."""

    path = "/agents"
    tags = ["Agents"]

    @get(opt=call(Right.READ_AGENTS, query=ListQuery))
    async def list_agents(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        wanted: NamedDependency[ListQuery],
    ) -> Page[AgentView]:
        """List the agents, oldest first, with their settings resolved."""
        return await desk.agents.list(who, wanted.part(OLDEST_FIRST))

    @post(opt=call(Right.CHANGE_AGENTS, once=Once.ANSWER, example=NEW_AGENT))
    async def add_agent(
        self,
        who: NamedDependency[Member],
        once: NamedDependency[Desk],
        data: JSONBody[NewAgent] = INHERITED,
    ) -> AgentView:
        """Make an agent; whatever is not given is inherited."""
        return await once.agents.add(who, data)

    @get("/{agent_id:uuid}", opt=call(Right.READ_AGENTS))
    async def get_agent(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        agent_id: FromPath[UUID],
    ) -> AgentView:
        """Show an agent with its settings resolved."""
        return await desk.agents.get(who, agent_id)

    @patch("/{agent_id:uuid}", opt=call(Right.CHANGE_AGENTS, also=(409,)))
    async def change_agent(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        agent_id: FromPath[UUID],
        data: JSONBody[AgentChange] = NOTHING,
    ) -> AgentView:
        """Change an agent; what is absent stays, null inherits."""
        return await desk.agents.change(who, agent_id, data)

    @delete("/{agent_id:uuid}", opt=call(Right.CHANGE_AGENTS, also=(409,)))
    async def remove_agent(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        agent_id: FromPath[UUID],
    ) -> None:
        """Remove an agent.

        One that has threads is switched off instead; the last active one cannot be removed.
        """
        await desk.agents.remove(who, agent_id)

    @get("/{agent_id:uuid}/configuration", opt=call(Right.READ_AGENT_RECORDS))
    async def show_agent_configuration(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        agent_id: FromPath[UUID],
    ) -> ResolvedConfiguration:
        """Show which layer each of an agent's settings comes from."""
        return await desk.agents.show_configuration(who, agent_id)

    @get("/{agent_id:uuid}/history", opt=call(Right.READ_AGENT_RECORDS, query=ListQuery))
    async def list_agent_history(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        agent_id: FromPath[UUID],
        wanted: NamedDependency[ListQuery],
    ) -> Page[AgentHistory]:
        """List how an agent was changed, and by whom."""
        return await desk.agents.list_history(who, agent_id, wanted.part())

    @get("/{agent_id:uuid}/actions", opt=call(Right.READ_AGENT_RECORDS, query=ListQuery))
    async def list_agent_actions(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        agent_id: FromPath[UUID],
        wanted: NamedDependency[ListQuery],
    ) -> Page[AgentAction]:
        """List an agent's tool calls, secrets redacted."""
        return await desk.agents.list_actions(who, agent_id, wanted.part())

    @get("/{agent_id:uuid}/actions/stats", opt=call(Right.READ_AGENT_RECORDS, query=ListQuery))
    async def count_agent_actions(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        agent_id: FromPath[UUID],
        wanted: NamedDependency[ListQuery],
    ) -> Page[ActionCount]:
        """Count an agent's tool calls by tool and status."""
        return await desk.agents.count_actions(who, agent_id, wanted.part("tool"))
