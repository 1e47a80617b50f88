"""Mail that was handed over, kept in files before anybody looks into it.

Laid out as a maildir is: a message appears whole or not at all, and what becomes of it is told by
the folder that it lies in. How often it was tried stands behind its name, written before it is
read, so that one that kills the process is found out.
"""

import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

NEW, DONE, QUARANTINE, UNFINISHED = "new", "done", "quarantine", "tmp"
SIGN_OF_LIFE = "alive"
# After so long nobody will come for the mail any more: its sender should hear of that.
LONGEST_ABSENCE_SECONDS = 7 * 86_400
NAME = re.compile(r"\d{20}\.[0-9a-f]{16}")
TRIED = re.compile(rf"({NAME.pattern})(?:,(\d{{1,3}}))?")


class AbandonedError(Exception):
    """Nobody has come for the mail for days."""


@dataclass(frozen=True, slots=True)
class Spool:
    """The mail of one connection; its methods wait for the disk."""

    folder: Path

    @property
    def is_there(self) -> bool:
        """Whether anybody ever came for its mail."""
        return (self.folder / SIGN_OF_LIFE).is_file()

    def show_life(self) -> None:
        """Make the folders, and tell that somebody comes for what lies in them."""
        for name in (NEW, DONE, QUARANTINE, UNFINISHED):
            (self.folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.folder / SIGN_OF_LIFE).touch()

    def add(self, raw: bytes) -> None:
        """Keep a message; on return it outlives a power cut.

        Raise `AbandonedError` if nobody would come for it, `OSError` if the disk takes it not.
        """
        lying = self.folder / UNFINISHED / secrets.token_hex(8)
        try:
            with lying.open("xb") as file:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            written = lying.stat()
            if written.st_mtime - self._last_seen > LONGEST_ABSENCE_SECONDS:
                raise AbandonedError
            lying.rename(self.folder / NEW / f"{written.st_mtime_ns:020d}.{lying.name}")
        finally:
            lying.unlink(missing_ok=True)
        _make_last(self.folder / NEW)

    def waiting(self) -> list[tuple[str, int]]:
        """Return what was not taken yet, oldest first, and how often it was tried."""
        found = (TRIED.fullmatch(path.name) for path in (self.folder / NEW).iterdir())
        return sorted((one[1], int(one[2] or 0)) for one in found if one)

    def note_tries(self, name: str, before: int, after: int) -> None:
        """Write down how often a message was tried."""
        new = self.folder / NEW
        (new / _tried(name, before)).rename(new / _tried(name, after))

    def read(self, name: str, tries: int, most_bytes: int) -> tuple[bytes, bool]:
        """Return a message, and whether that is all of it."""
        with (self.folder / NEW / _tried(name, tries)).open("rb") as file:
            raw = file.read(most_bytes + 1)
        return raw[:most_bytes], len(raw) <= most_bytes

    def finish(self, name: str, tries: int, folder: str) -> None:
        """Put a message where it will not be taken again."""
        (self.folder / NEW / _tried(name, tries)).rename(self.folder / folder / name)

    def find(self, name: str) -> bytes | None:
        """Return a message that was taken, or is just being taken; None where it is gone."""
        if not NAME.fullmatch(name):
            return None
        for path in (self.folder / DONE / name, *(self.folder / NEW).glob(f"{name}*")):
            try:
                return path.read_bytes()
            except FileNotFoundError:
                continue
        return None

    def forget_before(self, moment: float) -> None:
        """Remove what was taken and came before a moment."""
        for path in (self.folder / DONE).iterdir():
            if path.stat().st_mtime < moment:
                path.unlink(missing_ok=True)

    @property
    def _last_seen(self) -> float:
        return (self.folder / SIGN_OF_LIFE).stat().st_mtime


def _tried(name: str, tries: int) -> str:
    return f"{name},{tries}" if tries else name


def _make_last(folder: Path) -> None:
    """Have the disk keep that a file now has its name."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
