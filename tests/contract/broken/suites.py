"""The contract suites over what is broken; each class names the test at which it must fail.

Not collected with the other tests: `test_broken_things.py` runs it.
"""

from typing import ClassVar

import pytest

from hexdesk.core.ports.blobs import Blobs
from hexdesk.core.ports.cache import Cache
from hexdesk.core.ports.embeddings import Embeddings
from hexdesk.core.ports.extraction import Extraction
from hexdesk.core.ports.journal import Journal
from hexdesk.core.ports.limits import RateLimiter
from hexdesk.core.ports.queue import Queue
from hexdesk.core.ports.storage import Storage
from hexdesk.core.ports.vault import Vault
from hexdesk.core.testing import SteadyClock, queue_contract
from hexdesk.core.testing.blobs_contract import BlobsContract
from hexdesk.core.testing.cache_contract import CacheContract, PassTime
from hexdesk.core.testing.embeddings_contract import EmbeddingsContract
from hexdesk.core.testing.extraction_contract import ExtractionContract
from hexdesk.core.testing.journal_contract import JournalContract
from hexdesk.core.testing.limits_contract import RateLimiterContract
from hexdesk.core.testing.queue_contract import QueueContract
from hexdesk.core.testing.storage_contract import StorageContract
from hexdesk.core.testing.vault_contract import VaultContract
from tests.contract.broken import storages, stores

# What never comes is not waited for as long as with what may be slow.
queue_contract.DEADLINE_SECONDS = 1


class TestTicketsOfEverybody(StorageContract):
    fails_at: ClassVar = "test_what_others_have_looks_as_if_it_did_not_exist"

    @pytest.fixture
    def storage(self) -> Storage:
        return storages.SpoiledStorage(tickets=storages.TicketsOfEverybody)


class TestLastWriterWins(StorageContract):
    fails_at: ClassVar = "test_a_ticket_changed_in_the_meantime_is_not_overwritten"

    @pytest.fixture
    def storage(self) -> Storage:
        return storages.SpoiledStorage(tickets=storages.LastWriterWins)


class TestUnlockedTickets(StorageContract):
    fails_at: ClassVar = "test_a_locked_ticket_is_changed_by_one_after_the_other"

    @pytest.fixture
    def storage(self) -> Storage:
        return storages.SpoiledStorage(tickets=storages.UnlockedTickets)


class TestReusedNumbers(StorageContract):
    fails_at: ClassVar = "test_the_number_of_a_removed_ticket_is_not_used_again"

    @pytest.fixture
    def storage(self) -> Storage:
        return storages.SpoiledStorage(tickets=storages.ReusedNumbers)


class TestHastyStorage(StorageContract):
    fails_at: ClassVar = "test_an_error_takes_back_all_that_was_written"

    @pytest.fixture
    def storage(self) -> Storage:
        return storages.HastyStorage(SteadyClock())


class TestDoubledTasks(StorageContract):
    fails_at: ClassVar = "test_of_one_dedupe_key_there_is_one_task"

    @pytest.fixture
    def storage(self) -> Storage:
        return storages.SpoiledStorage(tasks=storages.DoubledTasks)


class TestTasksForAll(StorageContract):
    fails_at: ClassVar = "test_a_task_that_is_held_is_not_claimed"

    @pytest.fixture
    def storage(self) -> Storage:
        return storages.SpoiledStorage(tasks=storages.TasksForAll)


class TestEndlessAttempts(StorageContract):
    fails_at: ClassVar = "test_a_task_without_an_attempt_left_is_not_claimed"

    @pytest.fixture
    def storage(self) -> Storage:
        return storages.SpoiledStorage(tasks=storages.EndlessAttempts)


class TestUnfencedTasks(StorageContract):
    fails_at: ClassVar = "test_who_lost_the_lease_of_a_task_writes_nothing"

    @pytest.fixture
    def storage(self) -> Storage:
        return storages.SpoiledStorage(tasks=storages.UnfencedTasks)


class TestUnfencedRuns(StorageContract):
    fails_at: ClassVar = "test_who_lost_the_lease_writes_nothing"

    @pytest.fixture
    def storage(self) -> Storage:
        return storages.SpoiledStorage(runs=storages.UnfencedRuns)


class TestCrowdedThreads(StorageContract):
    fails_at: ClassVar = "test_a_second_run_does_not_begin_while_one_is_running"

    @pytest.fixture
    def storage(self) -> Storage:
        return storages.SpoiledStorage(runs=storages.CrowdedThreads)


class TestForgetfulToolCalls(StorageContract):
    fails_at: ClassVar = "test_the_first_result_of_a_call_is_its_only_one"

    @pytest.fixture
    def storage(self) -> Storage:
        return storages.SpoiledStorage(tool_calls=storages.ForgetfulToolCalls)


class TestLooseFiles(StorageContract):
    fails_at: ClassVar = "test_a_removed_file_is_gone_with_its_text"

    @pytest.fixture
    def storage(self) -> Storage:
        return storages.SpoiledStorage(files=storages.LooseFiles)


class TestPassagesOfAllFiles(StorageContract):
    fails_at: ClassVar = "test_only_these_files_are_searched"

    @pytest.fixture
    def storage(self) -> Storage:
        return storages.SpoiledStorage(passages=storages.PassagesOfAllFiles)


class TestLossyQueue(QueueContract):
    fails_at: ClassVar = "test_what_was_announced_before_anybody_worked_is_done"

    @pytest.fixture
    def queue(self) -> Queue:
        return stores.LossyQueue()


class TestFifoQueue(QueueContract):
    fails_at: ClassVar = "test_of_what_waits_the_urgent_is_first"

    @pytest.fixture
    def queue(self) -> Queue:
        return stores.FifoQueue()


class TestObligingQueue(QueueContract):
    fails_at: ClassVar = "test_only_the_priorities_asked_for_are_served"

    @pytest.fixture
    def queue(self) -> Queue:
        return stores.ObligingQueue()


class TestBusyQueue(QueueContract):
    fails_at: ClassVar = "test_so_many_are_done_at_once_and_no_more"

    @pytest.fixture
    def queue(self) -> Queue:
        return stores.BusyQueue()


class BlobsThatAreThere(BlobsContract):
    @pytest.fixture
    def lost_blobs(self, blobs: Blobs) -> Blobs:
        return blobs


class TestHalfBlobs(BlobsThatAreThere):
    fails_at: ClassVar = "test_half_of_a_thing_is_never_there"

    @pytest.fixture
    def blobs(self) -> Blobs:
        return stores.HalfBlobs()


class TestGreedyBlobs(BlobsThatAreThere):
    fails_at: ClassVar = "test_bytes_are_read_in_small_pieces"

    @pytest.fixture
    def blobs(self) -> Blobs:
        return stores.GreedyBlobs()


class TestStrictBlobs(BlobsThatAreThere):
    fails_at: ClassVar = "test_what_is_removed_is_gone_however_often"

    @pytest.fixture
    def blobs(self) -> Blobs:
        return stores.StrictBlobs()


class TestStumblingExtraction(ExtractionContract):
    fails_at: ClassVar = "test_progress_rises_and_the_document_comes_last"

    @pytest.fixture
    def extraction(self) -> Extraction:
        return stores.StumblingExtraction()


class TestCredulousExtraction(ExtractionContract):
    fails_at: ClassVar = "test_what_is_no_text_is_refused_with_the_reason"

    @pytest.fixture
    def extraction(self) -> Extraction:
        return stores.CredulousExtraction()


class TestEternalCache(CacheContract):
    fails_at: ClassVar = "test_a_value_is_there_until_its_time_is_over"

    @pytest.fixture
    def clock(self) -> SteadyClock:
        return SteadyClock()

    @pytest.fixture
    def pass_time(self, clock: SteadyClock) -> PassTime:
        async def advance(seconds: float) -> None:
            clock.advance(seconds)

        return advance

    @pytest.fixture
    def cache(self, clock: SteadyClock) -> Cache:
        return stores.EternalCache(clock)


class TestBackwardJournal(JournalContract):
    fails_at: ClassVar = "test_entries_are_kept_in_order_until_they_are_removed"

    @pytest.fixture
    def journal(self) -> Journal:
        return stores.BackwardJournal()


class TestOpenVault(VaultContract):
    fails_at: ClassVar = "test_a_secret_opens_for_its_own_purpose_only"

    @pytest.fixture
    def vault(self) -> Vault:
        return stores.OpenVault()


class TestPettyLimiter(RateLimiterContract):
    fails_at: ClassVar = "test_all_of_the_attempts_count_or_none"

    @pytest.fixture
    def limiter(self) -> RateLimiter:
        return stores.PettyLimiter(SteadyClock())


class TestShuffledEmbeddings(EmbeddingsContract):
    fails_at: ClassVar = "test_vectors_come_in_the_order_of_the_texts"

    @pytest.fixture
    def embeddings(self) -> Embeddings:
        return stores.ShuffledEmbeddings()
