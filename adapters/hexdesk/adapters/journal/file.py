"""A journal of sealed files, one for each entry."""

import asyncio
import fcntl
import logging
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hexdesk.core.errors import JournalFullError
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.journal import Journal
from hexdesk.core.ports.vault import Vault

PURPOSE = "journal"
ENTRY = ".entry"
UNFINISHED = ".unfinished"
UNREADABLE = ".unreadable"
LOCK = ".lock"
MAX_BYTES = 64 * 1024 * 1024
# A file system that is full may still make empty files.
PROBE = bytes(4096)

log = logging.getLogger(__name__)


class FileJournal(Journal):
    """Keeps each entry in a file of its own, under a name that sorts by time.

    An entry is written beside its place, then renamed: there is all of it or nothing, whenever
    the process dies. A lock that dies with its process keeps the writers of one folder apart.
    """

    def __init__(
        self, folder: Path, vault: Vault, clock: Clock, *, max_bytes: int = MAX_BYTES
    ) -> None:
        self._folder = folder
        self._vault = vault
        self._clock = clock
        self._max_bytes = max_bytes
        self._wanted_bytes = 1

    async def append(self, entry: bytes) -> None:
        await asyncio.to_thread(self._append, entry)

    async def pending(self) -> tuple[tuple[str, bytes], ...]:
        return await asyncio.to_thread(lambda: tuple(self._read()))

    async def remove(self, name: str) -> None:
        # Only a name from this folder. Should the removal be lost in a crash, the entry is
        # stored twice under the same ids, which changes nothing.
        path = self._folder / Path(name).name
        await asyncio.to_thread(path.unlink, missing_ok=True)

    def waiting(self) -> int:
        """Count the entries, for the metrics."""
        return sum(1 for _ in self._folder.glob(f"*{ENTRY}"))

    def problem(self) -> str | None:
        try:
            self._make_folder()
            if self._used_bytes() + self._wanted_bytes > self._max_bytes:
                return self._full()
            self._try_to_write()
        except OSError as error:
            return _unwritable(error)
        return None

    def _append(self, entry: bytes) -> None:
        sealed = self._vault.seal(entry, purpose=PURPOSE)
        try:
            self._make_folder()
            with self._locked():
                self._remove_unfinished()
                if self._used_bytes() + len(sealed) > self._max_bytes:
                    self._wanted_bytes = len(sealed)
                    raise JournalFullError(self._here(self._full()))
                self._write(sealed)
                self._wanted_bytes = 1
        except OSError as error:
            raise JournalFullError(self._here(_unwritable(error))) from error

    def _write(self, sealed: bytes) -> None:
        place = self._new_path(ENTRY)
        unfinished = place.with_suffix(UNFINISHED)
        with _created(unfinished) as handle:
            _write_all(handle, sealed)
            os.fsync(handle)
        unfinished.rename(place)
        _sync_folder(self._folder)

    def _read(self) -> Iterator[tuple[str, bytes]]:
        for path in sorted(self._folder.glob(f"*{ENTRY}")):
            try:
                yield path.name, self._vault.open(path.read_bytes(), purpose=PURPOSE)
            except FileNotFoundError:
                # Another process has stored and removed it since.
                continue
            except OSError as error:
                # Too many open files, say: the entry may well be read another time.
                log.warning("journal entry left", extra={"file": path.name, "why": str(error)})
            except ValueError as error:
                log.warning("journal entry set aside", extra={"file": path.name, "why": str(error)})
                with suppress(OSError):
                    path.rename(path.with_name(path.name + UNREADABLE))

    def _make_folder(self) -> None:
        if not self._folder.is_dir():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _sync_folder(self._folder.parent)

    @contextmanager
    def _locked(self) -> Generator[None]:
        handle = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _remove_unfinished(self) -> None:
        # Under the lock nobody is writing: what is unfinished now was left by the dead.
        for path in self._folder.glob(f"*{UNFINISHED}"):
            path.unlink(missing_ok=True)

    def _used_bytes(self) -> int:
        # Entries set aside take up space as well, until somebody has looked at them.
        with os.scandir(self._folder) as files:
            return sum(_size(file) for file in files)

    def _try_to_write(self) -> None:
        probe = self._new_path(UNFINISHED)
        try:
            with _created(probe) as handle:
                _write_all(handle, PROBE)
        finally:
            probe.unlink(missing_ok=True)

    def _new_path(self, suffix: str) -> Path:
        return self._folder / f"{self._clock.new_id().hex}{suffix}"

    def _full(self) -> str:
        return f"the journal is full: it may hold {self._max_bytes} bytes"

    def _here(self, problem: str) -> str:
        # For the log alone: `/health` may be read by anybody.
        return f"{problem} ({self._folder})"


def _unwritable(error: OSError) -> str:
    return f"the journal cannot be written: {error.strerror or type(error).__name__}"


@contextmanager
def _created(path: Path) -> Generator[int]:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        yield handle
    finally:
        os.close(handle)


def _write_all(handle: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _size(file: os.DirEntry[str]) -> int:
    try:
        return file.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        return 0
