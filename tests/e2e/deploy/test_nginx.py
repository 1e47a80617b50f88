"""The shipped nginx configuration, before upstreams that a test makes fail."""

import asyncio
import subprocess
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import msgspec
import pytest

from tests.e2e.deploy.front import MESSAGES, OK, Front, hangs_up, problem
from tests.e2e.deploy.nginx import command, nginx_before, set_up
from tests.e2e.resilience.processes import free_ports
from tests.integration.local_server import local_server, response

MEGABYTE = 1024 * 1024


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
