"""The tool server as a process of its own: used over HTTP, missed when it is gone, found again."""

import asyncio
import base64
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx2
import msgspec
import pytest

from hexdesk.adapters.clock.system import SystemClock
from hexdesk.adapters.storage.postgres.embedded import EmbeddedPostgres
from hexdesk.adapters.tokens.jwt import JwtAccessTokens, JwtCapabilities
from hexdesk.adapters.tokens.signing_keys import SigningKeys
from hexdesk.core.model.identity import Role
from hexdesk.core.model.principals import AgentRun
from hexdesk.core.model.principals import Member as Person
from hexdesk.core.ports.tokens import AccessClaims
from hexdesk.entrypoints.settings import DEFAULT_API_URL, DEFAULT_MCP_URL
from tests.database import Database
from tests.e2e.resilience.apart import LEASE_SECONDS, SECRET, apart, made_ready
from tests.e2e.resilience.client import Answer, Member, check_whole
from tests.e2e.resilience.model import Model, brings_result
from tests.e2e.resilience.processes import Hexdesk, running
from tests.integration.postgres.waiting import until
from tests.openai_server import Bench, ChatRequest, Reply, ToolCall

ANSWER = "That is all I know."
NOTICE = "My tools are temporarily unavailable"
FILES_A_TICKET = Bench(tool="create_ticket", arguments={"title": "Leak"}, text=ANSWER)


class House:
    """An API and its tool server."""

    def __init__(self, api: Hexdesk, tools: Hexdesk) -> None:
        self.api = api
        self.tools = tools

    async def ask(self, model: Model, member: Member, said: str) -> Answer:
        """Ask an agent that nobody has asked before for a ticket."""
        model.when(said, FILES_A_TICKET)
        return await member.say(await member.thread(), said)


@pytest.fixture(scope="module")
async def house(
    desk_database: Database, process_folder: Path, model: Model
) -> AsyncGenerator[House]:
    """An API whose agents use a tool server in another process."""
    tools = apart("mcp", process_folder / "mcp", desk_database, model)
    api = apart(
        "api",
        process_folder / "api-with-mcp",
        desk_database,
        model,
        HEXDESK_MCP_URL=f"{tools.url}/mcp",
        HEXDESK_TOOL_TIMEOUT="1",
    )
    async with running(api, tools):
        yield House(api, tools)


@pytest.fixture(scope="module")
def own_database(postgres_server: EmbeddedPostgres) -> Database:
    """A database that nobody else is there to go on with a run of."""
    return made_ready(postgres_server, "tools_apart")


@pytest.fixture
async def with_tools(house: House) -> House:
    """The house with both processes running."""
    if not house.tools.is_running:
        await house.tools.start()
    return house


async def test_an_agent_uses_tools_of_another_process(
    with_tools: House, model: Model, http: httpx2.AsyncClient
) -> None:
    ann = await Member.register(http, with_tools.api.url)
    answer = await _until_well(with_tools, model, ann)
    (use,) = answer.body["tools_used"]
    assert (use["name"], use["status"]) == ("create_ticket", "ok")
    (ticket, *_) = await ann.tickets()
    assert (ticket["title"], ticket["source"]) == ("Leak", "agent")
    assert ticket["thread_id"] == answer.body["thread_id"]
    health = await with_tools.api.health()
    assert health["components"]["mcp"]["status"] == "ok"


async def test_without_a_tool_server_at_the_start_agents_answer_and_say_what_they_lack(
    with_tools: House, model: Model, http: httpx2.AsyncClient
) -> None:
    with_tools.tools.kill()
    with_tools.api.kill()
    await with_tools.api.start()
    ann = await Member.register(http, with_tools.api.url)
    answer = await with_tools.ask(model, ann, "is there a leak?")
    assert answer.status == 201
    assert answer.content.startswith(f"{ANSWER}\n\n{NOTICE}")
    assert answer.body["degraded_reason"] == "mcp_unavailable"
    (request,) = model.requests("is there a leak?")
    assert not request.tool_names
    health = await with_tools.api.health()
    assert (health["status"], health["components"]["mcp"]["status"]) == ("degraded", "degraded")
    await with_tools.tools.start()
    await _until_well(with_tools, model, ann)


async def test_a_run_goes_on_when_the_tool_server_dies_in_its_midst_and_later_ones_recover(
    with_tools: House, model: Model, http: httpx2.AsyncClient
) -> None:
    ann = await Member.register(http, with_tools.api.url)
    await _until_well(with_tools, model, ann)
    thread = await ann.thread()

    def calls_twice(request: ChatRequest) -> Reply:
        results = [one for one in request.messages if one["role"] == "tool"]
        if len(results) == 2:
            return Reply(text=ANSWER)
        return Reply(tool_calls=(ToolCall(name="list_integrations"),))

    said = "look twice"
    model.when(said, model.held(calls_twice, when=brings_result))
    async with ann.say_streaming(thread, said) as stream:
        await model.asked(said, 2)
        with_tools.tools.kill()
        model.resume()
        await stream.to_end()
    _, message = await ann.messages(thread)
    response = check_whole(stream.events, message)
    assert [use["status"] for use in response["tools_used"]] == ["ok", "error"]
    assert "temporarily unavailable" in response["tools_used"][1]["error"]
    assert response["degraded_reason"] == "mcp_unavailable"
    assert message["content"].startswith(f"{ANSWER}\n\n{NOTICE}")
    for count in range(3):
        answer = await with_tools.ask(model, ann, f"once more ({count})")
        assert answer.body["degraded_reason"] == "mcp_unavailable"
    await with_tools.tools.start()
    answer = await _until_well(with_tools, model, ann)
    assert NOTICE not in answer.content


async def test_a_run_does_not_wait_for_a_tool_server_that_sleeps(
    with_tools: House, model: Model, http: httpx2.AsyncClient
) -> None:
    ann = await Member.register(http, with_tools.api.url)
    await _until_well(with_tools, model, ann)
    with_tools.tools.sleep()
    try:
        model.when("are you awake?", Bench(tool="list_integrations", arguments={}, text=ANSWER))
        answer = await ann.say(await ann.thread(), "are you awake?")
    finally:
        with_tools.tools.wake()
    assert answer.body["degraded_reason"] == "mcp_unavailable"
    assert [use["status"] for use in answer.body["tools_used"]] == ["error"]
    assert answer.body["response_time_ms"] < 10_000


async def test_tokens_for_another_audience_are_refused_by_both(
    with_tools: House, model: Model, http: httpx2.AsyncClient
) -> None:
    ann = await Member.register(http, with_tools.api.url)
    claims = _claims(ann.token)
    keys, clock = SigningKeys(SECRET), SystemClock()
    person = Person(
        organization_id=claims.organization_id, user_id=claims.user_id, role=claims.role
    )
    run = AgentRun(
        organization_id=claims.organization_id,
        agent_id=clock.new_id(),
        run_id=clock.new_id(),
        acts_for=person,
        tools=frozenset({"list_tickets"}),
    )

    def tokens(api_url: str, mcp_url: str) -> tuple[str, str]:
        access = JwtAccessTokens(keys, clock, api_url=api_url, mcp_url=mcp_url)
        capabilities = JwtCapabilities(keys, clock, api_url=api_url, mcp_url=mcp_url)
        return access.issue(claims), capabilities.mint(run, timedelta(minutes=1))

    access, capability = tokens(DEFAULT_API_URL, DEFAULT_MCP_URL)
    assert await _statuses(with_tools, http, access) == (200, 200)
    assert await _statuses(with_tools, http, capability) == (401, 200)
    elsewhere, capability_elsewhere = tokens("https://elsewhere", "https://elsewhere/mcp")
    assert await _statuses(with_tools, http, elsewhere) == (401, 401)
    assert await _statuses(with_tools, http, capability_elsewhere) == (401, 401)
    # The right issuer, and an audience that is neither of ours.
    stray = tokens(DEFAULT_API_URL, "https://elsewhere/mcp")
    assert await _statuses(with_tools, http, stray[0]) == (200, 401)
    assert await _statuses(with_tools, http, stray[1]) == (401, 401)


async def test_a_run_whose_process_is_gone_waits_for_one_that_does_runs(
    own_database: Database, process_folder: Path, model: Model, http: httpx2.AsyncClient
) -> None:
    tools = apart("mcp", process_folder / "mcp-alone", own_database, model)
    api = apart("api", process_folder / "api-alone", own_database, model)
    async with running(api, tools):
        ann = await Member.register(http, api.url)
        thread = await ann.thread()
        model.when("wait for me", model.held(FILES_A_TICKET))
        async with ann.say_streaming(thread, "wait for me") as stream:
            await model.asked("wait for me")
            await stream.until(lambda stream: stream.has("run.started"))
            api.kill()
            await stream.to_end()
        model.resume()
        # A tool that ends the tool server would take the answer with it, so that one leaves the
        # run alone, also once its lease is over. Whoever takes runs over looks thrice in a lease.
        await until(lambda: _is_abandoned(own_database))
        await asyncio.sleep(LEASE_SECONDS)
        await api.start()
        run = stream.events[0].data["run_id"]
        async with ann.follow(thread, run, stream.events[-1].id) as rest:
            await rest.to_end()
        assert (await ann.messages(thread))[-1]["content"] == ANSWER
    assert "run taken over" in api.log.read_text(encoding="utf-8")
    assert "run taken over" not in tools.log.read_text(encoding="utf-8")


async def _is_abandoned(database: Database) -> bool:
    superuser = await asyncpg.connect(database.superuser_url)
    try:
        return await superuser.fetchval("SELECT bool_and(lease_until < now()) FROM runs")
    finally:
        await superuser.close()


async def _until_well(house: House, model: Model, member: Member) -> Answer:
    """Ask until the tools can be used again: a broken server is left alone for some seconds."""
    answers: list[Answer] = []

    async def is_well() -> bool:
        answers.append(await house.ask(model, member, "is it well?"))
        return not answers[-1].body["degraded"]

    await until(is_well)
    return answers[-1]


async def _statuses(house: House, http: httpx2.AsyncClient, token: str) -> tuple[int, int]:
    """Return what the API and the tool server answer to a token."""
    headers = {"authorization": f"Bearer {token}"}
    api = await http.get(f"{house.api.url}/api/v1/tickets", headers=headers)
    call = b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}'
    mcp = await http.post(
        f"{house.tools.url}/mcp",
        content=call,
        headers=headers
        | {
            "content-type": "application/json",
            "accept": "application/json, text/event-stream",
            "mcp-protocol-version": "2025-06-18",
        },
    )
    for answer in (api, mcp):
        assert (answer.status_code == 401) == ("www-authenticate" in answer.headers)
    return api.status_code, mcp.status_code


def _claims(token: str) -> AccessClaims:
    payload = token.split(".")[1]
    told = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return AccessClaims(
        user_id=UUID(told["user_id"]),
        organization_id=UUID(told["organization_id"]),
        session_id=UUID(told["sid"]),
        role=Role(told["role"]),
        expires_at=SystemClock().now() + timedelta(minutes=5),
    )
