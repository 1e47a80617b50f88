"""Where the tools of a plugin are tried: on a desk in memory, as members and agents call them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import msgspec

from hexdesk.core.additions import Additions
from hexdesk.core.assembly import open_desk
from hexdesk.core.desk import Desk, Ports
from hexdesk.core.errors import DeskError
from hexdesk.core.model.identity import Registration
from hexdesk.core.model.principals import AgentRun, Member, Origin
from hexdesk.core.model.tickets import Ticket, TicketFilter
from hexdesk.core.ports.egress import EgressAnswer
from hexdesk.core.ports.tools import ToolAnswer
from hexdesk.core.testing.examples import ALL, a_message, a_run, a_thread
from hexdesk.core.testing.memory_blobs import MemoryBlobs
from hexdesk.core.testing.memory_extraction import MemoryExtraction
from hexdesk.core.testing.memory_ports import (
    CountingLimiter,
    MemoryCache,
    MemoryEvents,
    MemoryJournal,
    RecordingTelemetry,
)
from hexdesk.core.testing.memory_queue import MemoryQueue
from hexdesk.core.testing.memory_storage import MemoryStorage
from hexdesk.core.testing.plain_secrets import (
    PlainCapabilities,
    PlainPasswords,
    PlainTokens,
    PlainVault,
)
from hexdesk.core.testing.recording_egress import RecordingEgress
from hexdesk.core.testing.scripted import ScriptedRunner
from hexdesk.core.testing.scripted_servers import ScriptedServers
from hexdesk.core.testing.steady import SteadyClock
from hexdesk.core.tools.tool import Tool
from hexdesk.core.use_cases.integration_types import IntegrationType
from hexdesk.core.use_cases.integrations import NewIntegration

PLUGIN = "plugin"
"""The name of the plugin that all of it is of."""


@dataclass(frozen=True, kw_only=True)
class ToolBench:
    """A desk with the tools, whose member calls them, and a record of what they call outside.

    `stranger` is a member of another organization, `secrets` are those of all connected systems.
    """

    desk: Desk
    storage: MemoryStorage
    egress: RecordingEgress
    member: Member
    stranger: Member
    types: Sequence[IntegrationType]
    secrets: list[str] = field(default_factory=list[str])

    @classmethod
    async def of(
        cls,
        tools: Sequence[Tool],
        *,
        settings: msgspec.Struct | None = None,
        types: Sequence[IntegrationType] = (),
        answers: Sequence[EgressAnswer | DeskError] = (),
    ) -> Self:
        """Open a desk with the tools; calls to the outside are answered by `answers` in turn."""
        clock, egress = SteadyClock(), RecordingEgress(*answers)
        storage = MemoryStorage(clock)
        additions = Additions(
            tools=tuple(replace(one, source=PLUGIN, settings=settings) for one in tools),
            integration_types=types,
            own_types={PLUGIN: frozenset(one.name for one in types)},
        )
        desk = open_desk(_ports(clock, storage, egress), additions=additions)
        member, stranger = [await _founder(desk, name) for name in ("Acme", "Bolt")]
        return cls(
            desk=desk, storage=storage, egress=egress, member=member, stranger=stranger, types=types
        )

    async def connect(self, type_name: str, **config: Any) -> None:
        """Connect a system of one of the plugin's types."""
        kinds = {one.name: one for one in self.types}
        self.secrets.extend(str(config[name]) for name in kinds[type_name].secrets & set(config))
        wish = NewIntegration(type=type_name, name=type_name, config=config)
        await self.desk.integrations.add(self.member, wish)

    async def call(self, name: str, **arguments: Any) -> ToolAnswer:
        """Call a tool as a member does, and return what is answered."""
        return await self.desk.call_tool(self.member, name, arguments)

    async def call_as_stranger(self, name: str, **arguments: Any) -> ToolAnswer:
        """Call a tool as a member of another organization, which has connected nothing."""
        return await self.desk.call_tool(self.stranger, name, arguments)

    async def run(self, *tools: str) -> AgentRun:
        """Begin a run of an agent that works for the member and has the tools."""
        async with self.storage.transaction(self.member) as tx:
            agent = (await tx.agents.all())[0]
            thread = a_thread(agent, user_id=self.member.user_id)
            message = a_message(thread.id)
            run = a_run(thread, message, self.member, principal=self.member)
            await tx.threads.add(thread)
            await tx.messages.add(message)
            await tx.runs.begin(run)
        return AgentRun(
            organization_id=self.member.organization_id,
            agent_id=agent.id,
            run_id=run.id,
            acts_for=self.member,
            thread_id=thread.id,
            tools=frozenset(tools),
        )

    async def call_in(
        self, run: AgentRun, name: str, *, call_id: str = "1", **arguments: Any
    ) -> ToolAnswer:
        """Call a tool as an agent does; a run that goes on after a crash repeats a call's id."""
        return await self.desk.call_tool(run, name, arguments, call_id=call_id)

    async def tickets(self) -> Sequence[Ticket]:
        """Return the organization's tickets as they are now."""
        return (await self.desk.tickets.list(self.member, TicketFilter(), ALL)).data


async def _founder(desk: Desk, organization: str) -> Member:
    wish = Registration(
        organization_name=organization,
        email=f"ada@{organization.lower()}.example",
        password="correct horse battery",
    )
    tokens = await desk.identity.register(wish, Origin())
    return await desk.identity.authenticate(tokens.access_token, Origin())


def _ports(clock: SteadyClock, storage: MemoryStorage, egress: RecordingEgress) -> Ports:
    return Ports(
        storage=storage,
        clock=clock,
        passwords=PlainPasswords(),
        access_tokens=PlainTokens(clock),
        capabilities=PlainCapabilities(clock),
        vault=PlainVault(),
        egress=egress,
        limiter=CountingLimiter(clock),
        cache=MemoryCache(clock),
        journal=MemoryJournal(),
        events=MemoryEvents(),
        telemetry=RecordingTelemetry(),
        runner=ScriptedRunner(),
        queue=MemoryQueue(),
        blobs=MemoryBlobs(),
        extraction=MemoryExtraction(),
        attached_servers=ScriptedServers(),
    )
