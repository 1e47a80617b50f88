"""Tokens say what they were made to say, to those they are for, until they expire."""

import json
from base64 import urlsafe_b64decode
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws, jwt
from joserfc.jwk import OctKey

from hexdesk.adapters.tokens.jwt import JwtAccessTokens, JwtCapabilities
from hexdesk.adapters.tokens.signing_keys import SigningKeys, key_id
from hexdesk.core.errors import UnauthenticatedError
from hexdesk.core.model.identity import Role
from hexdesk.core.model.principals import AccessClaims, AgentRun, Customer, Member, Origin
from hexdesk.core.testing import NOON, SteadyClock

API = "http://desk.example:8000"
MCP = "http://desk.example:8001/mcp"
OLD = "an-old-secret-of-enough-characters"
NEW = "a-new-secret-of-enough-characters"
ORGANIZATION, USER, SESSION, AGENT, RUN, THREAD = (UUID(int=number) for number in range(1, 7))
CLAIMS = AccessClaims(
    user_id=USER,
    organization_id=ORGANIZATION,
    session_id=SESSION,
    role=Role.ADMIN,
    expires_at=NOON + timedelta(seconds=600),
)
MEMBER = Member(
    organization_id=ORGANIZATION,
    user_id=USER,
    role=Role.USER,
    session_id=SESSION,
    origin=Origin(ip="192.0.2.1", request_id="r-1"),
)
CUSTOMER = Customer(
    organization_id=ORGANIZATION, customer_id="slack:U1", email="c@example.com", is_verified=True
)


def access_tokens(
    secrets: str = OLD,
    clock: SteadyClock | None = None,
    *,
    api_url: str = API,
    audience: str | None = None,
) -> JwtAccessTokens:
    return JwtAccessTokens(
        SigningKeys(secrets),
        clock or SteadyClock(),
        api_url=api_url,
        mcp_url=MCP,
        audience=audience,
    )


def capabilities(
    secrets: str = OLD, clock: SteadyClock | None = None, *, mcp_url: str = MCP
) -> JwtCapabilities:
    return JwtCapabilities(
        SigningKeys(secrets), clock or SteadyClock(), api_url=API, mcp_url=mcp_url
    )


def agent_run(acts_for: Member | Customer = MEMBER, thread_id: UUID | None = THREAD) -> AgentRun:
    return AgentRun(
        organization_id=ORGANIZATION,
        agent_id=AGENT,
        run_id=RUN,
        acts_for=acts_for,
        thread_id=thread_id,
        tools=frozenset({"get_ticket", "create_ticket"}),
    )


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, payload, _ = token.split(".")
    return (
        json.loads(urlsafe_b64decode(header + "==")),
        json.loads(urlsafe_b64decode(payload + "==")),
    )


def forge(claims: dict[str, Any], **header: str) -> str:
    """Sign any claims with the real key of access tokens."""
    [key] = SigningKeys(OLD).derive("access tokens")
    headers = {"typ": "at+jwt", "alg": "HS256", "kid": key_id(key), **header}
    return jwt.encode(headers, claims, OctKey.import_key(key))


def test_an_access_token_says_what_it_was_issued_for() -> None:
    assert access_tokens().verify(access_tokens().issue(CLAIMS)) == CLAIMS


def test_an_access_token_has_the_header_and_claims_of_the_contract() -> None:
    header, payload = parts(access_tokens().issue(CLAIMS))
    assert header["typ"] == "at+jwt"
    assert header["alg"] == "HS256"
    assert header["kid"]
    assert UUID(payload.pop("jti")).version == 7
    assert payload == {
        "sub": str(USER),
        "user_id": str(USER),
        "organization_id": str(ORGANIZATION),
        "role": "admin",
        "sid": str(SESSION),
        "iat": int(NOON.timestamp()),
        "exp": int(NOON.timestamp()) + 600,
        "iss": API,
        "aud": [API, MCP],
    }


def test_no_two_access_tokens_are_the_same() -> None:
    tokens = access_tokens()
    assert tokens.issue(CLAIMS) != tokens.issue(CLAIMS)


@pytest.mark.parametrize("audience", [API, MCP])
def test_api_and_tool_server_take_the_same_access_token(audience: str) -> None:
    assert access_tokens(audience=audience).verify(access_tokens().issue(CLAIMS)) == CLAIMS


def test_nobody_else_takes_an_access_token() -> None:
    with pytest.raises(UnauthenticatedError):
        access_tokens(audience="http://other.example").verify(access_tokens().issue(CLAIMS))


def test_another_installation_with_the_same_secret_does_not_take_an_access_token() -> None:
    other = access_tokens(api_url="http://other.example", audience=MCP)
    with pytest.raises(UnauthenticatedError):
        other.verify(access_tokens().issue(CLAIMS))


def test_an_access_token_expires_a_few_seconds_late_at_most() -> None:
    clock = SteadyClock()
    tokens = access_tokens(clock=clock)
    token = tokens.issue(CLAIMS)
    clock.advance(604)
    assert tokens.verify(token) == CLAIMS
    clock.advance(1)
    with pytest.raises(UnauthenticatedError, match="expired"):
        tokens.verify(token)


def test_a_new_secret_in_front_leaves_old_tokens_valid_and_signs_new_ones() -> None:
    before, during, after = access_tokens(OLD), access_tokens(f"{NEW},{OLD}"), access_tokens(NEW)
    assert during.verify(before.issue(CLAIMS)) == CLAIMS
    assert after.verify(during.issue(CLAIMS)) == CLAIMS
    with pytest.raises(UnauthenticatedError):
        after.verify(before.issue(CLAIMS))


@pytest.mark.parametrize("acts_for", [MEMBER, CUSTOMER])
@pytest.mark.parametrize("thread_id", [THREAD, None])
def test_a_capability_gives_back_the_run(
    acts_for: Member | Customer, thread_id: UUID | None
) -> None:
    run = agent_run(acts_for, thread_id)
    read = capabilities().verify(capabilities().mint(run, timedelta(minutes=3)))
    assert read.run == run
    assert read.expires_at == NOON + timedelta(minutes=3)


def test_a_capability_has_the_header_and_claims_of_the_contract() -> None:
    header, payload = parts(capabilities().mint(agent_run(), timedelta(minutes=3)))
    assert header["typ"] == "cap+jwt"
    assert payload["aud"] == MCP
    assert payload["acts_for"] == {
        "type": "member",
        "organization_id": str(ORGANIZATION),
        "user_id": str(USER),
        "role": "user",
        "session_id": str(SESSION),
        "api_key_id": None,
        "origin": {"ip": "192.0.2.1", "request_id": "r-1"},
    }
    assert payload["tools"] == ["create_ticket", "get_ticket"]
    assert payload["exp"] - payload["iat"] == 180


def test_a_capability_expires() -> None:
    clock = SteadyClock()
    caps = capabilities(clock=clock)
    token = caps.mint(agent_run(), timedelta(minutes=3))
    clock.advance(185)
    with pytest.raises(UnauthenticatedError, match="expired"):
        caps.verify(token)


def test_another_tool_server_does_not_take_a_capability() -> None:
    with pytest.raises(UnauthenticatedError):
        capabilities(mcp_url="http://other.example/mcp").verify(
            capabilities().mint(agent_run(), timedelta(minutes=3))
        )


def test_a_capability_is_no_access_token_and_an_access_token_no_capability() -> None:
    with pytest.raises(UnauthenticatedError):
        access_tokens(audience=MCP).verify(capabilities().mint(agent_run(), timedelta(minutes=3)))
    with pytest.raises(UnauthenticatedError):
        capabilities().verify(access_tokens().issue(CLAIMS))


@pytest.mark.parametrize(
    "header", [{"typ": "JWT"}, {"typ": "cap+jwt"}, {"kid": "other"}, {"alg": "HS512"}]
)
def test_a_header_that_is_not_ours_to_the_letter_is_refused(header: dict[str, str]) -> None:
    _, claims = parts(access_tokens().issue(CLAIMS))
    assert access_tokens().verify(forge(claims)) == CLAIMS
    [key] = SigningKeys(OLD).derive("access tokens")
    registry = jws.JWSRegistry(algorithms=["HS256", "HS512"])
    headers = {"typ": "at+jwt", "alg": "HS256", "kid": key_id(key), **header}
    forged = jwt.encode(headers, claims, OctKey.import_key(key), registry=registry)
    with pytest.raises(UnauthenticatedError):
        access_tokens().verify(forged)


def test_an_unsigned_token_is_refused() -> None:
    header, payload, _ = access_tokens().issue(CLAIMS).split(".")
    for token in (f"{header}.{payload}.", f"{header}.{payload}", header, "", ".", "..", "a.b.c.d"):
        with pytest.raises(UnauthenticatedError):
            access_tokens().verify(token)


@given(st.text())
@settings(database=None, deadline=None)
def test_any_text_at_all_is_refused_politely(text: str) -> None:
    for reader in (access_tokens(), capabilities()):
        with pytest.raises(UnauthenticatedError):
            reader.verify(text)


@given(st.data())
@settings(database=None, deadline=None)
def test_a_token_with_anything_changed_in_it_is_refused_politely(data: st.DataObject) -> None:
    token = access_tokens().issue(CLAIMS)
    start = data.draw(st.integers(0, len(token)))
    end = data.draw(st.integers(start, min(start + 5, len(token))))
    changed = token[:start] + data.draw(st.text(max_size=5)) + token[end:]
    if changed != token:
        with pytest.raises(UnauthenticatedError):
            access_tokens().verify(changed)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
WHOLE = parts(access_tokens().issue(CLAIMS))[1]


@given(st.sampled_from(sorted(WHOLE)), json_values)
@settings(database=None, deadline=None)
def test_odd_claims_under_a_good_signature_are_refused_politely(name: str, value: Any) -> None:
    odd = {**WHOLE, name: value}
    try:
        assert isinstance(access_tokens().verify(forge(odd)), AccessClaims)
    except UnauthenticatedError:
        return


@pytest.mark.parametrize("payload", [b"", b"null", b"[]", b"{}", b"\xff", b"[" * 50_000])
def test_an_odd_payload_under_a_good_signature_is_refused_politely(payload: bytes) -> None:
    [key] = SigningKeys(OLD).derive("access tokens")
    header = {"typ": "at+jwt", "alg": "HS256", "kid": key_id(key)}
    with pytest.raises(UnauthenticatedError):
        access_tokens().verify(jws.serialize_compact(header, payload, OctKey.import_key(key)))
