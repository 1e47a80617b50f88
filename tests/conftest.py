"""What every layer of tests shares."""

import pytest

# A contract suite that fails shows its values, as any other test does.
pytest.register_assert_rewrite("hexdesk.core.testing")

pytest_plugins = [
    "tests.database",
    "tests.postgres_server",
    "tests.s3_servers",
    "tests.valkey_server",
]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run on asyncio, as hexdesk does."""
    return "asyncio"
