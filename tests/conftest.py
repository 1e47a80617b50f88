"""What every layer of tests shares."""

import pytest

pytest_plugins = ["tests.postgres_server"]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run on asyncio, as hexdesk does."""
    return "asyncio"
