"""The shipped nginx configuration, before upstreams that a test makes fail."""

import asyncio
import subprocess
import tempfile
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from tests.e2e.deploy.nginx import Nginx, command, nginx_before, set_up
from tests.e2e.resilience.processes import free_ports
from tests.integration.local_server import Heard, LocalServer, local_server, response

MEGABYTE = 1024 * 1024
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


@pytest.fixture(scope="module")
async def running() -> AsyncGenerator[Front]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hexdesk-tests-")))
        servers = [await stack.enter_async_context(local_server()) for _ in range(4)]
        one, other, third, fourth = servers
        nginx = await stack.enter_async_context(
            nginx_before(
                folder,
                [one.port, other.port],
                [third.port, fourth.port],
                # One test shall not change what the next one meets.
                is_lenient=True,
            )
        )
        http = await stack.enter_async_context(
            httpx2.AsyncClient(trust_env=False, verify=False, timeout=20)
        )
        yield Front(nginx=nginx, apis=(one, other), mcps=(third, fourth), http=http)


@pytest.fixture
def front(running: Front) -> Front:
    """The same, with nothing heard and everything answered."""
    for server in (*running.apis, *running.mcps):
        server.heard.clear()
        server.answers.clear()
    return running


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


def test_what_is_shipped_is_understood() -> None:
    with tempfile.TemporaryDirectory(prefix="hexdesk-tests-") as name:
        folder = Path(name)
        set_up(folder, {})
        for path in (folder / "hexdesk").iterdir():
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace("/var/log/nginx/", ""), encoding="utf-8")
        tested = subprocess.run(command(folder, "-t"), capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
    assert "[warn]" not in tested.stderr.replace("could not open error log", "")


async def test_both_processes_get_their_share(front: Front) -> None:
    front.say("/api/v1/tools", lambda _: OK)
    for _ in range(20):
        assert (await front.call("GET", "/api/v1/tools")).status_code == 200
    assert sorted(len(server.heard) for server in front.apis) == [10, 10]


SANE = ("a-sane.id_1", "x" * 128)


@pytest.mark.parametrize("given", [*SANE, "x" * 129, 'a"b', ""])
async def test_each_request_has_one_id(front: Front, given: str) -> None:
    await front.call("GET", "/api/v1/tools?secret=1", headers={"X-Request-ID": given})
    (heard,) = front.heard()
    request_id = heard.headers["x-request-id"]
    assert request_id
    assert (request_id == given) == (given in SANE)
    line = await front.nginx.logged(request_id)
    logged = msgspec.json.decode(line)
    assert (logged["request_id"], logged["path"]) == (request_id, "/api/v1/tools")
    assert "secret" not in line


async def test_who_a_request_is_from_is_written_by_nginx_alone(front: Front) -> None:
    front.say("/api/v1/tools", lambda _: OK)
    headers = {"X-Forwarded-For": "198.51.100.9", "X-Forwarded-Proto": "https", "Host": "desk:99"}
    await front.call("GET", "/api/v1/tools", headers=headers)
    (heard,) = front.heard()
    assert heard.headers["x-forwarded-for"] == "127.0.0.1"
    assert heard.headers["x-forwarded-proto"] == "http"
    assert heard.headers["host"] == "desk:99"


@pytest.mark.parametrize(
    ("path", "megabytes", "status"),
    [
        ("/api/v1/tickets", 9, 200),
        ("/api/v1/tickets", 11, 413),
        (MESSAGES, 11, 413),
        ("/api/v1/files", 52, 200),
        ("/api/v1/files", 56, 413),
    ],
)
@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "1"}], ids=["no key", "key"])
async def test_bodies_are_as_large_as_hexdesk_takes_them(
    front: Front, path: str, megabytes: int, status: int, key: dict[str, str]
) -> None:
    front.say(path, lambda _: OK)
    answer = await front.call("POST", path, content=b"x" * megabytes * MEGABYTE, headers=key)
    if status == 413:
        assert problem(answer, 413, "too-large")["instance"] == path
        assert front.heard() == []
    else:
        assert answer.status_code == status
        (heard,) = front.heard()
        assert len(heard.body) == megabytes * MEGABYTE


@pytest.mark.parametrize(
    ("method", "path", "key"),
    [
        ("GET", "/api/v1/tickets", None),
        ("GET", "/api/v1/auth/me", None),
        ("PUT", "/api/v1/tickets/1", None),
        ("DELETE", "/api/v1/tickets/1", None),
        ("POST", "/api/v1/tickets", "key"),
        ("POST", MESSAGES, "key"),
        ("POST", "/api/v1/files", "key"),
        ("POST", "/api/v1/tasks", "~"),
    ],
)
async def test_what_may_be_repeated_is_sent_to_the_other_process(
    front: Front, method: str, path: str, key: str | None
) -> None:
    one, other = front.apis
    one.answers[path], other.answers[path] = hangs_up, lambda _: OK
    body = b"{}" if method in {"POST", "PUT"} else None
    headers = {"Idempotency-Key": key} if key else {}
    for _ in range(2):
        answer = await front.call(method, path, content=body, headers=headers)
        assert answer.status_code == 200, answer.text
    assert one.heard, "of two in turn, one at least was tried here"
    assert len(other.heard) == 2
    assert {heard.body for heard in front.heard()} == {body or b""}


@pytest.mark.parametrize(
    ("method", "path", "key"),
    [
        ("POST", "/api/v1/tickets", None),
        ("POST", "/api/v1/tickets", ""),
        ("POST", MESSAGES, None),
        ("PATCH", "/api/v1/tickets/1", None),
        ("PATCH", "/api/v1/tickets/1", "key"),
        ("POST", "/api/v1/auth/login", "key"),
        ("POST", "/api/v1/auth/refresh", "key"),
        ("POST", "/api/v1/%61uth/login", "key"),
        ("POST", "/api/v1/api-keys", "key"),
    ],
)
async def test_what_may_not_be_repeated_is_sent_once(
    front: Front, method: str, path: str, key: str | None
) -> None:
    front.say(path, hangs_up)
    headers = {} if key is None else {"Idempotency-Key": key}
    answer = await front.call(method, path, content=b"{}", headers=headers)
    problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "2"
    assert len(front.heard()) == 1


@pytest.mark.parametrize(("key", "status"), [("key", 200), (None, 503)])
async def test_a_process_that_is_full_is_passed_over_for_those_who_may_repeat(
    front: Front, key: str | None, status: int
) -> None:
    one, other = front.apis
    full = response(503, b'{"status": 503}', {"retry-after": "5"})
    one.answers["/api/v1/tickets"], other.answers["/api/v1/tickets"] = (
        lambda _: full,
        lambda _: OK,
    )
    headers = {"Idempotency-Key": key} if key else {}
    answers = [
        await front.call("POST", "/api/v1/tickets", content=b"{}", headers=headers)
        for _ in range(2)
    ]
    assert sorted(answer.status_code for answer in answers) == sorted([200, status])


async def test_what_a_process_refuses_is_told_in_its_own_words(front: Front) -> None:
    told = response(429, b'{"mine": true}', {"retry-after": "7", "x-request-id": "mine"})
    front.say("/api/v1/tools", lambda _: told)
    answer = await front.call("GET", "/api/v1/tools")
    assert (answer.status_code, answer.json()) == (429, {"mine": True})
    assert answer.headers["retry-after"] == "7"
    assert answer.headers.get_list("x-request-id") == ["mine"]


async def test_metrics_of_one_process_are_not_shown_as_those_of_all(front: Front) -> None:
    assert (await front.call("GET", "/metrics")).status_code == 404
    assert front.heard() == []


async def test_tool_calls_with_a_key_are_repeated_and_others_are_not(front: Front) -> None:
    one, other = front.mcps
    one.answers["/mcp"], other.answers["/mcp"] = hangs_up, lambda _: OK
    for key, statuses in (("call_1", [200, 200]), (None, [200, 503])):
        headers = {"Idempotency-Key": key} if key else {}
        answers = [
            await front.http.post(f"{front.nginx.mcp_url}/mcp", content=b"{}", headers=headers)
            for _ in range(2)
        ]
        assert sorted(answer.status_code for answer in answers) == statuses


@asynccontextmanager
async def streaming() -> AsyncGenerator[tuple[int, asyncio.Event]]:
    """Serve one event at once and the other when it is told to."""
    may_go_on = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
            b"id: 1\nevent: run.started\ndata: {}\n\n"
        )
        await writer.drain()
        await may_go_on.wait()
        writer.write(b"id: 2\nevent: run.completed\ndata: {}\n\n")
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1], may_go_on


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "1"}], ids=["no key", "key"])
async def test_events_are_passed_on_as_they_come(key: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory(prefix="hexdesk-tests-") as folder:
        async with (
            streaming() as (port, may_go_on),
            nginx_before(Path(folder), [port, port], [port, port]) as nginx,
            httpx2.AsyncClient(trust_env=False, verify=False, timeout=20) as http,
        ):
            headers = {"Accept": "text/event-stream", "Accept-Encoding": "gzip", **key}
            url = nginx.api_url + MESSAGES
            async with http.stream("POST", url, content=b"{}", headers=headers) as answer:
                lines = answer.aiter_lines()
                first = [await anext(lines) for _ in range(4)]
                assert first[:2] == ["id: 1", "event: run.started"]
                may_go_on.set()
                assert [line async for line in lines][:2] == ["id: 2", "event: run.completed"]
                assert "content-encoding" not in answer.headers


async def test_a_flood_is_held_back(front: Front) -> None:
    front.say("/api/v1/tools", lambda _: OK)
    transport = httpx2.AsyncHTTPTransport(local_address="127.0.0.77", verify=False)
    async with httpx2.AsyncClient(transport=transport, timeout=20) as flood:
        answers = await asyncio.gather(
            *(flood.get(f"{front.nginx.api_url}/api/v1/tools") for _ in range(600))
        )
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {200, 429}
    assert statuses.count(200) >= 200
    held_back = next(answer for answer in answers if answer.status_code == 429)
    problem(held_back, 429, "rate-limited")
    assert held_back.headers["retry-after"] == "1"
    assert (await front.call("GET", "/api/v1/tools")).status_code == 200, "others are not"


async def test_a_process_that_keeps_failing_is_left_out_for_a_while() -> None:
    with tempfile.TemporaryDirectory(prefix="hexdesk-tests-") as folder:
        async with (
            local_server() as dying,
            local_server() as well,
            nginx_before(Path(folder), [dying.port, well.port], [well.port, well.port]) as nginx,
            httpx2.AsyncClient(trust_env=False, verify=False, timeout=20) as http,
        ):
            dying.answers["/"], well.answers["/"] = hangs_up, lambda _: OK
            for _ in range(20):
                assert (await http.get(f"{nginx.api_url}/")).status_code == 200
            assert 3 <= len(dying.heard) < 10
            assert len(well.heard) == 20
            # Whoever may be repeated is given every chance.
            dying.heard.clear()
            for _ in range(20):
                answer = await http.post(f"{nginx.api_url}/", headers={"Idempotency-Key": "1"})
                assert answer.status_code == 200
            assert len(dying.heard) >= 9


async def test_where_nobody_is_left_it_is_said_so() -> None:
    with tempfile.TemporaryDirectory(prefix="hexdesk-tests-") as folder:
        ports = free_ports(2)
        async with (
            nginx_before(Path(folder), ports, ports) as nginx,
            httpx2.AsyncClient(trust_env=False, verify=False, timeout=20) as http,
        ):
            answer = await http.get(f"{nginx.api_url}/api/v1/tools/%22%3C")
            assert problem(answer, 503, "unavailable")["instance"] == "/"
            key = {"Idempotency-Key": "1", "X-Request-ID": "mine"}
            answer = await http.post(f"{nginx.api_url}{MESSAGES}", content=b"{}", headers=key)
            assert problem(answer, 503, "unavailable")["request_id"] == "mine"
            answer = await http.post(f"{nginx.mcp_url}/mcp", content=b"{}")
            problem(answer, 503, "unavailable")
