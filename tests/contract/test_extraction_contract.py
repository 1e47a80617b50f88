"""Files are read as the port promises, in memory and in the sandbox."""

import pytest

from hexdesk.adapters.extraction.sandbox import SandboxedExtraction
from hexdesk.core.ports.extraction import Extraction
from hexdesk.core.testing import MemoryExtraction
from hexdesk.core.testing.extraction_contract import ExtractionContract


class TestMemoryExtraction(ExtractionContract):
    @pytest.fixture
    def extraction(self) -> Extraction:
        return MemoryExtraction()


class TestSandboxedExtraction(ExtractionContract):
    @pytest.fixture
    def extraction(self) -> Extraction:
        return SandboxedExtraction()
