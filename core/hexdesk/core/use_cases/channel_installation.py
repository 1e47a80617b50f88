"""Connecting a channel by signing in at the other system."""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from hexdesk.core.errors import ForbiddenError, InvalidError, NotFoundError
from hexdesk.core.model.identity import Organization
from hexdesk.core.model.integrations import Integration
from hexdesk.core.model.listing import MAX_LIMIT, Slice
from hexdesk.core.model.principals import Member, System
from hexdesk.core.policy.rights import Right, require
from hexdesk.core.ports.channels import Installable
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage
from hexdesk.core.ports.vault import Vault
from hexdesk.core.use_cases.channel_type import Channels, ChannelType
from hexdesk.core.use_cases.integrations import (
    AddIntegration,
    ChangeIntegration,
    IntegrationChange,
    NewIntegration,
)

PURPOSE = "channel installation"
LIFETIME = timedelta(minutes=10)
NO_STATE = "this is no installation that began here, or it began too long ago: begin it again"


class InstallAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where an admin allows the desk in the other system, and until when."""

    url: str
    expires_at: datetime


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """Who began an installation; it travels through the other system, sealed."""

    channel: str
    organization_id: UUID
    user_id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginInstallation:
    """Say where an admin connects a channel by signing in."""

    clock: Clock
    vault: Vault
    channels: Channels

    async def __call__(self, who: Member, channel: str, redirect_url: str) -> InstallAddress:
        """Return the address; the other system leads back to `redirect_url`.

        Raise `NotFoundError` for a channel that is not there or not connected like this,
        `InvalidError` where the installation lacks what that takes.
        """
        require(who, Right.CHANGE_INTEGRATIONS)
        kind, installable = installed_by_sign_in(self.channels, channel)
        expires_at = self.clock.now() + LIFETIME
        state = _State(
            channel=channel,
            organization_id=who.organization_id,
            user_id=who.user_id,
            expires_at=expires_at,
        )
        sealed = self.vault.seal(msgspec.json.encode(state), purpose=PURPOSE)
        text = base64.urlsafe_b64encode(sealed).decode()
        url = installable.install_url(kind.settings, state=text, redirect_url=redirect_url)
        return InstallAddress(url=url, expires_at=expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadInstallation:
    """Find out who began an installation, out of what came back."""

    storage: Storage
    clock: Clock
    vault: Vault
    channels: Channels

    async def __call__(self, channel: str, state: str) -> tuple[Member, Organization]:
        """Return the admin, as of now, and the organization.

        Raise `NotFoundError` as `BeginInstallation` does, `InvalidError` for what is not from
        here, or too old, and `ForbiddenError` if the admin is none any more.
        """
        installed_by_sign_in(self.channels, channel)
        told = self._opened(state)
        if told.channel != channel or told.expires_at <= self.clock.now():
            raise InvalidError(NO_STATE)
        async with self.storage.transaction(System(organization_id=told.organization_id)) as tx:
            organization = await tx.organizations.get()
            try:
                user = await tx.users.get(told.user_id)
            except NotFoundError as error:
                raise ForbiddenError("whoever began this is no member any more") from error
        who = Member(organization_id=organization.id, user_id=user.id, role=user.role)
        if not user.is_active:
            raise ForbiddenError("whoever began this is no member any more")
        require(who, Right.CHANGE_INTEGRATIONS)
        return who, organization

    def _opened(self, state: str) -> _State:
        try:
            sealed = base64.urlsafe_b64decode(state.encode())
            return msgspec.json.decode(self.vault.open(sealed, purpose=PURPOSE), type=_State)
        except ValueError as error:
            raise InvalidError(NO_STATE) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishInstallation:
    """Connect what an admin has allowed in the other system."""

    storage: Storage
    channels: Channels
    read: ReadInstallation
    add: AddIntegration
    change: ChangeIntegration

    async def __call__(
        self, channel: str, *, code: str, state: str, redirect_url: str
    ) -> Integration:
        """Return the integration, secrets masked: a new one, or that of the same account.

        Of a known one there stays what the other system says nothing about.
        Raise as `ReadInstallation` and the channel's `finish_install` do, and `ConflictError` if
        the account is another organization's.
        """
        who, _ = await self.read(channel, state)
        kind, installable = installed_by_sign_in(self.channels, channel)
        name, config = await installable.finish_install(
            kind.settings, kind.egress, code=code, redirect_url=redirect_url
        )
        known = await self._known(who, kind, config)
        if known is None:
            wish = NewIntegration(type=channel, name=name, config=config)
            return await self.add(who, wish, is_vouched=True)
        # Masked secrets are those that are kept.
        kept = self.channels.integration_types.masked(known).config
        change = IntegrationChange(config={**kept, **config}, is_active=True)
        return await self.change(who, known.id, change, is_vouched=True)

    async def _known(
        self, who: Member, kind: ChannelType, config: dict[str, Any]
    ) -> Integration | None:
        """Return which of the organization's integrations is the account's already."""
        account = kind.account(config)
        if account is None:
            return None
        async with self.storage.transaction(who) as tx:
            page = await tx.integrations.page(Slice(limit=MAX_LIMIT))
            for one in page.data:
                if one.type == kind.name:
                    kept = await tx.channel_connections.get(one.id)
                    if kept.account == account:
                        return one
        return None


def installed_by_sign_in(channels: Channels, channel: str) -> tuple[ChannelType, Installable]:
    """Return a channel; raise `NotFoundError` unless it is connected by signing in."""
    kind = channels.types.get(channel)
    if kind is None or not isinstance(kind.channel, Installable):
        raise NotFoundError(f"no channel {channel!r} that is connected by signing in")
    return kind, kind.channel
