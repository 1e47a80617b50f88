"""Every queue keeps the promises of its port."""

import pytest

from hexdesk.adapters.queue.dramatiq import DramatiqQueue
from hexdesk.adapters.queue.local import LocalQueue
from hexdesk.core.ports.queue import Queue
from hexdesk.core.testing import MemoryQueue
from hexdesk.core.testing.queue_contract import QueueContract
from tests.valkey_server import ValkeyServer

GRACE_SECONDS = 0.2


class TestMemoryQueue(QueueContract):
    @pytest.fixture
    def queue(self) -> Queue:
        return MemoryQueue()


class TestLocalQueue(QueueContract):
    @pytest.fixture
    def queue(self) -> Queue:
        return LocalQueue(grace_seconds=GRACE_SECONDS)


class TestDramatiqQueue(QueueContract):
    @pytest.fixture
    def queue(self, valkey: ValkeyServer) -> Queue:
        return DramatiqQueue(valkey.url, grace_seconds=GRACE_SECONDS)
