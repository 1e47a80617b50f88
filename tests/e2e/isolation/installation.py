"""One installation as it is run: a storage, signed tokens, the API, the tool server, agents."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import httpx2
from litestar import Litestar
from mcp import Client
from pydantic_ai.exceptions import UnexpectedModelBehavior
from pydantic_ai.messages import (
    ModelMessage,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models.function import AgentInfo, FunctionModel

from hexdesk.adapters.agents.pydantic_ai import ModelShelf, PydanticAIRunner
from hexdesk.adapters.clock.system import SystemClock
from hexdesk.adapters.http.app import create_app
from hexdesk.adapters.http.options import HttpOptions, HttpRates
from hexdesk.adapters.tokens.jwt import JwtAccessTokens, JwtCapabilities
from hexdesk.adapters.tokens.signing_keys import SigningKeys
from hexdesk.adapters.tools.mcp_client import Breaker, McpToolAccess, within_process
from hexdesk.adapters.tools.mcp_client.transports import Transport
from hexdesk.adapters.tools.mcp_server import CallerVerifier, create_tool_server
from hexdesk.adapters.vault.aead import AeadVault
from hexdesk.core.additions import Additions
from hexdesk.core.assembly import open_desk
from hexdesk.core.desk import Desk, Ports
from hexdesk.core.model.agents import AgentOverrides
from hexdesk.core.model.ai_config import AIConfig
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.ports.storage import Storage
from hexdesk.core.testing import (
    MemoryBlobs,
    MemoryCache,
    MemoryEvents,
    MemoryExtraction,
    MemoryJournal,
    MemoryQueue,
    NgramEmbeddings,
    PlainPasswords,
    RecordingEgress,
    RecordingTelemetry,
    ScriptedServers,
    UnlimitedLimiter,
)
from hexdesk.core.use_cases.sessions import Authenticate
from tests.unit.core.pigeon_offices import SignedIn

API_URL = "http://desk.test"
MCP_URL = "http://tools.test/mcp"
SECRET = "a secret of more than forty characters for tests"
UNLIMITED = HttpRates(user=None, address=None, register=None)
SETTINGS = DeskSettings(login_rate=None, login_address_rate=None, caches_responses=True)
# No provider has this name, so the model of the tests stands in, whatever keys there are.
AI_CONFIG = AIConfig(agent=AgentOverrides(model_provider="nobody", model_name="none"))


class ObedientModel(FunctionModel):
    """Calls the tool that a message names, and says what came back; numbers its other answers."""

    def __init__(self) -> None:
        self.answers = 0
        super().__init__(self._respond, model_name="obedient")

    async def _respond(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if not info.allow_text_output:
            raise UnexpectedModelBehavior("answers in words only")
        last = messages[-1].parts[-1]
        if isinstance(last, ToolReturnPart):
            return ModelResponse(parts=[TextPart(last.model_response_str())])
        asked = str(last.content) if isinstance(last, UserPromptPart) else ""
        if asked.startswith("{"):
            wish = json.loads(asked)
            return ModelResponse(parts=[ToolCallPart(wish["tool"], wish["arguments"])])
        self.answers += 1
        return ModelResponse(parts=[TextPart(f"Answer number {self.answers}.")])


class WatchedCache(MemoryCache):
    """Notes the keys under which anything is kept or looked for."""

    def __init__(self, clock: SystemClock) -> None:
        super().__init__(clock)
        self.keys: set[str] = set()

    async def get(self, key: str) -> bytes | None:
        self.keys.add(key)
        return await super().get(key)

    async def put(self, key: str, value: bytes, ttl_seconds: float) -> None:
        self.keys.add(key)
        await super().put(key, value, ttl_seconds)


@dataclass(frozen=True, kw_only=True)
class Installation:
    """The desk with its doors: the API and the tool server."""

    desk: Desk
    cache: WatchedCache
    servers: ScriptedServers
    app: Litestar
    tools: Transport
    access: McpToolAccess
    clients: list[httpx2.AsyncClient] = field(default_factory=list[httpx2.AsyncClient])

    def client(self, token: str | None = None) -> httpx2.AsyncClient:
        """Return a client of the API, with a token's credentials if one is given."""
        transport = httpx2.ASGITransport(app=cast("Any", self.app))
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        client = httpx2.AsyncClient(transport=transport, base_url=API_URL, headers=headers)
        self.clients.append(client)
        return client

    def kept_of_agents(self) -> tuple[list[str], list[str]]:
        """Return the keys of built agents, and those of lists of tools."""
        runner = cast("PydanticAIRunner", self.desk.ports.runner)
        lists = self.access._lists  # pyright: ignore[reportPrivateUsage]  # noqa: SLF001  only the keys show it
        return list(runner.agents), list(lists)

    @asynccontextmanager
    async def tool_client(self, token: str) -> AsyncGenerator[Client]:
        """Connect to the tool server, with a token or a capability."""
        async with self.tools.presenting(token), self.tools.open_client() as client:
            yield client


@asynccontextmanager
async def an_installation(storage: Storage) -> AsyncGenerator[Installation]:
    """Open an installation over a storage."""
    access = McpToolAccess(timeout_seconds=10, breaker=Breaker())
    async with access.running():
        clock, keys = SystemClock(), SigningKeys(SECRET)
        ports = _ports(storage, clock, keys, access)
        desk = open_desk(ports, additions=Additions(channels=(SignedIn(),)))
        at_the_tools = Authenticate(
            storage=storage, access_tokens=_access_tokens(keys, clock, MCP_URL)
        )
        verifier = CallerVerifier(ports.capabilities, at_the_tools)
        tools = within_process(create_tool_server(desk), verifier)
        access.reach_by(tools)
        installation = Installation(
            desk=desk,
            cache=cast("WatchedCache", ports.cache),
            servers=cast("ScriptedServers", ports.attached_servers),
            app=create_app(desk, HttpOptions(rates=UNLIMITED)),
            tools=tools,
            access=access,
        )
        yield installation
        for client in installation.clients:
            await client.aclose()
        await desk.run_desk.drain(5)


def _ports(storage: Storage, clock: SystemClock, keys: SigningKeys, access: McpToolAccess) -> Ports:
    return Ports(
        storage=storage,
        clock=clock,
        passwords=PlainPasswords(),
        access_tokens=_access_tokens(keys, clock, API_URL),
        capabilities=JwtCapabilities(keys, clock, api_url=API_URL, mcp_url=MCP_URL),
        vault=AeadVault(keys.derive),
        egress=RecordingEgress(),
        attached_servers=ScriptedServers(),
        limiter=UnlimitedLimiter(),
        cache=WatchedCache(clock),
        journal=MemoryJournal(),
        events=MemoryEvents(),
        telemetry=RecordingTelemetry(),
        runner=PydanticAIRunner(shelf=ModelShelf(offline=ObedientModel), tools=access),
        queue=MemoryQueue(),
        blobs=MemoryBlobs(),
        extraction=MemoryExtraction(),
        embeddings=NgramEmbeddings(),
        ai_config=AI_CONFIG,
        settings=SETTINGS,
    )


def _access_tokens(keys: SigningKeys, clock: SystemClock, audience: str) -> JwtAccessTokens:
    return JwtAccessTokens(keys, clock, api_url=API_URL, mcp_url=MCP_URL, audience=audience)
