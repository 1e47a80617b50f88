"""Files that are made to do harm are refused in words, and their reader's parent lives."""

import asyncio
import time

import pytest

from hexdesk.adapters.extraction.sandbox import Limits, SandboxedExtraction
from hexdesk.core.errors import ExtractionError
from hexdesk.core.model.documents import FileType
from hexdesk.core.testing.extraction_contract import document_of
from tests.files.hostile import HOSTILE, POLICY, Hostile
from tests.integration.extraction.readers import children
from tests.integration.extraction.reading import reading_of

PATIENCE = 60
HARMLESS = {name: hostile for name, hostile in HOSTILE.items() if hostile.limits == Limits()}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_hostile_file_is_refused_with_the_reason(hostile: Hostile) -> None:
    content = hostile.content()
    extraction = SandboxedExtraction(hostile.limits, bounds=hostile.bounds)
    began = time.perf_counter()
    with pytest.raises(ExtractionError, match=hostile.reason) as refused:
        await document_of(extraction, content, hostile.file_type)
    assert time.perf_counter() - began < PATIENCE
    assert str(refused.value)[0].islower()
    assert "Error" not in str(refused.value)
    assert children() == []


@pytest.mark.parametrize("hostile", HARMLESS.values(), ids=HARMLESS.keys())
def test_readers_refuse_by_themselves_what_no_limit_has_to_stop(hostile: Hostile) -> None:
    reading = reading_of(hostile.file_type, hostile.content(), hostile.bounds)
    assert hostile.reason in reading.reason


async def test_a_good_file_among_hostile_ones_is_read() -> None:
    extraction = SandboxedExtraction()

    async def refuse(name: str) -> None:
        with pytest.raises(ExtractionError):
            await document_of(extraction, HOSTILE[name].content(), HOSTILE[name].file_type)

    good, *_ = await asyncio.gather(
        document_of(extraction, POLICY.encode(), FileType.TXT),
        refuse("a PDF of noise"),
        refuse("entities that multiply"),
        refuse("half a photograph"),
    )
    assert [section.text for section in good.sections] == [POLICY]
