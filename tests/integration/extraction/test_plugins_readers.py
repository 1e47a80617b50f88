"""What plugins bring to read further types runs where all readers run, and no better."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent

import pytest

from hexdesk.adapters.extraction.sandbox import SandboxedExtraction
from hexdesk.core.errors import ExtractionError
from hexdesk.core.model.documents import TextExtractor
from hexdesk.core.testing.extraction_contract import document_of

SRT = "application/x-subrip"
CODE = """
    import socket

    from hexdesk.core import ExtractedDocument, ExtractionError, Section

    def read(content):
        text = content.decode()
        if text == "no":
            raise ExtractionError("there is nobody in this film")
        if text == "call":
            socket.create_connection(("127.0.0.1", 9))
        if text == "nonsense":
            return text
        return ExtractedDocument(
            sections=(Section(text=text, page=3),), metadata={"film": "Lund"}, truncated=True
        )
"""


@pytest.fixture
def extraction(tmp_path: Path) -> SandboxedExtraction:
    """A sandbox whose children find the module of a plugin."""
    (tmp_path / "hexdesk_test_srt.py").write_text(dedent(CODE), encoding="utf-8")
    extractor = TextExtractor(
        name="SRT", content_type=SRT, extensions=("srt",), reader="hexdesk_test_srt:read"
    )
    return SandboxedExtraction(program=started_in(tmp_path)).also_read([extractor])


def started_in(folder: Path) -> Sequence[str]:
    """Return the usual program of a child, for which a plugin is installed."""
    module = "hexdesk.adapters.extraction.sandbox.child"
    return "-c", f"import sys; sys.path.append({str(folder)!r}); from {module} import main; main()"


async def test_a_file_is_read_by_what_the_plugin_names(extraction: SandboxedExtraction) -> None:
    document = await document_of(extraction, b"Hello", SRT)

    assert [(one.text, one.page) for one in document.sections] == [("Hello", 3)]
    assert document.metadata == {"film": "Lund", "words": 1}
    assert document.truncated


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"no", "nobody in this film"),
        (b"call", "damaged"),
        (b"nonsense", "damaged"),
        (b"%PDF-1.7", "is no SRT"),
        (b"", "is empty"),
    ],
)
async def test_what_the_reader_cannot_or_may_not_do_is_told_of_the_file(
    extraction: SandboxedExtraction, content: bytes, reason: str
) -> None:
    with pytest.raises(ExtractionError, match=reason):
        await document_of(extraction, content, SRT)


async def test_a_type_whose_plugin_is_gone_is_told_of_the_file() -> None:
    with pytest.raises(ExtractionError, match="nothing is installed that reads"):
        await document_of(SandboxedExtraction(), b"Hello", SRT)
