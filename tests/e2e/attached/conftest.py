"""A running desk that may call the loopback interface, and strangers' servers there."""

import tempfile
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.e2e.resilience.client import PATIENCE_SECONDS, Member
from tests.e2e.resilience.model import Model
from tests.e2e.resilience.processes import Hexdesk, running
from tests.integration.attached import public_servers
from tests.integration.attached.stranger import Stranger, a_stranger, a_tool


@pytest.fixture(scope="session")
async def model() -> AsyncGenerator[Model]:
    model = Model()
    async with model.server:
        yield model


@pytest.fixture(autouse=True)
def played_out(model: Model) -> Iterator[None]:
    """Have the model forget its parts, so that what one test left over disturbs no other."""
    yield
    model.forget()


@pytest.fixture(scope="session")
async def desk(model: Model) -> AsyncGenerator[Hexdesk]:
    settings = {"HEXDESK_EGRESS_ALLOW_PRIVATE": "true", "HEXDESK_TOOL_TIMEOUT": "5"}
    with tempfile.TemporaryDirectory(prefix="hexdesk-tests-") as folder:
        process = Hexdesk("up", Path(folder) / "up", settings | model.settings)
        async with running(process):
            yield process


@pytest.fixture
async def http() -> AsyncGenerator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(trust_env=False, verify=False, timeout=PATIENCE_SECONDS) as http:
        yield http


@pytest.fixture
async def admin(desk: Hexdesk, http: httpx2.AsyncClient) -> Member:
    """Return the admin of an organization of the test's own."""
    return await Member.register(http, desk.url)


@pytest.fixture
async def shop() -> AsyncGenerator[Stranger]:
    """Return a shop's server, with a tool that reads and one that destroys."""
    async with a_stranger(a_tool("look_up", read_only_hint=True), a_tool("cancel")) as shop:
        shop.demands = "Bearer its own"
        yield shop


@pytest.fixture
async def everything(pytestconfig: pytest.Config) -> AsyncGenerator[str]:
    async with public_servers.everything(pytestconfig.cache) as url:
        yield url


@pytest.fixture
async def clock_server(pytestconfig: pytest.Config) -> AsyncGenerator[str]:
    async with public_servers.clock_server(pytestconfig.cache) as url:
        yield url
