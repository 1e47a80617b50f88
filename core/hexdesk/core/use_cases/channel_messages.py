"""Seeing to what came on a channel: who wrote, in which conversation, and who answers."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hexdesk.core.errors import (
    BusyError,
    ConflictError,
    EgressRefusedError,
    InvalidError,
    NotFoundError,
    UnavailableError,
    UndeliverableError,
)
from hexdesk.core.model.channels import InboundMessage, Sender
from hexdesk.core.model.chat import Run
from hexdesk.core.model.conversations import InboundStatus, KeptInbound
from hexdesk.core.model.idempotency import IdempotencyKey
from hexdesk.core.model.limits import Attempt, Rate
from hexdesk.core.model.principals import Customer, System
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.model.tasks import Endurance, Task
from hexdesk.core.policy.channels import content_of, customer_of
from hexdesk.core.policy.rights import Right
from hexdesk.core.ports.channels import Channel, Connection, Streaming
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.limits import RateLimiter
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.use_cases.channel_conversations import JoinConversation
from hexdesk.core.use_cases.channel_decisions import DecideByChannel
from hexdesk.core.use_cases.channel_files import FetchFiles
from hexdesk.core.use_cases.channel_inbound import CHANNEL_MESSAGE, PRIORITY, ChannelMessageData
from hexdesk.core.use_cases.channel_streams import ShowAnswer
from hexdesk.core.use_cases.channel_type import Channels
from hexdesk.core.use_cases.send_message import (
    AnsweredBeforeError,
    ChannelMessage,
    SendMessage,
)
from hexdesk.core.use_cases.task_types import TaskEnd, TaskType, TaskWork

log = logging.getLogger("hexdesk.channels")
HOUR_SECONDS = 3600
SOON, LATER = timedelta(seconds=1), timedelta(minutes=1)
NOT_ADDRESSED = "it was said to nobody in particular"
LOOPING = "there were too many messages within an hour: it was not answered"
FORGOTTEN = TaskEnd(result={"status": "forgotten"})
"""Of a message whose conversation or connection was removed meanwhile."""
OPEN = frozenset({InboundStatus.PENDING, InboundStatus.FAILED})
"""What is still to be seen to: a task that is begun anew begins what had failed anew."""


@dataclass(frozen=True, kw_only=True)
class AnswerChannelMessage(TaskType):
    """See to a message or a decision that came on a channel, once however often it is tried.

    The agent's answer is not waited for: its run belongs to the desk, and goes out from there, or
    is shown by the desk while it is made.
    """

    storage: Storage
    clock: Clock
    limiter: RateLimiter
    channels: Channels
    join: JoinConversation
    fetch_files: FetchFiles
    send_message: SendMessage
    decide: DecideByChannel
    show: ShowAnswer
    settings: DeskSettings
    name: str = CHANNEL_MESSAGE
    data: type[msgspec.Struct] = ChannelMessageData
    right: Right | None = None
    endurance: Endurance = Endurance(time_limit=600, first_pause=2, longest_pause=60)
    priority: int = PRIORITY

    async def run(self, work: TaskWork) -> TaskEnd:
        who = System(organization_id=work.task.organization_id)
        try:
            async with self.storage.transaction(who) as tx:
                inbound = await tx.inbounds.get(work.data.inbound_id)
                integration = await tx.integrations.get(inbound.integration_id)
                is_first = await tx.inbounds.is_first(inbound)
                kept = await tx.channel_connections.get(inbound.integration_id)
        except NotFoundError:
            return FORGOTTEN
        if inbound.status not in OPEN:
            return TaskEnd(result={"status": inbound.status})
        is_loaded = inbound.channel in self.channels.types
        if not (is_loaded and is_first):
            # Another worker may have the plugin, or this one after its next start.
            return self._again(SOON if is_loaded else LATER)
        try:
            connection = self.channels.connection(who, integration, kept)
            return await self._see_to(work, connection, inbound)
        except ConflictError:
            return self._again()
        except NotFoundError:
            # The conversation was removed at this very moment.
            return FORGOTTEN

    async def give_up(self, tx: Transaction, task: Task) -> None:
        data = msgspec.convert(task.task_data, ChannelMessageData)
        try:
            inbound = await tx.inbounds.get(data.inbound_id, lock=True)
        except NotFoundError:
            return
        if inbound.status in OPEN:
            failed = replace(inbound, status=InboundStatus.FAILED, note=task.error)
            await tx.inbounds.update(failed)

    async def _see_to(
        self, work: TaskWork, connection: Connection, inbound: KeptInbound
    ) -> TaskEnd:
        channel, content = self.channels.of(inbound.channel).channel, inbound.content
        sender = await self._identified(work.task, channel, connection, content.sender)
        if isinstance(content, InboundMessage):
            return await self._take(work, channel, connection, (inbound, content, sender))
        who = System(organization_id=work.task.organization_id)
        became = await self.decide(who, channel.name, content, sender)
        return self._done(inbound, note=became)

    async def _identified(
        self, task: Task, channel: Channel, connection: Connection, sender: Sender
    ) -> Sender:
        """Return the sender as the other system knows them, or as they came if it will not say."""
        try:
            known = await channel.identify(sender, connection)
            return replace(known, external_id=sender.external_id)
        except (EgressRefusedError, InvalidError, UndeliverableError):
            return sender
        except UnavailableError:
            if task.attempts < task.max_attempts:
                raise
            return sender
        except Exception:
            # The edge to other people's code: the message counts, but its sender proves nothing.
            log.exception("sender not identified", extra={"channel": channel.name})
            return replace(sender, is_verified=False)

    async def _take(
        self,
        work: TaskWork,
        channel: Channel,
        connection: Connection,
        came: tuple[KeptInbound, InboundMessage, Sender],
    ) -> TaskEnd:
        inbound, message, sender = came
        task = work.task
        who = System(organization_id=task.organization_id)
        conversation = await self.join(who, inbound, message, sender)
        if conversation is None:
            return self._done(inbound, note=NOT_ADDRESSED)
        inbound = replace(inbound, thread_id=conversation.thread_id)
        async with self.storage.transaction(who) as tx:
            if await tx.runs.running_in(conversation.thread_id):
                # No place of the worker is taken while an earlier message is being answered.
                return self._again()
        attachments, notes = await self.fetch_files(
            channel, connection, message.files, is_last_try=task.attempts >= task.max_attempts
        )
        customer = customer_of(who.organization_id, inbound.channel, sender)
        reason = message.automated or await self._too_much(inbound, customer)
        said = ChannelMessage(
            content=content_of(message, notes),
            attachments=attachments,
            is_answered=reason is None,
        )

        def show(run: Run) -> None:
            self.show(run, channel, connection, conversation)

        is_followed = isinstance(channel, Streaming)
        sent = await self._send(inbound, customer, said, show, is_followed=is_followed)
        return self._done(replace(inbound, message_id=sent), note=reason)

    async def _too_much(self, inbound: KeptInbound, customer: Customer) -> str | None:
        """Say why a message is not answered, if two machines may be talking to each other.

        Or if somebody has addresses made up, and the desk write to all of them.
        """
        attempts: list[Attempt] = []
        most, most_unproved = (
            self.settings.channel_answers_per_hour,
            self.settings.channel_unproved_answers_per_hour,
        )
        if most is not None:
            rate = Rate("channel-answers", most, HOUR_SECONDS)
            # Whoever forges an address must not use up what its owner has.
            subject = f"{inbound.integration_id}:{customer.is_verified}:{customer.customer_id}"
            attempts.append(Attempt(rate, subject))
        if most_unproved is not None and not customer.is_verified:
            rate = Rate("channel-unproved-answers", most_unproved, HOUR_SECONDS)
            attempts.append(Attempt(rate, str(inbound.integration_id)))
        if not attempts:
            return None
        verdict = await self.limiter.hit(attempts)
        return None if verdict.is_allowed else LOOPING

    async def _send(
        self,
        inbound: KeptInbound,
        customer: Customer,
        said: ChannelMessage,
        show: Callable[[Run], None],
        *,
        is_followed: bool,
    ) -> UUID | None:
        """Say it in the thread, once, and have the answer shown; return the message's id.

        None if it was said before, and is not known any more.
        """
        key, thread_id = _key_of(inbound), inbound.thread_id or inbound.id
        try:
            run = await self.send_message(
                customer, thread_id, said, key=key, is_followed=is_followed
            )
        except AnsweredBeforeError:
            return await self._sent_before(
                System(organization_id=customer.organization_id), inbound
            )
        except UnavailableError as error:
            # As many runs as this process takes: that is no fault of the message.
            raise BusyError(str(error)) from error
        show(run)
        return run.user_message_id

    async def _sent_before(self, who: System, inbound: KeptInbound) -> UUID | None:
        """Return the id of the message that was sent before, if it is still known."""
        since = self.clock.now() - timedelta(seconds=self.settings.idempotency_seconds)
        async with self.storage.transaction(who) as tx:
            kept = await tx.idempotency_keys.find(_key_of(inbound), since)
            run = await tx.runs.get(kept.run_id) if kept and kept.run_id else None
        return run and run.user_message_id

    def _again(self, wait: timedelta = SOON) -> TaskEnd:
        return TaskEnd(again_at=self.clock.now() + wait)

    def _done(self, inbound: KeptInbound, *, note: str | None) -> TaskEnd:
        after = replace(inbound, status=InboundStatus.DONE, note=note)

        async def store(tx: Transaction) -> None:
            try:
                await tx.inbounds.update(after)
            except NotFoundError:
                return

        return TaskEnd(result={"status": after.status, "note": note}, store=store)


def _key_of(inbound: KeptInbound) -> IdempotencyKey:
    return IdempotencyKey(
        caller=f"channel:{inbound.integration_id}",
        method="SAY",
        path=f"/channels/{inbound.channel}",
        key=str(inbound.id),
        body_hash=inbound.id.bytes,
    )
