"""Finding the conversation that a channel's message belongs to, or beginning one."""

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from hexdesk.core.errors import ConflictError
from hexdesk.core.model.channels import InboundMessage, Sender
from hexdesk.core.model.chat import CUSTOMER_ID, Thread
from hexdesk.core.model.conversations import ChannelConversation, KeptInbound
from hexdesk.core.model.principals import System
from hexdesk.core.model.tickets import Ticket
from hexdesk.core.model.webhooks import EventType
from hexdesk.core.policy.channels import (
    UNVERIFIED,
    customer_of,
    description_of,
    name_of_conversation,
    name_of_message,
    names_to_find,
    title_of,
)
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.use_cases.organizations import default_agent
from hexdesk.core.use_cases.outbox import Outbox

RACE = "somebody else has begun this conversation at this moment"


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinConversation:
    """Finds or begins the thread that a channel's message belongs to, once.

    A conversation is one customer's. Whoever proves nothing about themselves begins a new one with
    every message, which the desk makes a ticket of: what was said before is shown to nobody who
    merely claims to have said it.
    """

    storage: Storage
    clock: Clock
    outbox: Outbox

    async def __call__(
        self, who: System, inbound: KeptInbound, message: InboundMessage, sender: Sender
    ) -> ChannelConversation | None:
        """Return the conversation; the message is its newest.

        None if it was said to nobody in particular, and goes on with nothing. Raise
        `ConflictError` if another message has begun the same conversation at this moment.
        """
        async with self.storage.transaction(who) as tx:
            # Whoever does the same task at the same time waits here, and then finds it done.
            inbound = await tx.inbounds.get(inbound.id, lock=True)
            thread_id = inbound.thread_id
            known = await tx.channel_conversations.of_thread(thread_id) if thread_id else None
            if known:
                return known
            found = await self._found(tx, inbound, message, sender)
            if found is None and not message.is_addressed:
                return None
            if found is None:
                found = await self._begin(tx, who, inbound, message, sender)
            names = [name_of_message(sender, message.message_id)] if sender.is_verified else []
            await tx.channel_conversations.name(found, names)
            await tx.inbounds.update(replace(inbound, thread_id=found.thread_id))
        return found

    async def _found(
        self, tx: Transaction, inbound: KeptInbound, message: InboundMessage, sender: Sender
    ) -> ChannelConversation | None:
        if not sender.is_verified:
            return None
        names = names_to_find(sender, message)
        known = await tx.channel_conversations.find(inbound.integration_id, names)
        found = known and await tx.channel_conversations.of_thread(known.thread_id, lock=True)
        if found is None:
            return None
        after = replace(
            found,
            reply_to=message.message_id,
            hints=message.hints,
            updated_at=self.clock.now(),
        )
        await tx.channel_conversations.update(after)
        return after

    async def _begin(
        self,
        tx: Transaction,
        who: System,
        inbound: KeptInbound,
        message: InboundMessage,
        sender: Sender,
    ) -> ChannelConversation:
        thread = await self._thread(tx, who, inbound, message, sender)
        made = ChannelConversation(
            id=self.clock.new_id(),
            integration_id=inbound.integration_id,
            channel=inbound.channel,
            thread_id=thread.id,
            conversation_key=message.conversation_key,
            recipient=sender,
            subject=message.subject,
            reply_to=message.message_id,
            hints=message.hints,
            created_at=thread.created_at,
            updated_at=thread.created_at,
        )
        await tx.channel_conversations.add(made)
        if sender.is_verified:
            names: Sequence[str] = [name_of_conversation(sender, message.conversation_key)]
            if not await tx.channel_conversations.name(made, names):
                raise ConflictError(RACE)
        elif message.automated is None:
            await self._open_ticket(tx, who, thread, message, sender)
        return made

    async def _thread(
        self,
        tx: Transaction,
        who: System,
        inbound: KeptInbound,
        message: InboundMessage,
        sender: Sender,
    ) -> Thread:
        now = self.clock.now()
        customer = customer_of(who.organization_id, inbound.channel, sender)
        known = {"name": sender.name, "email": sender.email, "is_verified": customer.is_verified}
        thread = Thread(
            id=self.clock.new_id(),
            organization_id=who.organization_id,
            agent_id=(await default_agent(tx, await tx.organizations.get())).id,
            user_id=None,
            title=title_of(message),
            channel=inbound.channel,
            metadata={CUSTOMER_ID: customer.customer_id, "customer": known},
            created_at=now,
            updated_at=now,
        )
        await tx.threads.add(thread)
        await self.outbox.tell(tx, who, EventType.THREAD_CREATED, thread)
        return thread

    async def _open_ticket(
        self,
        tx: Transaction,
        who: System,
        thread: Thread,
        message: InboundMessage,
        sender: Sender,
    ) -> None:
        # Not under the address that is claimed: whoever owns that would be shown it as their own.
        ticket = Ticket(
            id=self.clock.new_id(),
            number=0,
            organization_id=who.organization_id,
            title=title_of(message),
            description=description_of(message, sender),
            tags=(UNVERIFIED,),
            source=thread.channel,
            thread_id=thread.id,
            created_at=thread.created_at,
            updated_at=thread.created_at,
        )
        ticket = await tx.tickets.add(ticket)
        await self.outbox.tell(tx, who, EventType.TICKET_CREATED, ticket)
