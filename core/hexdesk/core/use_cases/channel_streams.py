"""Showing answers in channels while they are made, where the channel can."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec
from msgspec.structs import replace

from hexdesk.core.errors import (
    BusyError,
    DeskError,
    EgressRefusedError,
    NotFoundError,
    OutcomeUnknownError,
    RetryAfterError,
    TaskLostError,
    UnavailableError,
    UndeliverableError,
)
from hexdesk.core.model.channels import OutboundMessage, Receipt
from hexdesk.core.model.chat import ChatResponse, Run, RunEvent, RunStatus
from hexdesk.core.model.conversations import ChannelConversation, ChannelDelivery
from hexdesk.core.model.principals import System
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.model.tasks import Task, TaskStatus
from hexdesk.core.policy.channel_deliveries import PAUSES, arrived
from hexdesk.core.ports.channels import Channel, Connection, Streaming
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage
from hexdesk.core.use_cases.channel_delivery import (
    SECONDS,
    SENDING,
    Came,
    Outgoing,
    SendChannelMessage,
)
from hexdesk.core.use_cases.follow_run import FollowRun
from hexdesk.core.use_cases.outbox import CHANNEL_DELIVERY, MOST_CRASHES, PRIORITY
from hexdesk.core.use_cases.run_desk import RunDesk
from hexdesk.core.use_cases.run_log import RUN_COMPLETED, TERMINAL, TEXT_DELTA, about
from hexdesk.core.use_cases.task_attempt import Attempt

log = logging.getLogger("hexdesk.channels")
NO_ANSWER = "the answer that was being shown is none: a person has the conversation"


@dataclass(slots=True, kw_only=True)
class Showing:
    """One answer while it is shown: what of it was, and where.

    It is `left_open` when the channel's stream cannot be what the answer is: when there are
    buttons to it or tickets, or it is too long.
    """

    run: Run
    channel: Channel
    connection: Connection
    conversation: ChannelConversation
    said: str = ""
    left_open: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowAnswer:
    """Shows a run's answer in a channel as it is made, beside the run, which never waits for it.

    The task that sends the answer is begun before there is one, and held while it is shown. So
    whatever ends too early, the answer is stored with a delivery whose task says that something
    may have gone out: then the other system is asked, and what is missing is completed there.
    """

    storage: Storage
    clock: Clock
    run_desk: RunDesk
    follow_run: FollowRun
    sending: SendChannelMessage
    settings: DeskSettings

    def __call__(
        self,
        run: Run,
        channel: Channel,
        connection: Connection,
        conversation: ChannelConversation,
    ) -> None:
        """Have the answer shown from now on, if the channel can, and return at once."""
        if isinstance(channel, Streaming) and run.status is RunStatus.RUNNING:
            showing = Showing(
                run=run, channel=channel, connection=connection, conversation=conversation
            )
            self.run_desk.accompany(self._show(showing, channel))

    async def _show(self, showing: Showing, streaming: Streaming) -> None:
        try:
            attempt = await self._begin(showing)
            if attempt is not None:
                await self._attempt(attempt, showing, streaming)
        except DeskError as error:
            # Whatever the task's row says by now is what somebody goes on from.
            log.warning("answer not shown", extra=about(showing.run, reason=str(error)))

    async def _begin(self, showing: Showing) -> Attempt | None:
        """Take the task that sends the answer; None where it is to be sent as a whole."""
        run, now = showing.run, self.clock.now()
        who = System(organization_id=run.principal.organization_id)
        lease_token = self.clock.new_id()
        task = Task(
            id=run.id,
            organization_id=who.organization_id,
            task_type=CHANNEL_DELIVERY,
            task_data={"delivery_id": str(run.id)},
            status=TaskStatus.RUNNING,
            priority=PRIORITY,
            attempts=1,
            max_attempts=MOST_CRASHES,
            created_at=now,
            started_at=now,
            principal=who,
            ready_at=now,
            lease_token=lease_token,
            lease_until=now + timedelta(seconds=self.settings.run_lease_seconds),
            steps=SENDING,
        )
        async with self.storage.transaction(who) as tx:
            # Whoever stores the answer waits here, and then finds the task, or has been faster.
            held = await tx.channel_conversations.of_thread(run.thread_id, lock=True)
            present = await tx.runs.get(run.id)
            if held is None or present.status is not RunStatus.RUNNING:
                return None
            if await tx.channel_deliveries.before(_next_of(held, task)):
                return None
            await tx.tasks.add(task)
        showing.conversation = held
        return Attempt(
            task=task,
            lease_token=lease_token,
            storage=self.storage,
            clock=self.clock,
            settings=self.settings,
            started_at=self.clock.elapsed(),
        )

    async def _attempt(self, attempt: Attempt, showing: Showing, streaming: Streaming) -> None:
        seconds = showing.run.settings.timeout_seconds + SECONDS
        try:
            receipt = await attempt.during(self._until_told(showing, streaming, attempt), seconds)
        except asyncio.CancelledError:
            await asyncio.shield(self._hand_over(attempt, steps=SENDING))
            raise
        except TaskLostError:
            log.warning("answer no longer shown", extra=about(showing.run))
        except OutcomeUnknownError as error:
            await self._broke_off(attempt, showing, error, steps=SENDING)
        except (EgressRefusedError, UnavailableError, UndeliverableError) as error:
            await self._broke_off(attempt, showing, error, steps=None)
        except Exception as error:
            # The edge to other people's code, which may have sent whatever it wanted.
            log.exception("channel stumbled over an answer", extra=about(showing.run))
            await self._broke_off(attempt, showing, error, steps=SENDING)
        else:
            await self._end(attempt, showing, receipt)

    async def _until_told(
        self, showing: Showing, streaming: Streaming, attempt: Attempt
    ) -> Receipt | None:
        """Show the answer to its end, however early the channel is done with it."""
        try:
            receipt = await self._told(showing, streaming, attempt.task)
        except Exception:
            # Until then there is nothing that anybody else could send.
            await self.run_desk.ended(showing.run.id)
            raise
        return receipt

    async def _told(self, showing: Showing, streaming: Streaming, task: Task) -> Receipt | None:
        parts = self._parts(showing)
        message = _message(showing, task)
        telling = asyncio.ensure_future(streaming.stream(message, parts, showing.connection))
        leaving = asyncio.ensure_future(showing.left_open.wait())
        both = (telling, leaving)
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            return telling.result() if telling.done() else None
        finally:
            for one in both:
                one.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            await parts.aclose()

    async def _parts(self, showing: Showing) -> AsyncGenerator[str]:
        run = showing.run
        async with aclosing(self.follow_run.follow(run.principal, run.id, 0)) as events:
            async for event in events:
                if event.type == TEXT_DELTA:
                    text = msgspec.json.decode(event.data)["text"]
                    showing.said += text
                    yield text
                if event.type in TERMINAL and await self._is_all(showing, event):
                    return
        showing.left_open.set()
        # The channel must not take this for the answer's end.
        await asyncio.Event().wait()

    async def _is_all(self, showing: Showing, end: RunEvent) -> bool:
        """Tell whether what was said is all there is to show; raise if nothing is to be."""
        run = showing.run
        response = (
            msgspec.json.decode(end.data, type=ChatResponse) if end.type == RUN_COMPLETED else None
        )
        if response is None or response.message is None:
            raise UnavailableError(NO_ANSWER)
        who = System(organization_id=run.principal.organization_id)
        try:
            async with self.storage.transaction(who) as tx:
                delivery = await tx.channel_deliveries.get(run.id)
        except (BusyError, NotFoundError, UnavailableError):
            # It waits elsewhere to be stored, and what belongs to it is known only then.
            return False
        outgoing = Outgoing(delivery, showing.conversation, showing.connection, showing.channel)
        message = outgoing.message
        return message.text == showing.said and not message.approvals and not message.tickets

    async def _end(self, attempt: Attempt, showing: Showing, receipt: Receipt | None) -> None:
        if receipt is None:
            await self._hand_over(attempt, steps=SENDING)
            return
        async with self.storage.transaction(attempt.who) as tx:
            delivery = await tx.channel_deliveries.get(showing.run.id)
            integration = await tx.integrations.get(delivery.integration_id)
        now = self.clock.now()
        after = arrived(delivery, now, receipt.message_id)
        store = self.sending.storing(integration, after, Came(receipt=receipt))
        done = replace(
            attempt.task,
            status=TaskStatus.SUCCEEDED,
            progress=1.0,
            result={"status": after.status},
            steps=None,
            finished_at=now,
        )
        async with self.storage.transaction(attempt.who) as tx:
            if await tx.tasks.settle(done):
                await store(tx)

    async def _broke_off(
        self, attempt: Attempt, showing: Showing, error: Exception, *, steps: bytes | None
    ) -> None:
        log.warning("answer shown in part", extra=about(showing.run, reason=str(error)))
        wished = error.retry_after if isinstance(error, RetryAfterError) else 0
        await self._hand_over(attempt, steps=steps, wished=wished)

    async def _hand_over(self, attempt: Attempt, *, steps: bytes | None, wished: float = 0) -> None:
        """Leave the sending to whoever has time; `steps` say that something may be there."""
        ready_at = self.clock.now() + timedelta(seconds=min(wished, PAUSES.longest_pause))
        task = replace(
            attempt.task,
            status=TaskStatus.QUEUED,
            attempts=0,
            ready_at=ready_at,
            steps=steps,
        )
        async with self.storage.transaction(attempt.who) as tx:
            await tx.tasks.settle(task)


def _message(showing: Showing, task: Task) -> OutboundMessage:
    conversation = showing.conversation
    return OutboundMessage(
        id=showing.run.id,
        conversation_key=conversation.conversation_key,
        text="",
        subject=conversation.subject,
        reply_to=conversation.reply_to,
        recipient=conversation.recipient,
        hints=conversation.hints,
        created_at=task.created_at,
    )


def _next_of(conversation: ChannelConversation, task: Task) -> ChannelDelivery:
    """Return the delivery that would come next in a conversation."""
    return ChannelDelivery(
        id=task.id,
        integration_id=conversation.integration_id,
        event_type="message.answer",
        created_at=task.created_at,
        payload=b"",
        task_id=task.id,
        conversation_id=conversation.id,
        message_id=task.id,
        sequence=conversation.last_sequence + 1,
    )
