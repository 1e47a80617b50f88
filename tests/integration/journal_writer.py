"""A process that fills a journal until somebody ends it: `journal_writer.py FOLDER NAME COUNT`."""

import asyncio
import os
import sys
from pathlib import Path

from hexdesk.adapters.clock.system import SystemClock
from hexdesk.adapters.journal.file import FileJournal
from hexdesk.adapters.tokens.signing_keys import SigningKeys
from hexdesk.adapters.vault.aead import AeadVault

SECRET = "a-secret-that-both-processes-know-of"
# So large that a process can be caught in the middle of it.
PADDING = bytes(1_000_000)


def open_journal(folder: Path) -> FileJournal:
    """Open the journal that the writers share."""
    return FileJournal(folder, AeadVault(SigningKeys(SECRET).derive), SystemClock())


async def write(folder: Path, name: str, count: int) -> None:
    """Append entries, and say each that is safe."""
    journal = open_journal(folder)
    for number in range(count):
        await journal.append(f"{name} {number}".encode() + PADDING)
        os.write(sys.stdout.fileno(), f"{number}\n".encode())


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
