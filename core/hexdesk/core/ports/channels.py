"""How customers reach the desk by other systems: Slack, e-mail, and whatever plugins add.

A channel is stateless. What it needs to know of an organization's account in the other system is
its `Connection`, made from an integration of the channel's name. What came and went is the desk's
to remember: a channel verifies, normalises and delivers.
"""

from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

import msgspec

from hexdesk.core.errors import OutcomeUnknownError, UndeliverableError
from hexdesk.core.model.channels import (
    ChannelCapabilities,
    ChannelResponse,
    Inbound,
    InboundFile,
    InboundRequest,
    OutboundMessage,
    Receipt,
    Sender,
)
from hexdesk.core.ports.egress import Egress


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """An organization's account in the other system, at one moment.

    `config` is the channel's `config` Struct with its secrets in the clear; `settings` is the
    Struct that the plugin declares, or None. `http` calls what organizations configure. `key` is
    secret, belongs to this connection alone, and signs what comes back, such as reply addresses.
    """

    organization_id: UUID
    integration_id: UUID
    config: Any
    settings: Any
    http: Egress
    key: bytes
    now: datetime


Emit = Callable[[Inbound], Awaitable[None]]
"""Keeps what came; on return it is stored, and may be marked as seen."""


class Channel(Protocol):
    """One kind of channel: `name` is also its integrations' type and its tickets' source."""

    name: str
    config: type[msgspec.Struct]
    secrets: frozenset[str]
    capabilities: ChannelCapabilities

    @abstractmethod
    def receive(
        self, request: InboundRequest, connection: Connection
    ) -> ChannelResponse | Sequence[Inbound]:
        """Verify a request and return what it brings, or the answer to one that brings nothing.

        Pure and quick: nothing is asked of the other system. Never raises for what a stranger
        sends: whatever cannot be verified or read is a response of the class 4xx.
        """

    @abstractmethod
    async def deliver(self, message: OutboundMessage, connection: Connection) -> Receipt:
        """Send a message and return what the other system calls it.

        Raise `RetryAfterError` to be asked again later, `UndeliverableError` for what can never be
        delivered, `UnavailableError` where nothing was sent, and `OutcomeUnknownError` where
        something was sent and nobody knows whether it arrived.
        """

    async def identify(self, sender: Sender, connection: Connection) -> Sender:
        """Return what the other system knows of a sender beyond what the request said.

        The sender as it came, unless the channel can ask; `external_id` stays. Raise as `deliver`
        does.
        """
        return sender

    async def look_up(self, message: OutboundMessage, connection: Connection) -> Receipt | None:
        """Find out whether a message of unknown outcome has arrived after all.

        Return its receipt, or None if it certainly has not. Raise `OutcomeUnknownError`, as this
        does unless the channel can tell.
        """
        raise OutcomeUnknownError(f"{self.name} cannot tell whether the message arrived")

    def fetch(self, file: InboundFile, connection: Connection) -> AsyncIterable[bytes]:
        """Return a file's bytes, part by part; raise as `deliver` does."""
        raise UndeliverableError(f"{self.name} has no files")

    @abstractmethod
    async def check(self, connection: Connection) -> str:
        """Return a sentence about the other system's sign of life; raise as `deliver` does."""


@runtime_checkable
class Addressee(Protocol):
    """What a channel is besides to which all accounts' requests come at one address.

    Of an account there is one connection in the installation.
    """

    @abstractmethod
    def account(self, config: Any) -> str | None:
        """Return the account whose requests come to the one address for this connection.

        None for a connection whose requests come to its own address alone: it takes the account
        from nobody.
        """

    @abstractmethod
    def missing_proof(self, config: Any) -> str | None:
        """Return which field of `config` must be given to claim the account by writing it down.

        That is the secret by which the account's own requests are verified. Where it is missing,
        the installation's secret verifies the requests of all accounts, and whoever names an
        account would be handed what comes from it: such an account is taken from signing in
        alone. None where nothing is missing.
        """

    @abstractmethod
    def account_of(self, request: InboundRequest) -> str | None:
        """Return which account a request claims to come from, or None where it names none.

        Pure. The claim chooses the connection that verifies the request, and nothing else.
        """

    @abstractmethod
    def answer(self, request: InboundRequest, settings: Any, now: datetime) -> ChannelResponse:
        """Return the answer to a request for which there is no connection, such as a challenge.

        Pure. `settings` is the plugin's own, and may hold what verifies the request.
        """


@runtime_checkable
class Source(Protocol):
    """What a channel is besides that must ask or listen for messages by itself."""

    @abstractmethod
    async def run(self, connection: Connection, emit: Emit) -> None:
        """Listen for as long as it is not cancelled, and emit what comes.

        Raise `UnavailableError` when the other system is gone: it is begun anew a little later.
        Only one process of the installation runs it for a connection.
        """


@runtime_checkable
class Streaming(Protocol):
    """What a channel is besides that can show an answer while it is being made."""

    @abstractmethod
    async def stream(
        self, message: OutboundMessage, parts: AsyncGenerator[str], connection: Connection
    ) -> Receipt:
        """Show the parts as they come, and return what the other system calls the message.

        `message.text` is empty. Before the first part comes it can be said that an answer is
        being made. Parts that raise end an answer that nobody stands by: take back what was shown
        and raise the same. Raise as `deliver` does. What is cancelled, or leaves the outcome
        unknown, is completed by `look_up` with the whole message of the same `id`, which may have
        more to it than the parts: a channel that cannot look up should not stream.
        """


@runtime_checkable
class Installable(Protocol):
    """What a channel is besides whose accounts are connected by signing in at the other system."""

    @abstractmethod
    def install_url(self, settings: Any, *, state: str, redirect_url: str) -> str:
        """Return where an admin is sent; the other system sends `state` back unchanged."""

    @abstractmethod
    async def finish_install(
        self, settings: Any, http: Egress, *, code: str, redirect_url: str
    ) -> tuple[str, dict[str, Any]]:
        """Trade the code for the account; return the integration's name and configuration.

        Raise `InvalidError` for a code that is worth nothing, `UnavailableError` where the other
        system cannot be asked.
        """
