"""Channels as types of integrations: an integration of a channel's name is its connection."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import msgspec

from hexdesk.core.errors import (
    EgressRefusedError,
    InvalidError,
    UnavailableError,
    UndeliverableError,
)
from hexdesk.core.model.conversations import KeptConnection
from hexdesk.core.model.integrations import Integration
from hexdesk.core.model.principals import Principal
from hexdesk.core.policy.channels import digest
from hexdesk.core.policy.mistakes import invalid
from hexdesk.core.ports.channels import Addressee, Channel, Connection
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.egress import Egress
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.ports.vault import Vault
from hexdesk.core.use_cases.integration_types import IntegrationType, IntegrationTypes

KEY_PURPOSE = "channel"
CHANNEL_FAULTS = (
    EgressRefusedError,
    InvalidError,
    UnavailableError,
    UndeliverableError,
    ValueError,
)
"""What a call to the other system may raise, and anybody may be told."""


@dataclass(frozen=True, kw_only=True)
class ChannelType(IntegrationType):
    """A channel, and how its connections are made from what is stored."""

    channel: Channel
    settings: Any
    storage: Storage
    clock: Clock
    egress: Egress
    vault: Vault
    name: str
    config: type[msgspec.Struct]
    secrets: frozenset[str]

    @classmethod
    def of(cls, channel: Channel, settings: Any, **ports: Any) -> Self:
        """Make a type of a channel; `settings` is the plugin's own Struct."""
        return cls(
            channel=channel,
            settings=settings,
            name=channel.name,
            config=channel.config,
            secrets=channel.secrets,
            **ports,
        )

    def address(self, config: Mapping[str, Any]) -> str | None:
        """Return None: what a channel calls is checked when it calls."""
        return None

    def refuse_claim(self, config: Mapping[str, Any], before: Mapping[str, Any] | None) -> None:
        """Refuse an account for which nothing speaks but the word of whoever configures it.

        Nor may a connection by signing in become another one: what still comes to the address of
        all accounts would be taken by nobody.
        """
        channel = self.channel
        if not isinstance(channel, Addressee):
            return
        missing = channel.missing_proof(msgspec.convert(dict(config), self.config))
        proof = self._proved_by_sign_in(channel, before)
        if proof and self.account(config) == self.account(before or {}):
            return
        if proof and missing is None:
            message = "connected by signing in, it stays so: make another integration of this one"
            raise InvalidError(message, pointer=f"/config/{proof}")
        if missing is None:
            return
        message = f"an account without a {missing!r} of its own is connected by signing in there"
        raise InvalidError(message, pointer=f"/config/{missing}")

    def _proved_by_sign_in(
        self, channel: Addressee, before: Mapping[str, Any] | None
    ) -> str | None:
        """Return the secret that is missing where signing in has shown whose account it is."""
        try:
            was = None if before is None else msgspec.convert(dict(before), self.config)
        except msgspec.ValidationError:
            return None
        return None if was is None else channel.missing_proof(was)

    async def keep(
        self, tx: Transaction, integration: Integration, config: Mapping[str, Any], *, is_new: bool
    ) -> None:
        account = self.account(config)
        if not is_new:
            await tx.channel_connections.change_account(integration.id, account)
            return
        secret = self.vault.seal(self.clock.new_secret().encode(), purpose=KEY_PURPOSE)
        kept = KeptConnection(
            integration_id=integration.id,
            channel=self.name,
            account=account,
            key=base64.b64encode(secret).decode(),
        )
        await tx.channel_connections.add(kept)

    async def check(self, config: Mapping[str, Any], http: Egress) -> tuple[int, str]:
        """Refuse: without an integration there is no connection to try."""
        raise InvalidError("connect the channel first")

    async def check_integration(
        self,
        who: Principal,
        integration: Integration,
        config: Mapping[str, Any],
        http: Egress,
    ) -> tuple[int | None, str]:
        async with self.storage.transaction(who) as tx:
            kept = await tx.channel_connections.get(integration.id)
        connection = self.connection(who, kept, config)
        try:
            return None, await self.channel.check(connection)
        except UndeliverableError as error:
            raise InvalidError(str(error)) from error

    def connection(
        self, who: Principal, kept: KeptConnection, config: Mapping[str, Any]
    ) -> Connection:
        """Return the connection of this moment; `config` is opened.

        Raise `ValueError` if its key can no longer be read, `InvalidError` if the configuration
        does not fit the channel any more.
        """
        try:
            told = msgspec.convert(dict(config), self.config)
        except msgspec.ValidationError as error:
            raise invalid(error, within="/config") from error
        return Connection(
            organization_id=who.organization_id,
            integration_id=kept.integration_id,
            config=told,
            settings=self.settings,
            http=self.egress,
            key=self.vault.open(base64.b64decode(kept.key), purpose=KEY_PURPOSE),
            now=self.clock.now(),
        )

    def account(self, config: Mapping[str, Any]) -> str | None:
        """Return the name under which the account of a connection is kept, if it has one."""
        channel = self.channel
        if not isinstance(channel, Addressee):
            return None
        account = channel.account(msgspec.convert(dict(config), self.config))
        return None if account is None else account_digest(self.name, account)


def account_digest(channel: str, account: str) -> str:
    """Return the name under which an account is kept: strangers may claim any, of any length."""
    return digest("account", channel, account)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """The channels there are, by name, and their connections."""

    types: Mapping[str, ChannelType]
    integration_types: IntegrationTypes

    def of(self, name: str) -> ChannelType:
        """Return a channel; raise `UnavailableError` where its plugin is not loaded."""
        try:
            return self.types[name]
        except KeyError as error:
            raise UnavailableError(f"no channel {name!r} is loaded here") from error

    def connection(
        self, who: Principal, integration: Integration, kept: KeptConnection
    ) -> Connection:
        """Return the connection that an integration is; raise as `ChannelType.connection` does."""
        config = self.integration_types.opened(integration.type, integration.config)
        return self.of(integration.type).connection(who, kept, config)
