"""The contract suite over readers that are broken; each class names the test where it must fail.

Not collected with the other tests: `test_broken_things.py` runs it.
"""

from typing import ClassVar

import pytest

from hexdesk.core import TextExtractor
from hexdesk.core.testing.extractors_contract import ExtractorContract, Reader
from tests.contract import subtitles
from tests.contract.broken import extractors
from tests.contract.subtitles import FILM


class BrokenExtractor(ExtractorContract):
    """A reader of subtitles, as `broken` has it."""

    broken: ClassVar[TextExtractor]

    @pytest.fixture
    def extractor(self) -> TextExtractor:
        return self.broken

    @pytest.fixture
    def reader(self) -> Reader:
        return extractors.READERS.get(self.broken.reader, subtitles.read)

    @pytest.fixture
    def content(self) -> bytes:
        return FILM.encode()

    @pytest.fixture
    def text(self) -> str:
        return "The zeppelin is warranted"


class TestTrustingExtractor(BrokenExtractor):
    broken = extractors.TRUSTING
    fails_at: ClassVar = "test_a_damaged_file_is_read_or_refused_in_words"


class TestRememberingExtractor(BrokenExtractor):
    broken = extractors.REMEMBERING
    fails_at: ClassVar = "test_a_file_says_nothing_of_the_one_before"


class TestUntidyExtractor(BrokenExtractor):
    broken = extractors.UNTIDY
    fails_at: ClassVar = "test_nothing_is_opened_and_nobody_is_called"


class TestDeafExtractor(BrokenExtractor):
    broken = extractors.DEAF
    fails_at: ClassVar = "test_the_text_of_a_file_is_read"


class TestElaborateExtractor(BrokenExtractor):
    broken = extractors.ELABORATE
    fails_at: ClassVar = "test_what_is_known_of_a_file_is_plain"


class TestMissignedExtractor(BrokenExtractor):
    broken = extractors.MISSIGNED
    fails_at: ClassVar = "test_a_file_of_its_type_is_taken_for_one"


class TestGraspingExtractor(BrokenExtractor):
    broken = extractors.GRASPING
    fails_at: ClassVar = "test_it_is_of_a_type_that_the_desk_does_not_read_itself"


class TestMisnamedExtractor(BrokenExtractor):
    broken = extractors.MISNAMED
    fails_at: ClassVar = "test_its_reader_is_found_by_its_name"
