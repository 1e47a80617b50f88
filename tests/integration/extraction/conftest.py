"""Fixtures for all tests of readers."""

import pytest

from tests.integration.extraction import readers


@pytest.fixture(autouse=True)
def others_are_known() -> None:
    """Note which processes are there that are no readers: servers of other tests."""
    readers.note_others()
