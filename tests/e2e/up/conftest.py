"""One running desk for all tests that only talk to it: a start takes seconds."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.hexdesk_up import Up, running_up


@pytest.fixture(scope="session")
def up() -> Iterator[Up]:
    """Return a desk with its demo organization."""
    with (
        tempfile.TemporaryDirectory(prefix="hexdesk-tests-") as path,
        running_up(Path(path) / "data") as running,
    ):
        yield running


@pytest.fixture
def folder() -> Iterator[Path]:
    """A fresh folder that root's embedded database may live in, which `tmp_path` is not."""
    with tempfile.TemporaryDirectory(prefix="hexdesk-tests-") as path:
        yield Path(path)
