"""A call sets its own terms, and says whether it may have been heard."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Sequence

import pytest

from hexdesk.adapters.egress.http import HttpEgress
from hexdesk.core.errors import OutcomeUnknownError, UnavailableError
from hexdesk.core.ports.egress import CallTerms
from tests.integration.local_server import LocalServer, local_server, response

# Nothing here is called over TLS, and reading the certificates of the world takes long.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@pytest.fixture
async def server() -> AsyncGenerator[LocalServer]:
    async with local_server() as running:
        yield running


@pytest.fixture
async def egress() -> AsyncGenerator[HttpEgress]:
    open_egress = HttpEgress(allow_private=True, tls=NO_TLS)
    yield open_egress
    await open_egress.aclose()


def url(server: LocalServer, host: str = "127.0.0.1") -> str:
    return f"http://{host}:{server.port}/hook"


async def nobody(host: str, port: int) -> Sequence[str]:
    """Name an address that nobody listens on."""
    return ("::1",)


async def test_a_call_may_have_a_time_limit_of_its_own(
    server: LocalServer, egress: HttpEgress
) -> None:
    server.answers["/hook"] = lambda _: None
    with pytest.raises(OutcomeUnknownError, match=r"within 0\.1 seconds"):
        await egress.post(url(server), b"", terms=CallTerms(seconds=0.1))


async def test_a_call_need_not_wait_for_a_body(server: LocalServer, egress: HttpEgress) -> None:
    server.says("/hook", b"HTTP/1.1 202 OK\r\ncontent-length: 9\r\n\r\nhalf")
    answer = await egress.post(url(server), b"", terms=CallTerms(answer_bytes=0))
    assert (answer.status_code, answer.body) == (202, b"")


async def test_a_call_may_be_told_of_a_redirect_and_not_follow_it(
    server: LocalServer, egress: HttpEgress
) -> None:
    server.says("/hook", response(307, headers={"location": "/there"}))
    answer = await egress.post(url(server), b"", terms=CallTerms(follows_redirects=False))
    assert answer.status_code == 307
    assert len(server.heard) == 1


async def test_whoever_hangs_up_on_a_request_may_have_acted_on_it(egress: HttpEgress) -> None:
    async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    listening = await asyncio.start_server(rude, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        with pytest.raises(OutcomeUnknownError, match=r"cannot reach '127\.0\.0\.1'"):
            await egress.post(f"http://127.0.0.1:{port}/", b"")


async def test_whoever_was_not_reached_has_not_acted(server: LocalServer) -> None:
    async def never(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        raise AssertionError(host, port)

    closed = HttpEgress(allow_private=True, resolve=nobody, tls=NO_TLS)
    lost = HttpEgress(allow_private=True, resolve=never, seconds=0.1, tls=NO_TLS)
    for egress in (closed, lost):
        with pytest.raises(UnavailableError) as caught:
            await egress.post(url(server, host="hooks.example"), b"")
        assert not isinstance(caught.value, OutcomeUnknownError)
