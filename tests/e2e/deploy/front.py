"""nginx before upstreams that do as they are told."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.e2e.deploy.nginx import Nginx, nginx_before
from tests.integration.local_server import Heard, LocalServer, local_server, response

MESSAGES = "/api/v1/chat/threads/01a21082-9108-74ae-b2e7-ae9962f5ce98/messages"
OK = response(200, b"{}", {"content-type": "application/json"})


@dataclass(frozen=True, kw_only=True)
class Front:
    """nginx with two processes behind it for each of its two servers."""

    nginx: Nginx
    apis: tuple[LocalServer, LocalServer]
    mcps: tuple[LocalServer, LocalServer]
    http: httpx2.AsyncClient

    def say(self, path: str, answer: Callable[[Heard], bytes]) -> None:
        """Have all processes answer so at a path."""
        for server in (*self.apis, *self.mcps):
            server.answers[path] = answer

    def heard(self, servers: tuple[LocalServer, ...] | None = None) -> list[Heard]:
        """Return what the processes heard."""
        return [one for server in servers or self.apis for one in server.heard]

    async def call(self, method: str, path: str, **more: Any) -> httpx2.Response:
        """Call the API."""
        return await self.http.request(method, self.nginx.api_url + path, **more)


@asynccontextmanager
async def front_of_four(folder: Path) -> AsyncGenerator[Front]:
    """Run nginx with its four processes; none is ever left out, whatever a test makes of it."""
    async with (
        local_server() as one,
        local_server() as other,
        local_server() as third,
        local_server() as fourth,
        nginx_before(
            folder, [one.port, other.port], [third.port, fourth.port], is_lenient=True
        ) as nginx,
        httpx2.AsyncClient(trust_env=False, verify=False, timeout=20) as http,
    ):
        yield Front(nginx=nginx, apis=(one, other), mcps=(third, fourth), http=http)


def hangs_up(heard: Heard) -> bytes:
    """Die after the request has come."""
    raise ConnectionError(heard.path)


def problem(answer: httpx2.Response, status: int, slug: str) -> dict[str, Any]:
    """Return a problem after checking that it is whole, and the right one."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert set(told) == {"type", "title", "status", "detail", "instance", "request_id"}
    assert told["type"] == f"/docs/problems/{slug}"
    assert told["status"] == status
    assert told["request_id"] == answer.headers["x-request-id"]
    return told
