"""Signed tokens: access tokens for people, capabilities for runs."""

from abc import abstractmethod
from datetime import timedelta
from typing import Protocol

from hexdesk.core.model.principals import AccessClaims, AgentRun, Capability


class AccessTokens(Protocol):
    """Issues and verifies members' access tokens (RFC 9068, `typ: at+jwt`)."""

    @abstractmethod
    def issue(self, claims: AccessClaims) -> str:
        """Return a signed token that says just this."""

    @abstractmethod
    def verify(self, token: str) -> AccessClaims:
        """Return what the token says.

        Raise `UnauthenticatedError` for a wrong type, key, audience or issuer, an expired
        token, or no token at all.
        """


class Capabilities(Protocol):
    """Mints and verifies runs' capabilities (`typ: cap+jwt`), with a key of their own."""

    @abstractmethod
    def mint(self, run: AgentRun, lifetime: timedelta) -> str:
        """Return a token that lets this run call these tools for so long."""

    @abstractmethod
    def verify(self, token: str) -> Capability:
        """Return what the token allows, or raise `UnauthenticatedError`."""
