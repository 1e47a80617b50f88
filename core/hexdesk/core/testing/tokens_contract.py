"""What everything that issues and verifies tokens does."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import UnauthenticatedError
from hexdesk.core.model.identity import Role
from hexdesk.core.model.principals import (
    AccessClaims,
    AgentRun,
    Capability,
    Customer,
    Member,
    Origin,
)
from hexdesk.core.ports.tokens import AccessTokens, Capabilities
from hexdesk.core.testing.examples import new_id
from hexdesk.core.testing.steady import NOON, SteadyClock

MINUTE = timedelta(minutes=1)
NO_TOKENS = ("", "x", "a.b.c", "hxd_abc", "\N{SNOWMAN}", "access.7b7d", "capability.zz")


def claims() -> AccessClaims:
    """Return the claims of a token that is good for a minute."""
    return AccessClaims(
        user_id=new_id(),
        organization_id=new_id(),
        session_id=new_id(),
        role=Role.USER,
        expires_at=NOON + MINUTE,
    )


def agent_run() -> AgentRun:
    """Return an agent at work for a customer."""
    organization_id = new_id()
    return AgentRun(
        organization_id=organization_id,
        agent_id=new_id(),
        run_id=new_id(),
        thread_id=new_id(),
        tools=frozenset({"get_ticket", "create_ticket"}),
        acts_for=Customer(organization_id=organization_id, customer_id="U1", email="c@example.com"),
    )


class AccessTokensContract:
    """Define a fixture `tokens` that goes by the fixture `clock`, a `SteadyClock` at noon."""

    def test_a_token_says_what_it_was_issued_for(self, tokens: AccessTokens) -> None:
        said = claims()
        assert tokens.verify(tokens.issue(said)) == said

    def test_an_expired_token_proves_nothing(
        self, tokens: AccessTokens, clock: SteadyClock
    ) -> None:
        token = tokens.issue(claims())
        clock.advance(59)
        tokens.verify(token)
        clock.advance(11)
        with pytest.raises(UnauthenticatedError):
            tokens.verify(token)

    @pytest.mark.parametrize("token", NO_TOKENS)
    def test_what_is_no_token_proves_nothing(self, tokens: AccessTokens, token: str) -> None:
        with pytest.raises(UnauthenticatedError):
            tokens.verify(token)


class CapabilitiesContract:
    """Define a fixture `capabilities` that goes by the fixture `clock`, a `SteadyClock` at noon.

    A fixture `tokens` gives access tokens of the same installation.
    """

    def test_a_capability_allows_what_it_was_minted_for(self, capabilities: Capabilities) -> None:
        run = agent_run()
        verified = capabilities.verify(capabilities.mint(run, MINUTE))
        assert verified == Capability(run=run, expires_at=NOON + MINUTE)

    def test_a_capability_remembers_the_member_it_acts_for(
        self, capabilities: Capabilities
    ) -> None:
        run = agent_run()
        member = Member(
            organization_id=run.organization_id,
            user_id=new_id(),
            role=Role.ADMIN,
            session_id=new_id(),
            origin=Origin(ip="192.0.2.1", request_id="request-1"),
        )
        run = replace(run, acts_for=member, thread_id=None, tools=frozenset())
        assert capabilities.verify(capabilities.mint(run, MINUTE)).run == run

    def test_an_expired_capability_allows_nothing(
        self, capabilities: Capabilities, clock: SteadyClock
    ) -> None:
        token = capabilities.mint(agent_run(), MINUTE)
        clock.advance(70)
        with pytest.raises(UnauthenticatedError):
            capabilities.verify(token)

    @pytest.mark.parametrize("token", NO_TOKENS)
    def test_what_is_no_capability_allows_nothing(
        self, capabilities: Capabilities, token: str
    ) -> None:
        with pytest.raises(UnauthenticatedError):
            capabilities.verify(token)

    def test_neither_passes_for_the_other(
        self, capabilities: Capabilities, tokens: AccessTokens
    ) -> None:
        with pytest.raises(UnauthenticatedError):
            capabilities.verify(tokens.issue(claims()))
        with pytest.raises(UnauthenticatedError):
            tokens.verify(capabilities.mint(agent_run(), MINUTE))
