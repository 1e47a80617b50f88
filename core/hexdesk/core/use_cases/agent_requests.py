"""What an agent is asked outside of any conversation."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import msgspec
from msgspec.structs import replace

from hexdesk.core.errors import NotFoundError, TaskFailedError
from hexdesk.core.model.ai_config import Prompts
from hexdesk.core.model.principals import AgentRun, Member, Person, System
from hexdesk.core.model.tasks import Task
from hexdesk.core.policy.configuration import inherits_model
from hexdesk.core.policy.instructions import instructions
from hexdesk.core.policy.rights import Right, enabled_tools
from hexdesk.core.ports.agents import RunRequest
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.ports.tokens import Capabilities
from hexdesk.core.use_cases.configurations import Configurations
from hexdesk.core.use_cases.organizations import default_agent
from hexdesk.core.use_cases.standing import as_of_now

CAPABILITY_MARGIN_SECONDS = 60


class TaskRun(msgspec.Struct, frozen=True, kw_only=True):
    """An agent's run for a task: as what it acts, and what it is asked."""

    agent_run: AgentRun
    request: RunRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRequests:
    """Makes requests to the agent that a task names, or to the organization's default one."""

    storage: Storage
    clock: Clock
    capabilities: Capabilities
    configurations: Configurations
    prompts: Prompts
    tool_rights: Mapping[str, Right]

    async def of(self, task: Task, content: str = "") -> RunRequest:
        """Return a request without tools; raise `TaskFailedError` if the agent is not there."""
        async with self.storage.transaction(System(organization_id=task.organization_id)) as tx:
            return await self._request(tx, task, content)

    async def acting(self, task: Task, content: str) -> TaskRun:
        """Return a request with the tools that the agent has and the task's person may use.

        Tools that need a person's approval are left out: nobody is there to be asked. Raise
        `TaskFailedError` if the agent or the person may not act any more.
        """
        async with self.storage.transaction(System(organization_id=task.organization_id)) as tx:
            person = await self._person(tx, task)
            request = await self._request(tx, task, content)
        settings = request.settings
        enabled = enabled_tools(person, settings, self.tool_rights)
        agent_run = AgentRun(
            organization_id=task.organization_id,
            agent_id=request.agent_id,
            run_id=task.id,
            task_id=task.id,
            acts_for=person,
            tools=enabled - set(settings.require_approval),
        )
        lifetime = timedelta(seconds=settings.timeout_seconds + CAPABILITY_MARGIN_SECONDS)
        capability = self.capabilities.mint(agent_run, lifetime)
        return TaskRun(
            agent_run=agent_run,
            request=replace(request, tools=agent_run.tools, capability=capability),
        )

    async def _person(self, tx: Transaction, task: Task) -> Person:
        person = task.principal
        if isinstance(person, Member):
            person = await as_of_now(tx, person)
        if person is None or isinstance(person, System):
            raise TaskFailedError("nobody is there any more for whom the agent could act")
        return person

    async def _request(self, tx: Transaction, task: Task, content: str) -> RunRequest:
        organization = await tx.organizations.get()
        try:
            if task.agent_id is None:
                agent = await default_agent(tx, organization)
            else:
                agent = await tx.agents.get(task.agent_id)
        except NotFoundError as error:
            raise TaskFailedError("the agent is not there any more") from error
        if not agent.is_active:
            raise TaskFailedError("the agent is switched off")
        resolved = await self.configurations.of(tx, agent, organization)
        return RunRequest(
            run_id=task.id,
            agent_id=agent.id,
            settings=resolved.values,
            instructions=instructions(resolved.values, self.prompts),
            history=(),
            content=content,
            tools=frozenset(),
            capability="",
            inherits_model=inherits_model(resolved),
            streams=False,
        )
