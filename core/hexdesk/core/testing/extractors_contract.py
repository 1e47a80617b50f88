"""What every reader of files promises: the suite that a plugin's `TextExtractor` passes.

    class TestSubtitles(ExtractorContract):
        @pytest.fixture
        def extractor(self) -> TextExtractor: ...

        @pytest.fixture
        def reader(self) -> Reader: ...

        @pytest.fixture
        def content(self) -> bytes: ...

        @pytest.fixture
        def text(self) -> str: ...

`reader` is the function that the extractor names, `content` is a whole file of the type, and `text`
a part of what is to be read in it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest

from hexdesk.core.errors import ExtractionError
from hexdesk.core.model.documents import ExtractedDocument, FileType, TextExtractor
from hexdesk.core.policy.file_types import EXTENSIONS, HEAD_BYTES, type_of_file

Reader = Callable[[bytes], ExtractedDocument]

OUTSIDE = ("builtins.open", "io.open", "os.open", "os.system", "socket.socket", "subprocess.Popen")
NOISE = bytes(range(256)) * 8
DAMAGE: Mapping[str, Callable[[bytes], bytes]] = {
    "only its beginning": lambda content: content[: len(content) // 2],
    "only its first bytes": lambda content: content[:8],
    "nothing": lambda content: content[:0],
    "noise in its middle": lambda content: (
        content[: len(content) // 2] + NOISE + content[len(content) // 2 :]
    ),
    "noise behind its beginning": lambda content: content[:8] + NOISE,
    "zeros behind its beginning": lambda content: content[:8] + bytes(1000),
    "line ends": lambda content: b"\r\n" * len(content),
}


class ExtractorContract:
    """Subclasses give `extractor`, `reader`, `content` and `text`."""

    def test_its_reader_is_found_by_its_name(
        self, extractor: TextExtractor, reader: Reader
    ) -> None:
        assert extractor.reader == f"{reader.__module__}:{reader.__qualname__}"

    def test_it_is_of_a_type_that_the_desk_does_not_read_itself(
        self, extractor: TextExtractor
    ) -> None:
        assert extractor.extensions
        assert extractor.content_type not in frozenset(FileType)
        assert not frozenset(EXTENSIONS) & frozenset(extractor.extensions)

    def test_a_file_of_its_type_is_taken_for_one(
        self, extractor: TextExtractor, content: bytes
    ) -> None:
        head = content[:HEAD_BYTES]
        for extension in extractor.extensions:
            for claimed in (None, extractor.content_type):
                found = type_of_file(f"a file.{extension}", claimed, head, (extractor,))
                assert found == extractor.content_type

    def test_the_text_of_a_file_is_read(self, reader: Reader, content: bytes, text: str) -> None:
        document = reader(content)
        assert isinstance(document, ExtractedDocument)
        assert text in "\n".join(section.text for section in document.sections)

    def test_a_file_says_nothing_of_the_one_before(self, reader: Reader, content: bytes) -> None:
        assert reader(content) == reader(content)

    def test_what_is_known_of_a_file_is_plain(self, reader: Reader, content: bytes) -> None:
        metadata = reader(content).metadata
        assert msgspec.convert(metadata, dict[str, str | int | float | list[str]]) == metadata

    @pytest.mark.parametrize("damage", DAMAGE)
    def test_a_damaged_file_is_read_or_refused_in_words(
        self, reader: Reader, content: bytes, damage: str
    ) -> None:
        answer = answer_to(reader, DAMAGE[damage](content))
        assert answer if isinstance(answer, str) else isinstance(answer, ExtractedDocument)

    def test_nothing_is_opened_and_nobody_is_called(
        self, reader: Reader, content: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # What it imports when it first reads is there before a file is.
        reader(content)
        with monkeypatch.context() as locked:
            for name in OUTSIDE:
                locked.setattr(name, refuse)
            reader(content)


def answer_to(reader: Reader, content: bytes) -> ExtractedDocument | str:
    """Return the document, or the words in which it is refused."""
    try:
        return reader(content)
    except ExtractionError as error:
        return str(error)


def refuse(*_: Any, **__: Any) -> None:
    """Fail the test, whatever the reader catches."""
    pytest.fail("it asks for what is not there where files are read")
