"""A reader that is as it should be passes the suite for readers of plugins."""

import pytest

from hexdesk.core import TextExtractor
from hexdesk.core.testing.extractors_contract import ExtractorContract, Reader
from tests.contract.subtitles import FILM, SUBTITLES, read


class TestSubtitles(ExtractorContract):
    @pytest.fixture
    def extractor(self) -> TextExtractor:
        return SUBTITLES

    @pytest.fixture
    def reader(self) -> Reader:
        return read

    @pytest.fixture
    def content(self) -> bytes:
        return FILM.encode()

    @pytest.fixture
    def text(self) -> str:
        return "The zeppelin is warranted\nfor seven years. Größe: 20 m."


class TestSignedSubtitles(TestSubtitles):
    """Of a type that begins with a signature and is no text."""

    @pytest.fixture
    def extractor(self) -> TextExtractor:
        return TextExtractor(
            name="Signed SRT",
            content_type="application/x-signed",
            extensions=("sgn", "sig"),
            signature=b"1\n00:",
            reader=SUBTITLES.reader,
        )
