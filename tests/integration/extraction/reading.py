"""Files are read here without a sandbox, by what reads them inside of one."""

import io
import time

import msgspec

from hexdesk.adapters.extraction.readers.reading import Bounds
from hexdesk.adapters.extraction.sandbox import Limits, bundled_ocr
from hexdesk.adapters.extraction.sandbox.child import outcome, reader_of
from hexdesk.adapters.extraction.sandbox.wire import Finished, Found, Going, Order, Refused, Word
from hexdesk.core.model.documents import FileType


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What was said of a file, and how it ended."""

    words: tuple[Word, ...]
    end: Word

    @property
    def sections(self) -> list[tuple[str, int | str | None]]:
        """Return each text and where it stands."""
        found = (word for word in self.words if isinstance(word, Found))
        return [(one.text, one.page or one.sheet) for one in found]

    @property
    def text(self) -> str:
        """Return the whole text."""
        return "\n\n".join(text for text, _ in self.sections)

    @property
    def progress(self) -> list[float]:
        """Return how far it was each time it said so."""
        return [word.done for word in self.words if isinstance(word, Going)]

    @property
    def metadata(self) -> dict[str, str | int | float | list[str]]:
        """Return the metadata of a file that was read."""
        assert isinstance(self.end, Finished), self.end
        return self.end.metadata

    @property
    def is_truncated(self) -> bool:
        """Return whether there was more."""
        return isinstance(self.end, Finished) and self.end.truncated

    @property
    def reason(self) -> str:
        """Return why a file was refused."""
        assert isinstance(self.end, Refused), self.end
        return self.end.reason


def reading_of(file_type: FileType, content: bytes, bounds: Bounds | None = None) -> Reading:
    """Read a file as the child does. The processor's time counts from now."""
    given = bounds or Bounds()
    cpu_seconds = time.process_time() + given.cpu_seconds
    order = Order(
        file_type=file_type,
        parent=0,
        limits=Limits(),
        bounds=msgspec.structs.replace(given, cpu_seconds=cpu_seconds),
        ocr=bundled_ocr(),
    )
    words = list[Word]()
    end = outcome(io.BytesIO(content), order, reader_of(file_type), words.append)
    return Reading(words=tuple(words), end=end)
