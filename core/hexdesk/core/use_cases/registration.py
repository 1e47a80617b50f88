"""Registration: a company signs up and has an agent at once."""

from dataclasses import dataclass

from hexdesk.core.model.identity import Organization, Registration, Role, Tokens, User
from hexdesk.core.model.principals import Member, Origin, System
from hexdesk.core.policy.slugs import slug
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.passwords import Passwords
from hexdesk.core.ports.storage import Storage
from hexdesk.core.use_cases.agents import ensure_organization_agent
from hexdesk.core.use_cases.audit import Auditor
from hexdesk.core.use_cases.sessions import SessionStarter


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Found an organization with its first member, an admin, and its default agent."""

    storage: Storage
    clock: Clock
    passwords: Passwords
    sessions: SessionStarter
    auditor: Auditor

    async def __call__(self, wish: Registration, origin: Origin) -> Tokens:
        """Do it all in one transaction; raise `ConflictError` if the e-mail is taken."""
        password_hash = await self.passwords.hash(wish.password)
        now = self.clock.now()
        organization_id = self.clock.new_id()
        organization = Organization(
            id=organization_id,
            name=wish.organization_name.strip(),
            slug=slug(wish.organization_name, organization_id),
            created_at=now,
        )
        user = User(
            id=self.clock.new_id(),
            organization_id=organization_id,
            email=wish.email,
            full_name=wish.full_name,
            role=Role.ADMIN,
            created_at=now,
        )
        who = System(organization_id=organization_id, origin=origin)
        async with self.storage.transaction(who) as tx:
            await tx.organizations.add(organization)
            await tx.users.add(user, password_hash)
            await ensure_organization_agent(tx, self.clock, organization_id, user.id)
            tokens = await self.sessions.start(tx, user, organization, origin)
            member = Member(
                organization_id=organization_id, user_id=user.id, role=user.role, origin=origin
            )
            await self.auditor.note(
                tx, member, "organization.registered", target=("organization", organization_id)
            )
        return tokens
