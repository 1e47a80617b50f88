"""What the core's unit tests need where nothing but hexdesk-core is installed."""

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run on asyncio; `just core-alone` does not see the conftest above this one."""
    return "asyncio"
