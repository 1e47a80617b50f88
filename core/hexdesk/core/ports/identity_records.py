"""Records of who is who."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol
from uuid import UUID

from hexdesk.core.model.identity import ApiKey, Organization, RefreshToken, Session, User
from hexdesk.core.model.listing import Page, Slice


class Organizations(Protocol):
    """The one organization that the transaction sees."""

    @abstractmethod
    async def get(self) -> Organization:
        """Return it."""

    @abstractmethod
    async def add(self, organization: Organization) -> None:
        """Store it; raise `ConflictError` if its slug is taken."""

    @abstractmethod
    async def update(self, organization: Organization) -> None:
        """Store its name and settings."""


class Users(Protocol):
    """The organization's members."""

    @abstractmethod
    async def get(self, user_id: UUID) -> User:
        """Return the member."""

    @abstractmethod
    async def page(self, part: Slice) -> Page[User]:
        """Return a part of the list."""

    @abstractmethod
    async def add(self, user: User, password_hash: str) -> None:
        """Store a member; raise `ConflictError` if the e-mail is taken in the installation."""

    @abstractmethod
    async def update(self, user: User, password_hash: str | None = None) -> None:
        """Store the member, and a new password hash if one is given; `ConflictError` as above."""

    @abstractmethod
    async def password_hash(self, user_id: UUID) -> str:
        """Return the hash of the member's password."""

    @abstractmethod
    async def remove(self, user_id: UUID) -> None:
        """Remove the member, its sessions and keys; what it made stays, without a name."""

    @abstractmethod
    async def lock_admins(self) -> tuple[UUID, ...]:
        """Return the active admins' ids; other transactions that ask wait until this one ends."""


class Sessions(Protocol):
    """The members' sessions."""

    @abstractmethod
    async def add(self, session: Session) -> None:
        """Store a session."""

    @abstractmethod
    async def active_user(self, session_id: UUID) -> User | None:
        """Return the active member whose session it is and has not ended, or None."""

    @abstractmethod
    async def is_known_address(self, user_id: UUID, ip: str) -> bool:
        """Tell whether the member has signed in from the address before."""

    @abstractmethod
    async def end(self, session_id: UUID) -> None:
        """End the session: its refresh and access tokens are worth nothing from now on."""

    @abstractmethod
    async def end_all(self, user_id: UUID, *, keep: UUID | None = None) -> None:
        """End all of the member's sessions but `keep`."""


class RefreshTokens(Protocol):
    """The refresh tokens of sessions, spent ones too: their reuse must be seen."""

    @abstractmethod
    async def add(self, token: RefreshToken) -> None:
        """Store a refresh token."""

    @abstractmethod
    async def spend(self, token_id: UUID) -> RefreshToken | None:
        """Mark the token as used; None if it is spent or over, or its session has ended.

        Of two that spend the same token at once, one gets it.
        """

    @abstractmethod
    async def forget(self, before: datetime) -> int:
        """Remove a batch of tokens that ran out before then, and sessions that have none left.

        A member's newest session from an address stays: the address stays known. Return how many
        tokens were removed; 0 when none is left.
        """


class ApiKeys(Protocol):
    """The organization's API keys."""

    @abstractmethod
    async def page(self, part: Slice) -> Page[ApiKey]:
        """Return a part of the list."""

    @abstractmethod
    async def add(self, api_key: ApiKey, key_hash: bytes) -> None:
        """Store a key's hash."""

    @abstractmethod
    async def remove(self, api_key_id: UUID) -> ApiKey:
        """Remove the key and return what it was."""

    @abstractmethod
    async def active_owner(self, api_key_id: UUID) -> tuple[ApiKey, User] | None:
        """Return the key and the active member who made it, or None if either is over.

        Notes that the key was used, at most once a minute.
        """
