"""Sessions: opening, refreshing and ending them, and finding out who presents a token."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import msgspec

from hexdesk.core.errors import UnauthenticatedError
from hexdesk.core.model.audit import Outcome
from hexdesk.core.model.identity import Organization, RefreshToken, Session, Tokens, User
from hexdesk.core.model.principals import AccessClaims, Member, Origin, System
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.ports.tokens import AccessTokens
from hexdesk.core.use_cases.audit import Auditor

API_KEY_PREFIX = "hxd_"


def secret_hash(secret: str) -> bytes:
    """Return what is kept of an unguessable secret."""
    return hashlib.sha256(secret.encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarter:
    """Opens sessions and gives their tokens."""

    clock: Clock
    access_tokens: AccessTokens
    settings: DeskSettings

    async def start(
        self, tx: Transaction, user: User, organization: Organization, origin: Origin
    ) -> Tokens:
        """Open a session for the member."""
        now = self.clock.now()
        session = Session(id=self.clock.new_id(), user_id=user.id, ip=origin.ip, created_at=now)
        await tx.sessions.add(session)
        return await self.issue(tx, session.id, user, organization)

    async def issue(
        self, tx: Transaction, session_id: UUID, user: User, organization: Organization
    ) -> Tokens:
        """Give the session its next pair of tokens."""
        now = self.clock.now()
        refresh_token = self.clock.new_secret()
        await tx.refresh_tokens.add(
            RefreshToken(
                id=self.clock.new_id(),
                session_id=session_id,
                token_hash=secret_hash(refresh_token),
                created_at=now,
                expires_at=now + timedelta(seconds=self.settings.refresh_token_seconds),
            )
        )
        claims = AccessClaims(
            user_id=user.id,
            organization_id=organization.id,
            session_id=session_id,
            role=user.role,
            expires_at=now + timedelta(seconds=self.settings.access_token_seconds),
        )
        return Tokens(
            access_token=self.access_tokens.issue(claims),
            refresh_token=refresh_token,
            expires_in=self.settings.access_token_seconds,
            user=user,
            organization=organization,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshSession:
    """Exchange a refresh token for the next pair; a spent one ends the whole session."""

    storage: Storage
    sessions: SessionStarter
    auditor: Auditor

    async def __call__(self, refresh_token: str, origin: Origin) -> Tokens:
        """Return the next tokens, or raise `UnauthenticatedError`."""
        found = await self.storage.directory.refresh_token(secret_hash(refresh_token))
        if not found:
            raise UnauthenticatedError("the refresh token is not valid")
        who = System(organization_id=found.organization_id, origin=origin)
        async with self.storage.transaction(who) as tx:
            user = await tx.sessions.active_user(found.session_id)
            spent = await tx.refresh_tokens.spend(found.token_id) if user else None
            if user and spent:
                organization = await tx.organizations.get()
                return await self.sessions.issue(tx, found.session_id, user, organization)
            # Somebody has the token twice, the member or a thief: neither keeps the session.
            await tx.sessions.end(found.session_id)
            await self.auditor.note(
                tx,
                who,
                "session.refresh_refused",
                target=("session", found.session_id),
                outcome=Outcome.DENIED,
            )
        raise UnauthenticatedError("the refresh token is not valid")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOut:
    """End a session: its access tokens stop working too."""

    storage: Storage
    auditor: Auditor

    async def __call__(self, refresh_token: str, origin: Origin) -> None:
        """End the session whose token it is; a token nobody knows is no error."""
        found = await self.storage.directory.refresh_token(secret_hash(refresh_token))
        if not found:
            return
        who = System(organization_id=found.organization_id, origin=origin)
        async with self.storage.transaction(who) as tx:
            await tx.sessions.end(found.session_id)
            await self.auditor.note(tx, who, "session.ended", target=("session", found.session_id))


class WhoAmI(msgspec.Struct, frozen=True, kw_only=True):
    """The caller and the caller's organization."""

    user: User
    organization: Organization


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowMyself:
    """Show members who they are."""

    storage: Storage

    async def __call__(self, who: Member) -> WhoAmI:
        """Return the member and the organization."""
        async with self.storage.transaction(who) as tx:
            return WhoAmI(
                user=await tx.users.get(who.user_id), organization=await tx.organizations.get()
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticate:
    """Find out who presents a bearer token: a member's access token or an API key."""

    storage: Storage
    access_tokens: AccessTokens

    async def __call__(self, token: str, origin: Origin) -> Member:
        """Return the member as of this moment, or raise `UnauthenticatedError`.

        Session, member and role are looked up each time: what was taken away is gone at once.
        """
        if token.startswith(API_KEY_PREFIX):
            return await self._by_api_key(token, origin)
        claims = self.access_tokens.verify(token)
        who = System(organization_id=claims.organization_id, origin=origin)
        async with self.storage.transaction(who) as tx:
            user = await tx.sessions.active_user(claims.session_id)
        if not user or user.id != claims.user_id:
            raise UnauthenticatedError("the session has ended")
        return Member(
            organization_id=user.organization_id,
            user_id=user.id,
            role=user.role,
            session_id=claims.session_id,
            origin=origin,
        )

    async def _by_api_key(self, token: str, origin: Origin) -> Member:
        found = await self.storage.directory.api_key(secret_hash(token))
        if found:
            who = System(organization_id=found.organization_id, origin=origin)
            async with self.storage.transaction(who) as tx:
                active = await tx.api_keys.active_owner(found.api_key_id)
            if active:
                api_key, user = active
                return Member(
                    organization_id=user.organization_id,
                    user_id=user.id,
                    role=user.role.weaker(api_key.role),
                    api_key_id=api_key.id,
                    origin=origin,
                )
        raise UnauthenticatedError("the API key is not valid")
