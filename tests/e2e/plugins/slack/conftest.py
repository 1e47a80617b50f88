"""Tests with a desk in memory."""

from collections.abc import Generator

import pytest
from structlog.testing import capture_logs


@pytest.fixture(autouse=True)
def quiet() -> Generator[None]:
    """Keep structlog from drawing tracebacks of whole desks for nobody."""
    with capture_logs():
        yield
