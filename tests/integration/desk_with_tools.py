"""A desk in memory with the real things around it: tokens, tool server, tool client, runner."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from dataclasses import replace as replace_ports
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from msgspec.structs import replace

from hexdesk.adapters.agents.pydantic_ai import ModelShelf, PydanticAIRunner
from hexdesk.adapters.tokens.jwt import JwtAccessTokens, JwtCapabilities
from hexdesk.adapters.tokens.signing_keys import SigningKeys
from hexdesk.adapters.tools.mcp_client import Breaker, McpToolAccess, within_process
from hexdesk.adapters.tools.mcp_client.transports import Transport
from hexdesk.adapters.tools.mcp_server import CallerVerifier, create_tool_server
from hexdesk.core.assembly import open_desk
from hexdesk.core.desk import Desk, Ports
from hexdesk.core.model.ai_config import AIConfig
from hexdesk.core.model.audit import AuditEvent, AuditFilter, Outcome
from hexdesk.core.model.identity import Registration, Role
from hexdesk.core.model.principals import AgentRun, Customer, Member, Origin
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.model.tickets import Ticket, TicketFilter
from hexdesk.core.ports.agents import AgentRunner
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.health import Probe
from hexdesk.core.testing import (
    MemoryBlobs,
    MemoryCache,
    MemoryEvents,
    MemoryExtraction,
    MemoryJournal,
    MemoryQueue,
    MemoryStorage,
    PlainPasswords,
    PlainVault,
    RecordingEgress,
    RecordingTelemetry,
    ScriptedServers,
    SteadyClock,
    UnlimitedLimiter,
    examples,
)
from hexdesk.core.use_cases.announcing import AnnouncingStorage
from hexdesk.core.use_cases.members import NewMember
from hexdesk.core.use_cases.sessions import Authenticate
from hexdesk.core.use_cases.tickets import NewTicket

API_URL = "http://127.0.0.1:8000"
MCP_URL = "http://127.0.0.1:8001/mcp"
SECRET = "a secret of more than forty characters for tests"
PASSWORD = "correct horse battery"
T = TypeVar("T")
HOUR = timedelta(hours=1)
ANYBODY = Member(organization_id=UUID(int=0), user_id=UUID(int=0), role=Role.USER)


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """A member with the access token of a session."""

    who: Member
    token: str


@dataclass(frozen=True, kw_only=True)
class ToolDesk:
    """The desk, and what a test wants to reach of its surroundings."""

    desk: Desk
    verifier: CallerVerifier
    within_process: Transport
    access: McpToolAccess

    @property
    def clock(self) -> SteadyClock:
        """The desk's clock, which stands still."""
        return _known(self.desk.ports.clock, SteadyClock)

    @property
    def storage(self) -> MemoryStorage:
        """The desk's storage."""
        announcing = _known(self.desk.ports.storage, AnnouncingStorage)
        return _known(announcing.storage, MemoryStorage)

    @property
    def servers(self) -> ScriptedServers:
        """The attached servers."""
        return _known(self.desk.ports.attached_servers, ScriptedServers)

    @property
    def telemetry(self) -> RecordingTelemetry:
        """What the desk told of its calls."""
        return _known(self.desk.ports.telemetry, RecordingTelemetry)

    async def register(self, name: str = "Acme") -> SignedIn:
        """Found an organization and return its admin."""
        email = f"{name.lower()}@example.com"
        wish = Registration(organization_name=name, email=email, password=PASSWORD)
        tokens = await self.desk.identity.register(wish, Origin())
        return await self._signed_in(tokens.access_token)

    async def add_user(self, admin: SignedIn, name: str = "ben") -> SignedIn:
        """Take a member of role `user` into the admin's organization."""
        email = f"{name}-{admin.who.user_id.hex}@example.com"
        wish = NewMember(email=email, password=PASSWORD, role=Role.USER)
        await self.desk.identity.add_member(admin.who, wish)
        tokens, _ = await self.desk.identity.sign_in(email, PASSWORD, Origin())
        return await self._signed_in(tokens.access_token)

    async def run_of(self, who: Member | Customer, *tools: str, **changes: Any) -> AgentRun:
        """Begin a run of the organization's agent that may call these tools."""
        async with self.storage.transaction(who) as transaction:
            agent = (await transaction.agents.all())[0]
            user_id = who.user_id if isinstance(who, Member) else None
            thread = examples.a_thread(agent, user_id=user_id)
            message = examples.a_message(thread.id, user_id=user_id)
            run = examples.a_run(thread, message, ANYBODY, principal=who)
            await transaction.threads.add(thread)
            await transaction.messages.add(message)
            await transaction.runs.begin(run)
        made = AgentRun(
            organization_id=who.organization_id,
            agent_id=agent.id,
            run_id=run.id,
            acts_for=who,
            thread_id=thread.id,
            tools=frozenset(tools),
        )
        return replace(made, **changes)

    def capability(self, run: AgentRun, lifetime: timedelta = HOUR) -> str:
        """Return what proves to the tool server what the run may do."""
        return self.desk.ports.capabilities.mint(run, lifetime)

    async def add_ticket(self, who: Member, title: str = "Login fails", **fields: Any) -> Ticket:
        """Open a ticket."""
        return await self.desk.tickets.create(who, NewTicket(title=title, **fields))

    async def tickets(self, who: Member) -> tuple[Ticket, ...]:
        """Return all tickets of the organization."""
        return (await self.desk.tickets.list(who, TicketFilter(), examples.ALL)).data

    async def refusals(self, admin: SignedIn) -> tuple[AuditEvent, ...]:
        """Return the refused tool calls that the audit knows."""
        wanted = AuditFilter(action="tool.refused", outcome=Outcome.DENIED)
        return (await self.desk.list_audit_events(admin.who, wanted, examples.ALL)).data

    async def _signed_in(self, token: str) -> SignedIn:
        return SignedIn(who=await self.desk.identity.authenticate(token, Origin()), token=token)


@asynccontextmanager
async def tool_desk(
    shelf: ModelShelf | None = None,
    *,
    ai_config: AIConfig | None = None,
    settings: DeskSettings | None = None,
    probes: Sequence[Probe] = (),
) -> AsyncGenerator[ToolDesk]:
    """Open a desk whose agents reach the tool server in this process; its runs end with it."""
    shelf = shelf or ModelShelf()
    access = McpToolAccess(timeout_seconds=10, breaker=Breaker())
    ports = replace_ports(
        _ports(PydanticAIRunner(shelf=shelf, tools=access)),
        ai_config=ai_config or AIConfig(),
        settings=settings or DeskSettings(),
        probes=probes,
    )
    desk = open_desk(ports)
    tokens = _access_tokens(ports.clock, MCP_URL)
    verifier = CallerVerifier(
        ports.capabilities, Authenticate(storage=ports.storage, access_tokens=tokens)
    )
    transport = within_process(create_tool_server(desk), verifier)
    access.reach_by(transport)
    async with access.running(), aclosing(shelf):
        yield ToolDesk(desk=desk, verifier=verifier, within_process=transport, access=access)
        await desk.run_desk.drain(5)


def _ports(runner: AgentRunner) -> Ports:
    clock = SteadyClock()
    return Ports(
        storage=MemoryStorage(clock),
        clock=clock,
        passwords=PlainPasswords(),
        access_tokens=_access_tokens(clock, API_URL),
        capabilities=JwtCapabilities(SigningKeys(SECRET), clock, api_url=API_URL, mcp_url=MCP_URL),
        vault=PlainVault(),
        egress=RecordingEgress(),
        attached_servers=ScriptedServers(),
        limiter=UnlimitedLimiter(),
        cache=MemoryCache(clock),
        journal=MemoryJournal(),
        events=MemoryEvents(),
        telemetry=RecordingTelemetry(),
        runner=runner,
        queue=MemoryQueue(),
        blobs=MemoryBlobs(),
        extraction=MemoryExtraction(),
    )


def _access_tokens(clock: Clock, audience: str) -> JwtAccessTokens:
    return JwtAccessTokens(
        SigningKeys(SECRET), clock, api_url=API_URL, mcp_url=MCP_URL, audience=audience
    )


def _known(port: object, kind: type[T]) -> T:
    assert isinstance(port, kind)
    return port
