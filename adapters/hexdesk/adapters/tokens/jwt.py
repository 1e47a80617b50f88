"""Access tokens and capabilities as signed JSON Web Tokens."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Generic, TypeVar
from uuid import UUID

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from hexdesk.adapters.tokens.signing_keys import SigningKeys, key_id
from hexdesk.core.errors import UnauthenticatedError
from hexdesk.core.model.approvals import ApprovedCall
from hexdesk.core.model.identity import Role
from hexdesk.core.model.principals import AccessClaims, AgentRun, Capability, Customer, Member
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.tokens import AccessTokens, Capabilities

ALGORITHM = "HS256"
LEEWAY = timedelta(seconds=5)
"""How far the clocks of two machines may be apart."""
INVALID = "the token is not valid here"

# Up to the last second that a datetime can hold.
Timestamp = Annotated[int, msgspec.Meta(ge=0, lt=253_402_300_800)]


class _AccessToken(msgspec.Struct, frozen=True, kw_only=True):
    iss: str
    aud: tuple[str, ...]
    sub: UUID
    user_id: UUID
    organization_id: UUID
    role: Role
    sid: UUID
    iat: Timestamp
    exp: Timestamp
    jti: UUID


class _CapabilityToken(msgspec.Struct, frozen=True, kw_only=True):
    iss: str
    aud: str
    sub: UUID
    organization_id: UUID
    agent_id: UUID
    acts_for: Member | Customer
    thread_id: UUID | None
    run_id: UUID
    tools: tuple[str, ...]
    needs_approval: tuple[str, ...] = ()
    approved: ApprovedCall | None = None
    iat: Timestamp
    exp: Timestamp
    jti: UUID


_Claims = TypeVar("_Claims", _AccessToken, _CapabilityToken)


class JwtAccessTokens(AccessTokens):
    """Access tokens that the API and the tool server take; `audience` is the one that asks."""

    def __init__(
        self,
        keys: SigningKeys,
        clock: Clock,
        *,
        api_url: str,
        mcp_url: str,
        audience: str | None = None,
    ) -> None:
        self._clock = clock
        self._issuer = api_url
        self._audiences = (api_url, mcp_url)
        self._audience = api_url if audience is None else audience
        self._tokens = _SignedTokens("at+jwt", keys.derive("access tokens"), _AccessToken)

    def issue(self, claims: AccessClaims) -> str:
        return self._tokens.sign(
            _AccessToken(
                iss=self._issuer,
                aud=self._audiences,
                sub=claims.user_id,
                user_id=claims.user_id,
                organization_id=claims.organization_id,
                role=claims.role,
                sid=claims.session_id,
                iat=int(self._clock.now().timestamp()),
                exp=int(claims.expires_at.timestamp()),
                jti=self._clock.new_id(),
            )
        )

    def verify(self, token: str) -> AccessClaims:
        claims = self._tokens.read(token)
        if claims.iss != self._issuer or self._audience not in claims.aud:
            raise UnauthenticatedError(INVALID)
        return AccessClaims(
            user_id=claims.user_id,
            organization_id=claims.organization_id,
            session_id=claims.sid,
            role=claims.role,
            expires_at=_unexpired(claims.exp, self._clock),
        )


class JwtCapabilities(Capabilities):
    """Capabilities that the tool server alone takes."""

    def __init__(self, keys: SigningKeys, clock: Clock, *, api_url: str, mcp_url: str) -> None:
        self._clock = clock
        self._issuer = api_url
        self._audience = mcp_url
        self._tokens = _SignedTokens("cap+jwt", keys.derive("capabilities"), _CapabilityToken)

    def mint(self, run: AgentRun, lifetime: timedelta) -> str:
        now = self._clock.now()
        return self._tokens.sign(
            _CapabilityToken(
                iss=self._issuer,
                aud=self._audience,
                sub=run.agent_id,
                organization_id=run.organization_id,
                agent_id=run.agent_id,
                acts_for=run.acts_for,
                thread_id=run.thread_id,
                run_id=run.run_id,
                tools=tuple(sorted(run.tools)),
                needs_approval=tuple(sorted(run.needs_approval)),
                approved=run.approved,
                iat=int(now.timestamp()),
                exp=int((now + lifetime).timestamp()),
                jti=self._clock.new_id(),
            )
        )

    def verify(self, token: str) -> Capability:
        claims = self._tokens.read(token)
        if claims.iss != self._issuer or claims.aud != self._audience:
            raise UnauthenticatedError(INVALID)
        run = AgentRun(
            organization_id=claims.organization_id,
            agent_id=claims.agent_id,
            run_id=claims.run_id,
            acts_for=claims.acts_for,
            thread_id=claims.thread_id,
            tools=frozenset(claims.tools),
            needs_approval=frozenset(claims.needs_approval),
            approved=claims.approved,
        )
        return Capability(run=run, expires_at=_unexpired(claims.exp, self._clock))


class _SignedTokens(Generic[_Claims]):
    """Tokens of one type, signed and verified by the keys of one purpose."""

    def __init__(self, token_type: str, keys: Sequence[bytes], claims: type[_Claims]) -> None:
        self._registry = jws.JWSRegistry(algorithms=[ALGORITHM])
        headers = [{"typ": token_type, "alg": ALGORITHM, "kid": key_id(key)} for key in keys]
        self._header = headers[0]
        # Looking through a raw key for a mistaken public one takes long: import each key once.
        imported = [OctKey.import_key(key) for key in keys]
        self._key = imported[0]
        # Only we make these tokens, so their encoded headers are known to the letter: looking
        # one up pins type, algorithm and key before anything that a stranger sent is parsed.
        self._keys = {
            self._serialize(header, b"", key).partition(".")[0]: key
            for header, key in zip(headers, imported, strict=True)
        }
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(claims)

    def sign(self, claims: _Claims) -> str:
        """Return a token that makes these claims."""
        return self._serialize(self._header, self._encoder.encode(claims), self._key)

    def read(self, token: str) -> _Claims:
        """Return the claims of a token that is ours; whom and when it is for is not checked."""
        key = self._keys.get(token.partition(".")[0])
        if key is None:
            raise UnauthenticatedError(INVALID)
        try:
            signature = jws.deserialize_compact(token, key, registry=self._registry)
            return self._decoder.decode(signature.payload)
        except (JoseError, ValueError) as error:
            raise UnauthenticatedError(INVALID) from error

    def _serialize(self, header: dict[str, str], payload: bytes, key: OctKey) -> str:
        return jws.serialize_compact(header, payload, key, registry=self._registry)


def _unexpired(expires: int, clock: Clock) -> datetime:
    expires_at = datetime.fromtimestamp(expires, UTC)
    if clock.now() >= expires_at + LEEWAY:
        raise UnauthenticatedError("the token has expired")
    return expires_at
