"""A desk with its HTTP API, and people who call it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import httpx2
from litestar import Litestar
from msgspec.structs import replace

from hexdesk.adapters.http.app import create_app
from hexdesk.adapters.http.options import HttpOptions, HttpRates
from hexdesk.core.additions import Additions
from hexdesk.core.assembly import open_desk
from hexdesk.core.desk import Desk, Ports
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage
from hexdesk.core.testing import (
    CountingLimiter,
    MemoryBlobs,
    MemoryCache,
    MemoryEvents,
    MemoryExtraction,
    MemoryJournal,
    MemoryQueue,
    MemoryStorage,
    PlainCapabilities,
    PlainPasswords,
    PlainTokens,
    PlainVault,
    RecordingEgress,
    RecordingTelemetry,
    ScriptedRunner,
    ScriptedServers,
    SteadyClock,
)
from tests.unit.core.people import waiting

PASSWORD = "correct horse battery"
API = "http://desk.test"
NOTHING = Additions()
UNLIMITED = HttpRates(user=None, address=None, register=None)
SETTINGS = DeskSettings(
    login_rate=None, login_address_rate=None, thread_wait_seconds=0.2, attachment_wait_seconds=0
)


DELETE_IT = "Delete it!"
"""What makes an agent ask for a person's approval, where its model is told to."""


@dataclass(kw_only=True)
class House:
    """Everything a test may look into or break."""

    clock: Clock
    storage: Storage
    runner: ScriptedRunner
    telemetry: RecordingTelemetry
    egress: RecordingEgress
    desk: Desk
    app: Litestar

    @property
    def memory(self) -> MemoryStorage:
        """Return the storage, where it is in memory."""
        assert isinstance(self.storage, MemoryStorage)
        return self.storage

    def client(self, token: str | None = None, *, address: str = "127.0.0.1") -> httpx2.AsyncClient:
        """Return a client, with a token's credentials if one is given."""
        transport = httpx2.ASGITransport(app=cast("Any", self.app), client=(address, 50_000))
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx2.AsyncClient(transport=transport, base_url=API, headers=headers)

    async def company(self, name: str = "ada") -> "Company":
        """Found an organization."""
        async with self.client() as nobody:
            answer = await nobody.post(
                "/api/v1/auth/register",
                json={
                    "organization_name": name,
                    "email": f"{name}@example.com",
                    "password": PASSWORD,
                },
            )
        assert answer.status_code == 201, answer.text
        return Company(house=self, name=name, tokens=answer.json())


@dataclass(kw_only=True)
class Company:
    """An organization, and clients for its people."""

    house: House
    name: str
    tokens: dict[str, Any]
    clients: list[httpx2.AsyncClient] = field(default_factory=list[httpx2.AsyncClient])

    @property
    def admin(self) -> httpx2.AsyncClient:
        """Return a client for its first member."""
        return self._client(self.tokens["access_token"])

    async def user(self, name: str = "grace") -> httpx2.AsyncClient:
        """Add a member of role `user`, and return a client for it."""
        email = f"{name}@{self.name}.example.com"
        await created(self.admin, "/users", email=email, password=PASSWORD)
        async with self.house.client() as nobody:
            answer = await nobody.post(
                "/api/v1/auth/login", json={"email": email, "password": PASSWORD}
            )
        return self._client(answer.json()["access_token"])

    async def api_key(self, role: str = "admin") -> httpx2.AsyncClient:
        """Make an API key, and return a client for it."""
        key = await created(self.admin, "/api-keys", name="a program", role=role)
        return self._client(key["key"])

    async def close(self) -> None:
        """Close the clients."""
        for client in self.clients:
            await client.aclose()

    def _client(self, token: str) -> httpx2.AsyncClient:
        client = self.house.client(token)
        self.clients.append(client)
        return client


def ports_in_memory(*, clock: Clock | None = None, **changes: Any) -> Ports:
    """Return honest ports that keep everything in memory, and go by one clock."""
    clock = clock or SteadyClock()
    ports: dict[str, Any] = {
        "storage": MemoryStorage(clock),
        "clock": clock,
        "passwords": PlainPasswords(),
        "access_tokens": PlainTokens(clock),
        "capabilities": PlainCapabilities(clock),
        "vault": PlainVault(),
        "egress": RecordingEgress(),
        "attached_servers": ScriptedServers(),
        "limiter": CountingLimiter(clock),
        "cache": MemoryCache(clock),
        "journal": MemoryJournal(),
        "events": MemoryEvents(),
        "telemetry": RecordingTelemetry(),
        "runner": ScriptedRunner(),
        "queue": MemoryQueue(),
        "blobs": MemoryBlobs(),
        "extraction": MemoryExtraction(),
        "settings": SETTINGS,
    }
    return Ports(**(ports | changes))


@asynccontextmanager
async def a_house(
    options: HttpOptions | None = None, *, additions: Additions = NOTHING, **changes: Any
) -> AsyncGenerator[House]:
    """Open a desk with its API; `changes` are ports that differ."""
    ports = ports_in_memory(**changes)
    desk = open_desk(ports, additions=additions)
    plain = options or HttpOptions(rates=UNLIMITED)
    assert isinstance(ports.runner, ScriptedRunner)
    assert isinstance(ports.telemetry, RecordingTelemetry)
    assert isinstance(ports.egress, RecordingEgress)
    yield House(
        clock=ports.clock,
        storage=ports.storage,
        runner=ports.runner,
        telemetry=ports.telemetry,
        egress=ports.egress,
        desk=desk,
        app=create_app(desk, plain),
    )
    await desk.run_desk.drain(1)


def unlimited(**changes: Any) -> HttpOptions:
    """Return options without rates, changed."""
    return replace(HttpOptions(rates=UNLIMITED), **changes)


async def created(client: httpx2.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    """Post and return what was made."""
    answer = await client.post(f"/api/v1{path}", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def a_delivery(admin: httpx2.AsyncClient, integration_id: str) -> str:
    """Return the id of the newest delivery to a webhook."""
    path = f"/api/v1/integrations/{integration_id}/deliveries"
    answer = await admin.get(path, params={"limit": 1})
    return answer.json()["data"][0]["id"]


async def a_file(
    client: httpx2.AsyncClient, content: bytes = b"Hold the red button.", **options: Any
) -> dict[str, Any]:
    """Hand in a text, and return what is known of it."""
    files = {"file": ("manual.txt", content, "text/plain")}
    answer = await client.post("/api/v1/files", files=files, **options)
    assert answer.status_code == 202, answer.text
    return answer.json()


async def an_approval(house: House, client: httpx2.AsyncClient) -> dict[str, Any]:
    """Have a call wait for a person, and return the approval."""
    runner = house.desk.ports.runner
    assert isinstance(runner, ScriptedRunner)
    runner.scripts.append(waiting())
    thread = await created(client, "/chat/threads")
    path = f"/chat/threads/{thread['id']}/messages"
    return (await created(client, path, content=DELETE_IT))["approvals"][0]


async def a_task(client: httpx2.AsyncClient, **body: Any) -> dict[str, Any]:
    """Have an agent do something, and return the task."""
    wish = {"task_type": "api_request", "task_data": {"text": "Call back."}} | body
    answer = await client.post("/api/v1/tasks", json=wish)
    assert answer.status_code == 202, answer.text
    return answer.json()


def problem(answer: httpx2.Response, status: int, slug: str) -> dict[str, Any]:
    """Return a problem after checking that it is one, and the right one."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["type"].endswith(f"/{slug}"), told
    assert told["status"] == status
    assert told["request_id"] == answer.headers["x-request-id"]
    assert told["instance"] == answer.request.url.path
    assert told["title"]
    assert told["detail"]
    return told
