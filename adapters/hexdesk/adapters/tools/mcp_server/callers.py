"""Who calls a tool: a run with its capability, or a member with a token or API key."""

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken, TokenVerifier
from pydantic import ConfigDict

from hexdesk.core.errors import UnauthenticatedError
from hexdesk.core.model.principals import AgentRun, Member, Origin
from hexdesk.core.ports.tokens import Capabilities
from hexdesk.core.use_cases.sessions import Authenticate

Caller = AgentRun | Member


class CallerToken(AccessToken):
    """A verified token with the principal that it stands for."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    caller: Caller


class CallerVerifier(TokenVerifier):
    """Verifies tokens the same way for every transport."""

    def __init__(self, capabilities: Capabilities, authenticate: Authenticate) -> None:
        """Keep what tells capabilities from members' credentials."""
        self._capabilities = capabilities
        self._authenticate = authenticate

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return the token with its principal, or None for one that is worth nothing."""
        try:
            capability = self._capabilities.verify(token)
        except UnauthenticatedError:
            return await self._member(token)
        run = capability.run
        # Without `expires_at`: the desk's clock has judged it, and the SDK would ask another one.
        return CallerToken.model_construct(
            token="",
            client_id=str(run.agent_id),
            scopes=[],
            subject=str(run.run_id),
            caller=run,
        )

    async def _member(self, token: str) -> AccessToken | None:
        try:
            member = await self._authenticate(token, Origin())
        except UnauthenticatedError:
            return None
        return CallerToken.model_construct(
            token="",
            client_id=str(member.api_key_id or member.session_id),
            scopes=[],
            subject=str(member.user_id),
            caller=member,
        )


def caller() -> Caller:
    """Return the caller of the request at hand; raise `UnauthenticatedError` without one."""
    token = get_access_token()
    if not isinstance(token, CallerToken):
        raise UnauthenticatedError("present an access token, an API key or a capability")
    return token.caller
