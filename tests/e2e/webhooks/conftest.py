"""A running desk that may call the loopback interface, and a receiver there."""

import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx2
import pytest

from tests.e2e.resilience.client import PATIENCE_SECONDS, Member
from tests.e2e.resilience.processes import Hexdesk, running
from tests.e2e.webhooks.receiver import Receiver, listening

LEASE_SECONDS = 2


@pytest.fixture(scope="session")
async def shared_desk() -> AsyncGenerator[Hexdesk]:
    """Return the one desk that tests kill in turn."""
    settings = {"HEXDESK_EGRESS_ALLOW_PRIVATE": "true", "HEXDESK_RUN_LEASE": str(LEASE_SECONDS)}
    with tempfile.TemporaryDirectory(prefix="hexdesk-tests-") as folder:
        async with running(Hexdesk("up", Path(folder) / "up", settings)) as (process,):
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
