"""Public MCP servers, started by the tests that ask them."""

from collections.abc import AsyncGenerator

import pytest

from tests.integration.attached import public_servers


@pytest.fixture
async def everything(pytestconfig: pytest.Config) -> AsyncGenerator[str]:
    """Return the address of the protocol's own reference server, from npm."""
    async with public_servers.everything(pytestconfig.cache) as url:
        yield url


@pytest.fixture
async def clock_server(pytestconfig: pytest.Config) -> AsyncGenerator[str]:
    """Return the address of a server that tells the time, from PyPI."""
    async with public_servers.clock_server(pytestconfig.cache) as url:
        yield url
