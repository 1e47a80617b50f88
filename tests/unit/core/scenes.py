"""A desk on fakes with its fakes at hand, for the core's unit tests."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hexdesk.core.additions import Additions
from hexdesk.core.assembly import open_desk
from hexdesk.core.desk import Desk, Ports
from hexdesk.core.model.agents import AgentView
from hexdesk.core.model.ai_config import AIConfig
from hexdesk.core.model.audit import AuditEvent, AuditFilter
from hexdesk.core.model.chat import ChatResponse, Message, Run, RunEvent, Thread
from hexdesk.core.model.identity import Registration, Role, Tokens
from hexdesk.core.model.principals import AgentRun, Customer, Member, Origin, Person, Principal
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.testing import (
    CountingLimiter,
    MemoryBlobs,
    MemoryCache,
    MemoryEvents,
    MemoryExtraction,
    MemoryJournal,
    MemoryQueue,
    MemoryStorage,
    PlainCapabilities,
    PlainPasswords,
    PlainTokens,
    PlainVault,
    RecordingEgress,
    RecordingTelemetry,
    Script,
    ScriptedRunner,
    SteadyClock,
)
from hexdesk.core.testing.examples import ALL, a_message, a_run, a_thread
from hexdesk.core.use_cases.members import NewMember
from hexdesk.core.use_cases.threads import NewThread
from tests.unit.core.watched import WatchedStorage

PASSWORD = "correct horse battery"
HOME = Origin(ip="192.0.2.1", request_id="request-1")
AWAY = Origin(ip="198.51.100.7", request_id="request-2")
DEADLINE_SECONDS = 20

NOTHING = Additions()


@dataclass(frozen=True, kw_only=True)
class Fakes:
    """Every port of a desk; two desks on the same ones are two processes of an installation."""

    clock: SteadyClock
    memory: MemoryStorage
    storage: WatchedStorage
    cache: MemoryCache
    blobs: MemoryBlobs
    limiter: CountingLimiter
    egress: RecordingEgress
    passwords: PlainPasswords

    @classmethod
    def new(cls) -> "Fakes":
        """Make them."""
        clock = SteadyClock()
        memory = MemoryStorage(clock)
        return cls(
            clock=clock,
            memory=memory,
            storage=WatchedStorage(memory),
            cache=MemoryCache(clock),
            blobs=MemoryBlobs(),
            limiter=CountingLimiter(clock),
            egress=RecordingEgress(),
            passwords=PlainPasswords(),
        )

    def ports(self, **others: Any) -> Ports:
        """Return them as ports, with those that each process has for itself."""
        return Ports(
            storage=self.storage,
            clock=self.clock,
            passwords=self.passwords,
            access_tokens=PlainTokens(self.clock),
            capabilities=PlainCapabilities(self.clock),
            vault=PlainVault(),
            egress=self.egress,
            limiter=self.limiter,
            cache=self.cache,
            blobs=self.blobs,
            **others,
        )


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One process: a desk, and the fakes under it that tests look at or tell what to do."""

    fakes: Fakes
    runner: ScriptedRunner
    events: MemoryEvents
    journal: MemoryJournal
    telemetry: RecordingTelemetry
    queue: MemoryQueue
    extraction: MemoryExtraction
    desk: Desk

    @classmethod
    def of(
        cls,
        *scripts: Script,
        fakes: Fakes | None = None,
        settings: DeskSettings | None = None,
        ai_config: AIConfig | None = None,
        additions: Additions = NOTHING,
        **others: Any,
    ) -> "Scene":
        """Open a desk whose model answers by the scripts; `others` are further ports."""
        fakes = fakes or Fakes.new()
        runner, events, journal = ScriptedRunner(*scripts), MemoryEvents(), MemoryJournal()
        telemetry, queue, extraction = RecordingTelemetry(), MemoryQueue(), MemoryExtraction()
        desk = open_desk(
            fakes.ports(
                runner=runner,
                journal=journal,
                events=events,
                telemetry=telemetry,
                queue=queue,
                extraction=extraction,
                ai_config=ai_config or AIConfig(),
                settings=settings or DeskSettings(),
                **others,
            ),
            additions=additions,
        )
        return cls(
            fakes=fakes,
            runner=runner,
            events=events,
            journal=journal,
            telemetry=telemetry,
            queue=queue,
            extraction=extraction,
            desk=desk,
        )

    @property
    def clock(self) -> SteadyClock:
        """The clock of all processes."""
        return self.fakes.clock

    @property
    def storage(self) -> WatchedStorage:
        """The storage of all processes."""
        return self.fakes.storage

    @property
    def is_down(self) -> bool:
        """Whether the storage cannot be reached."""
        return self.fakes.memory.is_down

    async def break_storage(self) -> None:
        """Take the storage away."""
        self.fakes.memory.is_down = True

    async def mend_storage(self) -> None:
        """Give the storage back."""
        self.fakes.memory.is_down = False

    async def sign_up(self, email: str = "ada@example.com", name: str = "Acme") -> Tokens:
        """Register an organization."""
        wish = Registration(organization_name=name, email=email, password=PASSWORD)
        return await self.desk.identity.register(wish, HOME)

    async def founder(self, email: str = "ada@example.com", name: str = "Acme") -> Member:
        """Register an organization and return its admin, signed in."""
        return await self.who(await self.sign_up(email, name))

    async def who(self, tokens: Tokens) -> Member:
        """Return whose access token it is."""
        return await self.desk.identity.authenticate(tokens.access_token, HOME)

    async def member(
        self, admin: Member, email: str = "bob@example.com", role: Role = Role.USER
    ) -> Member:
        """Add a member and return it, signed in."""
        wish = NewMember(email=email, password=PASSWORD, role=role)
        await self.desk.identity.add_member(admin, wish)
        tokens, _ = await self.desk.identity.sign_in(email, PASSWORD, HOME)
        return await self.who(tokens)

    async def agent(self, who: Member) -> AgentView:
        """Return the organization's oldest agent."""
        return (await self.desk.agents.list(who, replace(ALL, sort="created_at"))).data[0]

    async def thread(self, who: Person, **fields: Any) -> Thread:
        """Begin a conversation."""
        return await self.desk.chat.start_thread(who, NewThread(**fields))

    async def ask(self, who: Person, thread: Thread, text: str = "Hello?") -> ChatResponse:
        """Send a message and return its answer."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            run = await self.desk.chat.send_message(who, thread.id, text)
            return await self.desk.chat.await_answer(who, run)

    async def follow(self, who: Person, run: Run, after: int = 0) -> list[RunEvent]:
        """Return the events of a run with a greater id, to the last one."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            events = await self.desk.chat.follow_run(who, run.thread_id, run.id, after)
            return [event async for event in events]

    async def settle(self, run: Run) -> None:
        """Wait until this process is done with a run."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            await self.desk.run_desk.ended(run.id)

    async def messages(self, who: Person, thread: Thread) -> tuple[Message, ...]:
        """Return what was said, oldest first."""
        part = replace(ALL, sort="created_at")
        return (await self.desk.chat.list_messages(who, thread.id, part)).data

    async def stored_run(self, who: Principal, run_id: UUID) -> Run:
        """Return a run as it is stored."""
        async with self.fakes.memory.transaction(who) as tx:
            return await tx.runs.get(run_id)

    async def agent_run(
        self, person: Person, *tools: str, needs_approval: frozenset[str] = frozenset()
    ) -> AgentRun:
        """Store a run of the oldest agent, for the person, and return it as a principal."""
        async with self.fakes.memory.transaction(person) as tx:
            agent = (await tx.agents.all())[0]
            thread = a_thread(agent, user_id=person.user_id if isinstance(person, Member) else None)
            message = a_message(thread.id)
            member = Member(
                organization_id=person.organization_id, user_id=agent.id, role=Role.USER
            )
            run = a_run(thread, message, member, principal=person)
            await tx.threads.add(thread)
            await tx.messages.add(message)
            await tx.runs.begin(run)
        return AgentRun(
            organization_id=person.organization_id,
            agent_id=agent.id,
            run_id=run.id,
            acts_for=person,
            thread_id=thread.id,
            tools=frozenset(tools),
            needs_approval=needs_approval,
        )

    async def audited(self, admin: Member, action: str) -> tuple[AuditEvent, ...]:
        """Return the audit's events of one kind, oldest first."""
        part = replace(ALL, sort="created_at")
        return (await self.desk.list_audit_events(admin, AuditFilter(action=action), part)).data


def customer_of(member: Member, email: str | None = None, **fields: Any) -> Customer:
    """Return a customer of the member's organization; one with an address is verified."""
    made = Customer(
        organization_id=member.organization_id,
        customer_id="U1",
        email=email,
        is_verified=email is not None,
    )
    return replace(made, **fields)


def text_of(events: Sequence[RunEvent]) -> str:
    """Return the concatenated deltas of a stream."""
    deltas = (event for event in events if event.type == "text.delta")
    return "".join(msgspec.json.decode(event.data)["text"] for event in deltas)
