"""Values for tests: each function makes one, with what the test does not care about filled in."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hexdesk.core.model.agents import (
    Agent,
    AgentAction,
    AgentHistory,
    AgentSettings,
    HistoryAction,
    ToolUseStatus,
)
from hexdesk.core.model.audit import ActorType, AuditEvent, FailedSignIn, Outcome
from hexdesk.core.model.chat import ChatResponse, Message, MessageRole, Run, RunEvent, Thread
from hexdesk.core.model.idempotency import IdempotencyKey, KeptAnswer
from hexdesk.core.model.identity import ApiKey, Organization, RefreshToken, Role, Session, User
from hexdesk.core.model.integrations import Integration
from hexdesk.core.model.listing import Slice
from hexdesk.core.model.principals import Member
from hexdesk.core.model.tickets import AuthorType, Comment, Ticket
from hexdesk.core.testing.steady import NOON, SteadyClock

LONG_AGO = NOON.replace(year=2000)
FAR_AHEAD = NOON.replace(year=2100)
ALL = Slice(limit=200)
BY_RANK = Slice(limit=200, sort=None)

_clock = SteadyClock()


def new_id() -> UUID:
    """Return an id that no other example has."""
    return _clock.new_id()


def an_organization(**changes: Any) -> Organization:
    """Return an organization."""
    key = new_id()
    made = Organization(id=key, name="Acme", slug=f"acme-{key.hex}", created_at=NOON)
    return replace(made, **changes)


def a_user(organization_id: UUID, **changes: Any) -> User:
    """Return a member."""
    key = new_id()
    made = User(
        id=key,
        organization_id=organization_id,
        email=f"ada-{key.hex}@example.com",
        full_name="Ada Lovelace",
        role=Role.ADMIN,
        created_at=NOON,
    )
    return replace(made, **changes)


def a_member(user: User, **changes: Any) -> Member:
    """Return the principal for a member."""
    made = Member(organization_id=user.organization_id, user_id=user.id, role=user.role)
    return replace(made, **changes)


def a_session(user_id: UUID, **changes: Any) -> Session:
    """Return a session."""
    return replace(
        Session(id=new_id(), user_id=user_id, ip="192.0.2.1", created_at=NOON), **changes
    )


def a_refresh_token(session_id: UUID, **changes: Any) -> RefreshToken:
    """Return a refresh token."""
    key = new_id()
    made = RefreshToken(
        id=key,
        session_id=session_id,
        token_hash=key.bytes * 2,
        created_at=NOON,
        expires_at=FAR_AHEAD,
    )
    return replace(made, **changes)


def an_api_key(user_id: UUID, **changes: Any) -> ApiKey:
    """Return an API key."""
    made = ApiKey(id=new_id(), name="reports", prefix="hxd_abcd", user_id=user_id, created_at=NOON)
    return replace(made, **changes)


def an_agent(organization_id: UUID, **changes: Any) -> Agent:
    """Return an agent."""
    made = Agent(id=new_id(), organization_id=organization_id, created_at=NOON, updated_at=NOON)
    return replace(made, **changes)


def an_agent_change(agent_id: UUID, **changes: Any) -> AgentHistory:
    """Return a change of an agent."""
    made = AgentHistory(
        id=new_id(),
        agent_id=agent_id,
        changed_by_id=None,
        action=HistoryAction.UPDATED,
        before={"name": "Old"},
        after={"name": "New"},
        created_at=NOON,
    )
    return replace(made, **changes)


def an_action(agent_id: UUID, **changes: Any) -> AgentAction:
    """Return a tool call of an agent."""
    made = AgentAction(
        id=new_id(),
        agent_id=agent_id,
        run_id=new_id(),
        call_id="call-1",
        thread_id=None,
        task_id=None,
        user_id=None,
        tool="create_ticket",
        arguments={"title": "Login fails"},
        status=ToolUseStatus.OK,
        error=None,
        duration_ms=12.5,
        created_at=NOON,
    )
    return replace(made, **changes)


def a_thread(agent: Agent, **changes: Any) -> Thread:
    """Return a thread."""
    made = Thread(
        id=new_id(),
        organization_id=agent.organization_id,
        agent_id=agent.id,
        user_id=None,
        created_at=NOON,
        updated_at=NOON,
    )
    return replace(made, **changes)


def a_message(thread_id: UUID, **changes: Any) -> Message:
    """Return a message."""
    made = Message(
        id=new_id(),
        thread_id=thread_id,
        role=MessageRole.USER,
        content="My login fails.",
        created_at=NOON,
    )
    return replace(made, **changes)


def a_run(thread: Thread, message: Message, who: Member, **changes: Any) -> Run:
    """Return a run whose lease is held."""
    made = Run(
        id=new_id(),
        thread_id=thread.id,
        agent_id=thread.agent_id,
        user_message_id=message.id,
        principal=who,
        settings=AgentSettings(),
        lease_token=new_id(),
        lease_until=FAR_AHEAD,
        created_at=NOON,
    )
    return replace(made, **changes)


def a_response(run: Run, message: Message, **changes: Any) -> ChatResponse:
    """Return the response that ends a run."""
    answer = a_message(
        run.thread_id, run_id=run.id, role=MessageRole.ASSISTANT, content="I opened a ticket."
    )
    made = ChatResponse(
        thread_id=run.thread_id,
        run_id=run.id,
        user_message=message,
        message=answer,
        response_time_ms=1500.5,
        model="scripted",
    )
    return replace(made, **changes)


def an_event(event_id: int, text: str = "Hello") -> RunEvent:
    """Return an event of a run's stream."""
    data = msgspec.Raw(msgspec.json.encode({"text": text}))
    return RunEvent(id=event_id, type="text.delta", data=data)


def a_ticket(organization_id: UUID, **changes: Any) -> Ticket:
    """Return a ticket; storage gives it its number."""
    made = Ticket(
        id=new_id(),
        number=0,
        organization_id=organization_id,
        title="Login fails",
        created_at=NOON,
        updated_at=NOON,
    )
    return replace(made, **changes)


def a_comment(ticket_id: UUID, **changes: Any) -> Comment:
    """Return a comment."""
    made = Comment(
        id=new_id(),
        ticket_id=ticket_id,
        author_id=None,
        author_type=AuthorType.USER,
        body="Looking into it.",
        created_at=NOON,
    )
    return replace(made, **changes)


def an_integration(**changes: Any) -> Integration:
    """Return an integration."""
    made = Integration(
        id=new_id(),
        type="webhook",
        name="Alerts",
        config={"url": "https://example.com/hook", "events": ["ticket.created"]},
        created_at=NOON,
    )
    return replace(made, **changes)


def an_audit_event(organization_id: UUID, **changes: Any) -> AuditEvent:
    """Return an audit event."""
    made = AuditEvent(
        id=new_id(),
        organization_id=organization_id,
        actor_type=ActorType.USER,
        actor_id=new_id(),
        action="agent.updated",
        target_type="agent",
        target_id=new_id(),
        outcome=Outcome.SUCCESS,
        ip="192.0.2.1",
        request_id="request-1",
        data={"fields": ["name"]},
        created_at=NOON,
    )
    return replace(made, **changes)


def a_failed_sign_in(**changes: Any) -> FailedSignIn:
    """Return a failed sign-in that belongs to nobody."""
    made = FailedSignIn(
        id=new_id(), email_hash=b"h" * 32, ip="192.0.2.1", request_id=None, created_at=NOON
    )
    return replace(made, **changes)


def an_idempotency_key(**changes: Any) -> IdempotencyKey:
    """Return an idempotency key."""
    made = IdempotencyKey(
        caller=f"user:{new_id()}",
        method="POST",
        path="/api/v1/tickets",
        key="once",
        body_hash=b"b" * 32,
    )
    return replace(made, **changes)


def a_kept_answer(**changes: Any) -> KeptAnswer:
    """Return an answer to keep."""
    made = KeptAnswer(
        body_hash=b"b" * 32,
        status=201,
        headers={"Content-Type": "application/json"},
        body=b'{"number": 1}',
        created_at=NOON,
    )
    return replace(made, **changes)


def later(seconds: float) -> datetime:
    """Return a time so many seconds after the one at which examples are made."""
    return NOON + timedelta(seconds=seconds)
