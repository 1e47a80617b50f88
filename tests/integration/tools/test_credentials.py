"""Who may speak to the tool server over HTTP, and what everybody may know."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from hexdesk.adapters.health.probes import CallProbe
from hexdesk.adapters.tokens.jwt import JwtAccessTokens, JwtCapabilities
from hexdesk.adapters.tokens.signing_keys import SigningKeys
from hexdesk.adapters.tools.mcp_server import McpOptions, create_mcp_app
from hexdesk.core.model.identity import Role
from hexdesk.core.model.principals import AccessClaims, AgentRun, Origin
from hexdesk.core.use_cases.api_keys import NewApiKey
from hexdesk.core.use_cases.members import MemberChange
from tests.integration.desk_with_tools import (
    API_URL,
    HOUR,
    MCP_URL,
    SECRET,
    SignedIn,
    ToolDesk,
    tool_desk,
)
from tests.integration.mcp_clients import call, over_http, tls
from tests.integration.served import served

METADATA = "/.well-known/oauth-protected-resource/mcp"
ELSEWHERE = "https://elsewhere.example/mcp"
LIST: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/list",
    "params": {
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    },
}
HEADERS = {
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": "2026-07-28",
    "Mcp-Method": "tools/list",
}


@pytest.fixture
async def http(url: str) -> AsyncGenerator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=url, verify=tls(), trust_env=False) as http:
        yield http


async def ask(
    http: httpx2.AsyncClient, token: str | None, path: str = "/mcp", **headers: str
) -> httpx2.Response:
    """Ask for the list of tools."""
    shown = {"Authorization": f"Bearer {token}"} if token is not None else {}
    return await http.post(path, json=LIST, headers=HEADERS | shown | headers)


async def test_a_capability_is_enough(
    http: httpx2.AsyncClient, desk: ToolDesk, admin: SignedIn
) -> None:
    run = await desk.run_of(admin.who, "get_ticket")
    answer = await ask(http, desk.capability(run))
    assert answer.status_code == 200
    assert [tool["name"] for tool in answer.json()["result"]["tools"]] == ["get_ticket"]


@pytest.mark.parametrize("token", [None, ".", "garbage", "a.b.c", "hxd_nobodys"])
async def test_nobody_learns_where_to_find_out_more(
    http: httpx2.AsyncClient, token: str | None
) -> None:
    answer = await ask(http, token)
    assert answer.status_code == 401
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith("Bearer ")
    assert f'resource_metadata="http://127.0.0.1:8001{METADATA}"' in challenge


async def test_an_expired_capability_is_worth_nothing(
    http: httpx2.AsyncClient, desk: ToolDesk, admin: SignedIn
) -> None:
    capability = desk.capability(await desk.run_of(admin.who, "get_ticket"), timedelta(minutes=2))
    desk.clock.advance(119)
    assert (await ask(http, capability)).status_code == 200
    desk.clock.advance(60)
    assert (await ask(http, capability)).status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": "another secret of more than forty characters"},
        {"mcp_url": ELSEWHERE},
        {"api_url": "https://elsewhere.example"},
    ],
)
async def test_capabilities_of_others_are_worth_nothing(
    http: httpx2.AsyncClient, desk: ToolDesk, admin: SignedIn, wrong: dict[str, str]
) -> None:
    right = {"secret": SECRET, "api_url": API_URL, "mcp_url": MCP_URL}
    run = await desk.run_of(admin.who, "get_ticket")
    assert (await ask(http, _minted(desk, run, **right))).status_code == 200
    assert (await ask(http, _minted(desk, run, **right | wrong))).status_code == 401


def _minted(desk: ToolDesk, run: AgentRun, *, secret: str, api_url: str, mcp_url: str) -> str:
    capabilities = JwtCapabilities(
        SigningKeys(secret), desk.clock, api_url=api_url, mcp_url=mcp_url
    )
    return capabilities.mint(run, HOUR)


async def test_an_access_token_for_another_place_is_worth_nothing(
    http: httpx2.AsyncClient, desk: ToolDesk, admin: SignedIn
) -> None:
    tokens = JwtAccessTokens(
        SigningKeys(SECRET), desk.clock, api_url=API_URL, mcp_url=ELSEWHERE, audience=ELSEWHERE
    )
    assert admin.who.session_id is not None
    claims = AccessClaims(
        user_id=admin.who.user_id,
        organization_id=admin.who.organization_id,
        session_id=admin.who.session_id,
        role=Role.ADMIN,
        expires_at=desk.clock.now() + HOUR,
    )
    assert (await ask(http, tokens.issue(claims))).status_code == 401


async def test_a_member_comes_in_with_the_token_of_a_session(url: str, admin: SignedIn) -> None:
    async with over_http(f"{url}/mcp", admin.token) as client:
        made = await call(client, "create_ticket", {"title": "Login fails"})
    assert made.structured_content is not None
    assert made.structured_content["created_by_id"] == str(admin.who.user_id)
    assert made.structured_content["source"] == "api"


async def test_a_member_comes_in_with_an_api_key(url: str, desk: ToolDesk, admin: SignedIn) -> None:
    key = await desk.desk.identity.add_api_key(admin.who, NewApiKey(name="my assistant"))
    async with over_http(f"{url}/mcp", key.key) as client:
        assert not (await call(client, "list_tickets", {})).is_error
        assert (await call(client, "delete_ticket", {"ticket_id": 1})).is_error
    (event,) = await desk.refusals(admin)
    assert event.actor_id == key.id


async def test_what_was_taken_away_is_gone_at_once(
    http: httpx2.AsyncClient, desk: ToolDesk, admin: SignedIn, user: SignedIn
) -> None:
    assert (await ask(http, user.token)).status_code == 200
    change = MemberChange(is_active=False)
    await desk.desk.identity.change_member(admin.who, user.who.user_id, change)
    assert (await ask(http, user.token)).status_code == 401


async def test_a_signed_out_member_stays_out(http: httpx2.AsyncClient, desk: ToolDesk) -> None:
    await desk.register("Globex")
    tokens, _ = await desk.desk.identity.sign_in(
        "globex@example.com", "correct horse battery", Origin()
    )
    assert (await ask(http, tokens.access_token)).status_code == 200
    await desk.desk.identity.sign_out(tokens.refresh_token, Origin())
    assert (await ask(http, tokens.access_token)).status_code == 401


async def test_members_are_told_to_come_back_while_storage_is_gone(
    http: httpx2.AsyncClient, desk: ToolDesk, admin: SignedIn
) -> None:
    desk.storage.is_down = True
    answer = await ask(http, admin.token)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("path", ["/mcp%0A", "//mcp", "/mcp/x", "/MCP", "/", "/metrics"])
async def test_no_other_spelling_of_the_path_leads_anywhere(
    http: httpx2.AsyncClient, admin: SignedIn, path: str
) -> None:
    assert (await ask(http, admin.token, path)).status_code == 404
    assert (await ask(http, None, path)).status_code == 404


async def test_a_slash_at_the_end_changes_nothing(
    http: httpx2.AsyncClient, admin: SignedIn
) -> None:
    assert (await ask(http, None, "/mcp/")).status_code == 401
    assert (await ask(http, admin.token, "/mcp/")).status_code == 200


async def test_the_metadata_name_no_authorization_server(http: httpx2.AsyncClient) -> None:
    answer = await http.get(METADATA)
    assert answer.status_code == 200
    assert answer.json() == {
        "resource": MCP_URL,
        "bearer_methods_supported": ["header"],
        "resource_name": "hexdesk tools",
    }


async def test_health_needs_no_credentials_and_shows_nothing_of_tenants(
    http: httpx2.AsyncClient, admin: SignedIn
) -> None:
    answer = await http.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "version": "0", "components": {}}
    assert answer.headers["cache-control"] == "no-store"


async def test_health_says_when_the_desk_is_down() -> None:
    async def fail() -> None:
        raise ConnectionError

    probe = CallProbe(name="database", call=fail, is_vital=True)
    async with tool_desk(probes=[probe]) as desk:
        app = create_mcp_app(desk.desk, desk.verifier, McpOptions(public_url=MCP_URL))
        async with (
            served(app) as url,
            httpx2.AsyncClient(base_url=url, verify=tls(), trust_env=False) as http,
        ):
            answer = await http.get("/health")
    assert answer.status_code == 503
    assert answer.json()["components"]["database"]["status"] == "down"


async def test_a_strange_host_name_is_refused(http: httpx2.AsyncClient, admin: SignedIn) -> None:
    assert (await ask(http, admin.token, Host="rebound.example")).status_code == 421
    assert (await ask(http, admin.token, Origin="https://rebound.example")).status_code == 403
    assert (await ask(http, admin.token, Host="localhost:8001")).status_code == 200


async def test_the_public_name_is_known(desk: ToolDesk, admin: SignedIn) -> None:
    options = McpOptions(public_url="https://tools.example/mcp")
    async with (
        served(create_mcp_app(desk.desk, desk.verifier, options)) as url,
        httpx2.AsyncClient(base_url=url, verify=tls(), trust_env=False) as http,
    ):
        assert (await ask(http, admin.token, Host="tools.example")).status_code == 200
        assert (await ask(http, admin.token, Host="rebound.example")).status_code == 421


async def test_no_token_is_remembered_from_one_request_to_the_next(
    http: httpx2.AsyncClient, admin: SignedIn
) -> None:
    assert (await ask(http, admin.token)).status_code == 200
    assert (await ask(http, None)).status_code == 401


async def test_two_organizations_on_one_connection_see_their_own(
    http: httpx2.AsyncClient, desk: ToolDesk, admin: SignedIn
) -> None:
    stranger = await desk.register("Globex")
    run = await desk.run_of(stranger.who, "get_ticket")
    first = await ask(http, admin.token)
    second = await ask(http, desk.capability(run))
    assert len(first.json()["result"]["tools"]) == 13
    assert len(second.json()["result"]["tools"]) == 1
