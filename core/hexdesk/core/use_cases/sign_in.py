"""Sign-in with a password, and changing it."""

import math
from dataclasses import dataclass
from uuid import UUID

from hexdesk.core.errors import InvalidError, RateLimitedError, UnauthenticatedError
from hexdesk.core.model.audit import FailedSignIn, Outcome
from hexdesk.core.model.identity import FoundUser, Tokens
from hexdesk.core.model.limits import Attempt, Verdict
from hexdesk.core.model.principals import Member, Origin, System
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.policy.rights import Right, require
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.limits import RateLimiter
from hexdesk.core.ports.passwords import Passwords
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.use_cases.audit import Auditor
from hexdesk.core.use_cases.sessions import SessionStarter, secret_hash


class SignInRefusedError(UnauthenticatedError):
    """A wrong e-mail address or password; `verdict` says how the limit stands."""

    def __init__(self, message: str, verdict: Verdict | None) -> None:
        """Keep how the limit stands."""
        super().__init__(message)
        self.verdict = verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Open a session with an e-mail address and a password.

    Attempts are counted per account and address, and per address. A right password from an
    address that has signed in to the account before is let in all the same, so that nobody can
    lock another out.
    """

    storage: Storage
    clock: Clock
    passwords: Passwords
    limiter: RateLimiter
    sessions: SessionStarter
    auditor: Auditor
    settings: DeskSettings

    async def __call__(
        self, email: str, password: str, origin: Origin
    ) -> tuple[Tokens, Verdict | None]:
        """Return the tokens and how the limit stands; one and the same error for all refusals."""
        verdict = await self._count(email, origin)
        found = await self.storage.directory.user_by_email(email)
        over = verdict if verdict and not verdict.is_allowed else None
        if over and not (found and await self._is_known(found, origin)):
            await self._note_failure(found, email, origin, "rate limited")
            raise refusal(over)
        is_right = await self.passwords.verify(password, found.password_hash if found else None)
        if not found or not is_right:
            await self._note_failure(found, email, origin, "wrong e-mail address or password")
            if over:
                raise refusal(over)
            raise SignInRefusedError("wrong e-mail address or password", verdict)
        return await self._open(found, password, origin), verdict

    async def _open(self, found: FoundUser, password: str, origin: Origin) -> Tokens:
        is_outdated = self.passwords.is_outdated(found.password_hash)
        newer_hash = await self.passwords.hash(password) if is_outdated else None
        async with self.storage.transaction(_system(found, origin)) as tx:
            if await tx.users.password_hash(found.user_id) != found.password_hash:
                # It was changed while we were busy with the old one, which opens nothing any more.
                raise UnauthenticatedError("wrong e-mail address or password")
            if newer_hash:
                await _store_password(tx, found.user_id, newer_hash)
            user = await tx.users.get(found.user_id)
            organization = await tx.organizations.get()
            tokens = await self.sessions.start(tx, user, organization, origin)
            member = Member(
                organization_id=user.organization_id, user_id=user.id, role=user.role, origin=origin
            )
            await self.auditor.note(tx, member, "session.started", target=("user", user.id))
        return tokens

    async def _count(self, email: str, origin: Origin) -> Verdict | None:
        ip = origin.ip or "unknown"
        pair, address = self.settings.login_rate, self.settings.login_address_rate
        attempts = [
            *([Attempt(pair, f"{secret_hash(email.lower()).hex()}:{ip}")] if pair else ()),
            *([Attempt(address, ip)] if address else ()),
        ]
        return await self.limiter.hit(attempts) if attempts else None

    async def _is_known(self, found: FoundUser, origin: Origin) -> bool:
        if origin.ip is None:
            return False
        async with self.storage.transaction(_system(found, origin)) as tx:
            return await tx.sessions.is_known_address(found.user_id, origin.ip)

    async def _note_failure(
        self, found: FoundUser | None, email: str, origin: Origin, reason: str
    ) -> None:
        if found:
            who = _system(found, origin)
            async with self.storage.transaction(who) as tx:
                await self.auditor.note(
                    tx,
                    who,
                    "session.refused",
                    target=("user", found.user_id),
                    outcome=Outcome.FAILURE,
                    reason=reason,
                )
            return
        await self.storage.directory.note_failed_sign_in(
            FailedSignIn(
                id=self.clock.new_id(),
                email_hash=secret_hash(email.lower()),
                ip=origin.ip,
                request_id=origin.request_id,
                created_at=self.clock.now(),
            )
        )


def refusal(verdict: Verdict) -> RateLimitedError:
    """Return the error for a rate that was exceeded."""
    return RateLimitedError(
        "too many attempts: wait and try again",
        retry_after=max(1, math.ceil(verdict.retry_after)),
        policy=verdict.rate.name,
        limit=verdict.rate.limit,
        period_seconds=verdict.rate.period_seconds,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePassword:
    """Change one's own password, which ends one's other sessions."""

    storage: Storage
    passwords: Passwords
    auditor: Auditor

    async def __call__(self, who: Member, current_password: str, new_password: str) -> None:
        """Raise `InvalidError` if the current password is wrong."""
        require(who, Right.CHANGE_OWN_PASSWORD)
        async with self.storage.transaction(who) as tx:
            stored_hash = await tx.users.password_hash(who.user_id)
        if not await self.passwords.verify(current_password, stored_hash):
            async with self.storage.transaction(who) as tx:
                await self._note(tx, who, Outcome.FAILURE)
            raise InvalidError("is not your current password", pointer="/current_password")
        new_hash = await self.passwords.hash(new_password)
        async with self.storage.transaction(who) as tx:
            await _store_password(tx, who.user_id, new_hash)
            await tx.sessions.end_all(who.user_id, keep=who.session_id)
            await self._note(tx, who, Outcome.SUCCESS)

    async def _note(self, tx: Transaction, who: Member, outcome: Outcome) -> None:
        target = ("user", who.user_id)
        await self.auditor.note(tx, who, "password.changed", target=target, outcome=outcome)


async def _store_password(tx: Transaction, user_id: UUID, password_hash: str) -> None:
    # Whoever demotes or deactivates a member takes this lock too: writing the member back must
    # not undo it.
    await tx.users.lock_admins()
    await tx.users.update(await tx.users.get(user_id), password_hash)


def _system(found: FoundUser, origin: Origin) -> System:
    return System(organization_id=found.organization_id, origin=origin)
