"""A person at a terminal, in front of a command."""

import os
import pty
import select
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.e2e.hexdesk_up import HEXDESK, environment

SECONDS = 30
CHUNK = 4096


@dataclass(kw_only=True)
class Person:
    """Types, and reads what appears; `seen` is all of it, `_read` how far the person has read."""

    process: subprocess.Popen[bytes]
    screen: int
    seen: str = ""
    _read: int = 0

    def type(self, text: str) -> None:
        """Type on the keyboard."""
        os.write(self.screen, text.encode())

    def wait_for(self, text: str) -> None:
        """Read on until the text has appeared."""
        deadline = time.monotonic() + SECONDS
        while (found := self.seen.find(text, self._read)) < 0:
            ready, _, _ = select.select([self.screen], [], [], deadline - time.monotonic())
            chunk = self._chunk() if ready else b""
            if not chunk:
                raise AssertionError(f"{text!r} did not appear in {self.seen[self._read :]!r}")
            self.seen += chunk.decode(errors="replace")
        self._read = found + len(text)

    def exit_code(self) -> int:
        """Wait until the command has ended."""
        return self.process.wait(SECONDS)

    def _chunk(self) -> bytes:
        try:
            return os.read(self.screen, CHUNK)
        except OSError:  # how Linux says that nobody holds the other end any more
            return b""


@contextmanager
def person_at(*arguments: str) -> Generator[Person]:
    """Start a command at a terminal of its own."""
    screen, command_side = pty.openpty()
    process = subprocess.Popen(
        [HEXDESK, *arguments],
        stdin=command_side,
        stdout=command_side,
        stderr=command_side,
        start_new_session=True,
        env=environment({"TERM": "xterm"}),
    )
    os.close(command_side)
    try:
        yield Person(process=process, screen=screen)
    finally:
        process.kill()
        process.wait()
        os.close(screen)
