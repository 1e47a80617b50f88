"""Taking in what comes on channels: verified, kept once, and answered by a task."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

import msgspec

from hexdesk.core.errors import InvalidError, NotFoundError
from hexdesk.core.model.channels import (
    ChannelResponse,
    Inbound,
    InboundDecision,
    InboundRequest,
)
from hexdesk.core.model.conversations import FoundConnection, KeptInbound
from hexdesk.core.model.principals import System
from hexdesk.core.model.tasks import Task
from hexdesk.core.policy.channels import checked, digest, names_to_find, order_of
from hexdesk.core.ports.channels import Addressee, Connection
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.use_cases.channel_type import Channels, ChannelType, account_digest

CHANNEL_MESSAGE = "channel_message"
PRIORITY = 1
# Only what takes its worker along uses these up, and what could not be fetched.
MOST_ATTEMPTS = 5
FIRST_STATUS, FIRST_FAILURE = 200, 500
UNREADABLE = ChannelResponse(status_code=400, body=b"the request cannot be read")
TAKEN = ChannelResponse()

log = logging.getLogger("hexdesk.channels")
T = TypeVar("T")


class ChannelMessageData(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which message is seen to."""

    inbound_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepInbound:
    """Keeps what came, each once, and the task that sees to it; both or neither."""

    storage: Storage
    clock: Clock

    async def __call__(
        self, organization_id: UUID, found: FoundConnection, came: Sequence[Inbound]
    ) -> int:
        """Return how much of it is new, and of the desk's concern.

        Raise `InvalidError` for what cannot be kept, and then nothing is, and `NotFoundError` if
        the connection is gone.
        """
        sound = [checked(one) for one in came]
        new = 0
        async with self.storage.transaction(System(organization_id=organization_id)) as tx:
            for one in sound:
                new += await self._keep(tx, found, one)
        return new

    async def _keep(self, tx: Transaction, found: FoundConnection, inbound: Inbound) -> bool:
        now = self.clock.now()
        kept = KeptInbound(
            id=self.clock.new_id(),
            integration_id=found.integration_id,
            channel=found.channel,
            dedupe_key=digest("inbound", inbound.dedupe_key),
            order_key=order_of(inbound),
            content=inbound,
            created_at=now,
        )
        if not await _is_ours(tx, kept) or not await tx.inbounds.add(kept):
            return False
        await tx.tasks.add(
            Task(
                id=self.clock.new_id(),
                organization_id=found.organization_id,
                task_type=CHANNEL_MESSAGE,
                task_data={"inbound_id": str(kept.id)},
                priority=PRIORITY,
                max_attempts=MOST_ATTEMPTS,
                created_at=now,
                principal=System(organization_id=found.organization_id),
                ready_at=now,
            )
        )
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveFromChannel:
    """Answer a request of another system, and keep what it brings."""

    storage: Storage
    clock: Clock
    channels: Channels
    keep_inbound: KeepInbound

    async def __call__(
        self, channel: str, integration_id: UUID | None, request: InboundRequest
    ) -> ChannelResponse:
        """Return the answer, at once: what came is seen to by a task.

        Without `integration_id` the request itself names the account, where the channel has one
        address for all. Raise `NotFoundError` for a channel or a connection that is not there, or
        is switched off. Whatever a stranger sends, and whatever a channel makes of it, is at
        worst an answer of the class 4xx.
        """
        kind = self.channels.types.get(channel)
        if kind is None:
            raise NotFoundError(f"no channel {channel!r}")
        found = await self._found(kind, integration_id, request)
        if isinstance(found, ChannelResponse):
            return found
        who = System(organization_id=found.organization_id)
        async with self.storage.transaction(who) as tx:
            integration = await tx.integrations.get(found.integration_id)
            kept = await tx.channel_connections.get(found.integration_id)
        try:
            connection = self.channels.connection(who, integration, kept)
        except (InvalidError, ValueError) as error:
            log.error("connection not usable", extra=about(found, reason=str(error)))
            raise NotFoundError(f"no connection {found.integration_id}") from error
        return await self._receive(kind, found, connection, request)

    async def _found(
        self, kind: ChannelType, integration_id: UUID | None, request: InboundRequest
    ) -> FoundConnection | ChannelResponse:
        directory = self.storage.directory
        if integration_id is not None:
            found = await directory.connection(integration_id)
            if found is None or found.channel != kind.name:
                raise NotFoundError(f"no connection {integration_id}")
            return found
        channel = kind.channel
        if not isinstance(channel, Addressee):
            raise NotFoundError(f"{kind.name!r} has an address for each connection")
        addressee: Addressee = channel
        account = _guarded(kind.name, lambda: addressee.account_of(request))
        if isinstance(account, ChannelResponse):
            return account
        if account:
            found = await directory.connection_of(kind.name, account_digest(kind.name, account))
            if found:
                return found
        now = self.clock.now()
        return _clamped(_guarded(kind.name, lambda: addressee.answer(request, kind.settings, now)))

    async def _receive(
        self,
        kind: ChannelType,
        found: FoundConnection,
        connection: Connection,
        request: InboundRequest,
    ) -> ChannelResponse:
        said = _guarded(kind.name, lambda: kind.channel.receive(request, connection))
        if isinstance(said, ChannelResponse):
            return _clamped(said)
        if not said:
            return TAKEN
        try:
            await self.keep_inbound(found.organization_id, found, said)
        except InvalidError as error:
            log.warning("inbound message not kept", extra=about(found, reason=str(error)))
            return UNREADABLE
        return TAKEN


async def _is_ours(tx: Transaction, kept: KeptInbound) -> bool:
    """Tell whether something was said to the desk, or in a conversation that it has."""
    content = kept.content
    if isinstance(content, InboundDecision) or content.is_addressed:
        return True
    names = names_to_find(content.sender, content)
    if await tx.channel_conversations.find(kept.integration_id, names):
        return True
    # What has come already may be about to begin the conversation.
    return not await tx.inbounds.is_first(kept)


def about(found: FoundConnection, **more: str) -> dict[str, str]:
    """Return what a log line about a connection says: which one, of what kind, and whose."""
    ids = {
        "integration_id": str(found.integration_id),
        "organization_id": str(found.organization_id),
    }
    return {**ids, "channel": found.channel, **more}


def _guarded(channel: str, read: Callable[[], T]) -> T | ChannelResponse:
    """Read a request; one that a channel stumbles over is the stranger's fault, and told to us."""
    try:
        return read()
    except Exception:
        # The edge to other people's code, which is handed what strangers send.
        log.exception("channel stumbled over a request", extra={"channel": channel})
        return UNREADABLE


def _clamped(response: ChannelResponse) -> ChannelResponse:
    return response if FIRST_STATUS <= response.status_code < FIRST_FAILURE else UNREADABLE
