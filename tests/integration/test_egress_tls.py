"""Over TLS it is the name that must be certified, whichever address was dialled."""

import ssl
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from hexdesk.adapters.egress.http import HttpEgress
from hexdesk.core.errors import EgressRefusedError, UnavailableError
from tests.integration.certificates import certificate
from tests.integration.local_server import LocalServer, local_server, response

NAME = "hooks.example"


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("tls"), NAME)


@pytest.fixture
def names_asked_for() -> list[str]:
    return []


@pytest.fixture
async def server(pem: Path, names_asked_for: list[str]) -> AsyncGenerator[LocalServer]:
    def remember(_socket: object, name: str, _context: ssl.SSLContext) -> None:
        names_asked_for.append(name)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.sni_callback = remember
    async with local_server(context) as running:
        yield running


@pytest.fixture
async def egress(pem: Path) -> AsyncGenerator[HttpEgress]:
    async def this_machine(_host: str, _port: int) -> tuple[str, ...]:
        return ("127.0.0.1",)

    trusting = ssl.create_default_context(cafile=pem)
    open_egress = HttpEgress(allow_private=True, resolve=this_machine, tls=trusting)
    yield open_egress
    await open_egress.aclose()


async def test_the_name_is_asked_for_and_certified(
    server: LocalServer, egress: HttpEgress, names_asked_for: list[str]
) -> None:
    server.says("/hook", response(200, b"thanks"))
    answer = await egress.post(f"https://{NAME}:{server.port}/hook", b"")
    assert answer.body == b"thanks"
    assert names_asked_for == [NAME]
    assert server.heard[0].headers["host"] == f"{NAME}:{server.port}"


@pytest.mark.parametrize("host", ["other.example", "127.0.0.1"])
async def test_a_certificate_for_another_name_is_not_taken(
    server: LocalServer, egress: HttpEgress, host: str
) -> None:
    with pytest.raises(UnavailableError, match="certificate"):
        await egress.post(f"https://{host}:{server.port}/hook", b"")
    assert server.heard == []


async def test_a_redirect_from_https_to_http_is_refused(
    server: LocalServer, egress: HttpEgress
) -> None:
    async with local_server() as plain:
        there = f"http://{NAME}:{plain.port}/hook"
        server.says("/hook", response(307, headers={"location": there}))
        with pytest.raises(EgressRefusedError, match="from https to http"):
            await egress.post(f"https://{NAME}:{server.port}/hook", b"")
        assert plain.connections == 0


async def test_a_redirect_from_http_to_https_is_followed(
    server: LocalServer, egress: HttpEgress
) -> None:
    async with local_server() as plain:
        there = f"https://{NAME}:{server.port}/hook"
        plain.says("/hook", response(308, headers={"location": there}))
        server.says("/hook", response(200, b"safe"))
        answer = await egress.post(f"http://{NAME}:{plain.port}/hook", b"x")
    assert answer.body == b"safe"
    assert server.heard[0].body == b"x"
