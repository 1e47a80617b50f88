"""What the core's unit tests need where nothing but hexdesk-core is installed.

`just core-alone` does not see the conftest above this one: that one knows PostgreSQL.
"""

import pytest

pytest.register_assert_rewrite("hexdesk.core.testing")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run on asyncio, as hexdesk does."""
    return "asyncio"
