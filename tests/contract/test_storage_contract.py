"""Every storage keeps the promises of its port."""

from collections import Counter

import pytest

from hexdesk.core.ports.storage import Storage
from hexdesk.core.testing import MemoryStorage, SteadyClock
from hexdesk.core.testing.storage_contract import StorageContract


class TestMemoryStorage(StorageContract):
    @pytest.fixture
    def storage(self) -> Storage:
        # Long enough for everybody who will get a turn, short enough for whoever will not.
        return MemoryStorage(SteadyClock(), patience_seconds=0.5)


def test_no_part_of_the_contract_hides_another() -> None:
    names = Counter(
        name for part in StorageContract.__mro__ for name in vars(part) if not name.startswith("_")
    )
    assert [name for name, count in names.items() if count > 1] == []
