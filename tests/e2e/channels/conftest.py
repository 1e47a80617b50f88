"""A desk with channels in a process of its own, a model, and somebody who is posted answers."""

import tempfile
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import httpx2
import pytest

from hexdesk.adapters.storage.postgres.embedded import EmbeddedPostgres
from tests.database import Database
from tests.e2e.channels.correspondence import Correspondent
from tests.e2e.resilience.apart import apart, made_ready
from tests.e2e.resilience.client import PATIENCE_SECONDS, Member
from tests.e2e.resilience.model import Model
from tests.e2e.resilience.processes import Hexdesk, running
from tests.e2e.webhooks.receiver import Receiver, listening
from tests.unit.adapters.plugins.installing import install

FORGETFUL = """
    from hexdesk.core import OutcomeUnknownError, hookimpl
    from hexdesk_webhook_channel.channel import WebhookChannel

    class ForgetfulChannel(WebhookChannel):
        '''The same to a receiver that cannot tell one message from another.'''
        name = "forgetful"

        async def look_up(self, message, connection):
            raise OutcomeUnknownError("the receiver keeps no record")

    @hookimpl
    def hexdesk_channels():
        return (ForgetfulChannel(),)
"""


@pytest.fixture(scope="session")
async def channel_model() -> AsyncGenerator[Model]:
    """A model that the process asks."""
    model = Model()
    async with model.server:
        yield model


@pytest.fixture
def model(channel_model: Model) -> Iterator[Model]:
    """The same, without what an earlier test told it."""
    yield channel_model
    channel_model.forget()


@pytest.fixture(scope="session")
def channel_database(postgres_server: EmbeddedPostgres) -> Database:
    """A database of the process's own; each test founds an organization of its own in it."""
    return made_ready(postgres_server, "channels")


@pytest.fixture(scope="session")
async def shared_desk(channel_database: Database, channel_model: Model) -> AsyncGenerator[Hexdesk]:
    """Return the one desk that tests kill in turn."""
    with tempfile.TemporaryDirectory(prefix="hexdesk-tests-") as name:
        folder = Path(name)
        install(folder, "forgetful", FORGETFUL)
        settings = {
            "PYTHONPATH": name,
            "HEXDESK_EGRESS_ALLOW_PRIVATE": "true",
            "HEXDESK_WORKER_CONCURRENCY": "8",
        }
        process = apart("api", folder / "desk", channel_database, channel_model, **settings)
        async with running(process):
            yield process


@pytest.fixture
async def desk(shared_desk: Hexdesk) -> Hexdesk:
    """Return a running desk, whatever the test before left of it."""
    if not shared_desk.is_running:
        await shared_desk.start()
    return shared_desk


@pytest.fixture
async def http() -> AsyncGenerator[httpx2.AsyncClient]:
    """Return a client that keeps no connection, since its server comes and goes."""
    limits = httpx2.Limits(max_keepalive_connections=0)
    async with httpx2.AsyncClient(
        trust_env=False, verify=False, limits=limits, timeout=PATIENCE_SECONDS
    ) as client:
        yield client


@pytest.fixture
async def admin(desk: Hexdesk, http: httpx2.AsyncClient) -> Member:
    """Return the admin of an organization of the test's own."""
    return await Member.register(http, desk.url)


@pytest.fixture
async def receiver() -> AsyncGenerator[Receiver]:
    """Return an address that answers 200."""
    async with listening() as server:
        yield Receiver(server=server)


@pytest.fixture
async def channel(admin: Member, receiver: Receiver) -> Correspondent:
    """Return a connected channel."""
    return await Correspondent.connect(admin, receiver)
