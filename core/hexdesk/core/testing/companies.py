"""Whole organizations for tests, made through the storage port."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import msgspec

from hexdesk.core.model.agents import Agent, AgentAction, AgentHistory
from hexdesk.core.model.approvals import HeldCall
from hexdesk.core.model.audit import AuditEvent
from hexdesk.core.model.chat import Message, Run, Thread
from hexdesk.core.model.documents import Section
from hexdesk.core.model.files import File, FileStatus
from hexdesk.core.model.idempotency import IdempotencyKey, KeptAnswer
from hexdesk.core.model.identity import ApiKey, Organization, RefreshToken, Session, User
from hexdesk.core.model.integrations import Integration
from hexdesk.core.model.knowledge import Passage, PassageVector
from hexdesk.core.model.principals import Member
from hexdesk.core.model.tasks import Task, TaskStatus
from hexdesk.core.model.tickets import Comment, Ticket
from hexdesk.core.model.webhooks import Delivery
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.testing import examples
from hexdesk.core.testing.approval_examples import a_held_call
from hexdesk.core.testing.channel_examples import Correspondence
from hexdesk.core.testing.example_tasks import a_task
from hexdesk.core.testing.example_webhooks import a_delivery
from hexdesk.core.testing.file_examples import a_file


@dataclass(frozen=True, kw_only=True)
class Company:
    """An organization with its first admin."""

    storage: Storage
    organization: Organization
    admin: User
    who: Member

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction for the admin."""
        return self.storage.transaction(self.who)


async def a_company(storage: Storage) -> Company:
    """Store a new organization with an admin."""
    organization = examples.an_organization()
    admin = examples.a_user(organization.id)
    company = Company(
        storage=storage, organization=organization, admin=admin, who=examples.a_member(admin)
    )
    async with company.transaction() as transaction:
        await transaction.organizations.add(organization)
        await transaction.users.add(admin, "hash of the admin's password")
    return company


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """A thread in which an agent is at work on a message."""

    agent: Agent
    thread: Thread
    message: Message
    run: Run

    @classmethod
    def of(cls, who: Member) -> "Conversation":
        """Make the values; nothing is stored."""
        agent = examples.an_agent(who.organization_id)
        thread = examples.a_thread(agent, user_id=who.user_id)
        message = examples.a_message(thread.id, user_id=who.user_id)
        run = examples.a_run(thread, message, who)
        return cls(agent=agent, thread=thread, message=message, run=run)

    async def store(self, transaction: Transaction) -> None:
        """Store all of it."""
        await transaction.agents.add(self.agent)
        await transaction.threads.add(self.thread)
        await transaction.messages.add(self.message)
        await transaction.runs.begin(self.run)


async def a_conversation(company: Company) -> Conversation:
    """Store a conversation between the admin and a new agent."""
    conversation = Conversation.of(company.who)
    async with company.transaction() as transaction:
        await conversation.store(transaction)
    return conversation


async def added(company: Company, *tickets: Ticket) -> list[Ticket]:
    """Store tickets and return them with their numbers."""
    async with company.transaction() as transaction:
        return [await transaction.tickets.add(ticket) for ticket in tickets]


class Belongings(msgspec.Struct, frozen=True, kw_only=True):
    """One of everything that an organization can have."""

    organization: Organization
    user: User
    session: Session
    refresh_token: RefreshToken
    api_key: ApiKey
    conversation: Conversation
    change: AgentHistory
    action: AgentAction
    held_call: HeldCall
    ticket: Ticket
    comment: Comment
    integration: Integration
    delivery: Delivery
    correspondence: Correspondence
    audit_event: AuditEvent
    idempotency_key: IdempotencyKey
    kept_answer: KeptAnswer
    file: File
    task: Task

    @classmethod
    def of(cls, organization: Organization, user: User) -> "Belongings":
        """Make the values; nothing is stored."""
        conversation = Conversation.of(examples.a_member(user))
        session = examples.a_session(user.id)
        ticket = examples.a_ticket(organization.id, number=1)
        integration = examples.an_integration()
        return cls(
            organization=organization,
            user=user,
            session=session,
            refresh_token=examples.a_refresh_token(session.id),
            api_key=examples.an_api_key(user.id),
            conversation=conversation,
            change=examples.an_agent_change(conversation.agent.id),
            action=examples.an_action(conversation.agent.id, run_id=conversation.run.id),
            held_call=a_held_call(conversation.run),
            ticket=ticket,
            comment=examples.a_comment(ticket.id),
            integration=integration,
            delivery=a_delivery(integration.id),
            correspondence=Correspondence.of(integration.id, conversation.thread.id),
            audit_event=examples.an_audit_event(organization.id),
            idempotency_key=examples.an_idempotency_key(),
            kept_answer=examples.a_kept_answer(),
            file=a_file(uploaded_by_id=user.id, status=FileStatus.READY),
            task=a_task(
                organization.id,
                agent_id=conversation.agent.id,
                created_by_id=user.id,
                lease_token=examples.new_id(),
                lease_until=examples.FAR_AHEAD,
                status=TaskStatus.RUNNING,
                dedupe_key="nightly",
            ),
        )

    async def store(self, transaction: Transaction) -> None:
        """Store all but the organization and the user."""
        await transaction.sessions.add(self.session)
        await transaction.refresh_tokens.add(self.refresh_token)
        await transaction.api_keys.add(self.api_key, self.api_key.id.bytes)
        await transaction.api_keys.active_owner(self.api_key.id)
        await self.conversation.store(transaction)
        run_id = self.conversation.run.id
        await transaction.event_log.add(run_id, [examples.an_event(1)])
        await transaction.tool_calls.claim(run_id, "call-1", "create_ticket")
        await transaction.tool_calls.keep(run_id, "call-1", b"result")
        await transaction.agent_log.add_history(self.change)
        await transaction.agent_log.add_actions([self.action])
        await transaction.approvals.add(self.held_call)
        await transaction.tickets.add(self.ticket)
        await transaction.comments.add(self.comment)
        await transaction.integrations.add(self.integration)
        await transaction.deliveries.add(self.delivery)
        await self.correspondence.store(transaction)
        await transaction.audit.add(self.audit_event, once_key=str(self.audit_event.id))
        kept = self.kept_answer
        await transaction.idempotency_keys.keep(self.idempotency_key, kept, examples.LONG_AGO)
        await self._store_file(transaction)
        await transaction.tasks.add(self.task)

    async def _store_file(self, transaction: Transaction) -> None:
        await transaction.files.add(self.file)
        await transaction.file_texts.replace(self.file.id, [Section(text="Press F1.", page=1)])
        await transaction.agent_files.link(self.conversation.agent.id, self.file.id)
        passage = Passage(file_id=self.file.id, position=0, page=1, text="Press F1.")
        await transaction.passages.replace(self.file.id, [passage])
        vector = PassageVector(position=0, vector=(0.6, 0.8))
        await transaction.passages.put_vectors(self.file.id, "words/2", [vector])
