"""The tutorial of the first storage, typed in as it is written, with a desk that runs on it."""

import re
import shutil
import subprocess
from collections.abc import Generator
from pathlib import Path
from threading import Timer

import pytest

from hexdesk.adapters.extraction.sandbox import bundled_ocr
from tests.e2e.hexdesk_up import READY, environment, free_ports
from tests.e2e.plugins.tutorials import beside_with_uv, steps, typed, unseen

PAGE = "docs/tutorials/your-first-storage-backend.md"
SECONDS = 120
SH = shutil.which("sh") or "/bin/sh"
BROKEN = "test_the_number_of_a_removed_ticket_is_not_used_again"


class Reader:
    """Somebody with two terminals: one for the desk, one for all else."""

    def __init__(self, room: Path) -> None:
        self.place = room / "clone"
        self.place.mkdir()
        beside = beside_with_uv(room / "venv")
        self.environment = environment({"HEXDESK_TESSDATA_DIR": bundled_ocr().tessdata})
        self.environment["PATH"] = f"{beside.folder / 'bin'}:{self.environment['PATH']}"
        self._ports = free_ports()
        self._desk: subprocess.Popen[str] | None = None
        self.starts = 0

    def write(self, path: str, text: str) -> None:
        """Write a file that a page shows."""
        assert (self.place / path).parent.is_dir(), path
        (self.place / path).write_text(text, encoding="utf-8")

    def type(self, command: str, shown: list[str]) -> None:
        """Type a command, and see what it shows."""
        if command.startswith("cd "):
            self.place /= command.removeprefix("cd ")
        elif command.endswith("hexdesk up"):
            self._start(command)
        elif name := re.match(r"(?:export )?([A-Z_]+)=", command):
            script = f'{command}\nprintf %s "${name[1]}"'
            self.environment[name[1]] = self._run(script, fails=False)
        else:
            fails = any(" failed, " in one for one in shown)
            said = self._run(command, fails=fails)
            failed = re.findall(r"^FAILED \S+::(\w+)", said, re.MULTILINE)
            assert failed == ([BROKEN] if fails else []), said
            assert unseen(shown, said) == [], said

    def _run(self, script: str, *, fails: bool) -> str:
        ended = subprocess.run(
            [SH, "-c", script.replace("8000", str(self._ports[0]))],
            cwd=self.place,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert (ended.returncode != 0) is fails, (script, ended.stdout, ended.stderr)
        return ended.stdout

    def _start(self, command: str) -> None:
        self.stop()
        port, mcp_port = self._ports
        self._desk = subprocess.Popen(
            [SH, "-c", f"exec {command} --port {port} --mcp-port {mcp_port} 2>&1"],
            cwd=self.place,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._desk.stdout
        # One that never is ready is ended, and so are its lines.
        deadline = Timer(SECONDS, self._desk.kill)
        deadline.start()
        said: list[str] = []
        for line in self._desk.stdout:
            said.append(line)
            if READY in line:
                break
        deadline.cancel()
        assert READY in said[-1], "".join(said)
        self.starts += 1

    def stop(self) -> None:
        """Press Ctrl-C where the desk runs, if it does."""
        if self._desk is None:
            return
        self._desk.terminate()
        self._desk.communicate(timeout=SECONDS)
        self._desk = None


@pytest.fixture
def reader(tmp_path: Path) -> Generator[Reader]:
    reader = Reader(tmp_path)
    yield reader
    reader.stop()


def test_whoever_types_what_the_tutorial_says_has_a_desk_on_a_notebook(reader: Reader) -> None:
    for path, language, block in steps(PAGE):
        if language == "python":
            reader.write(path, block)
            continue
        for command, shown in typed(block):
            reader.type(command, shown)

    assert reader.starts == 2
    assert len(list((reader.place / "notebook").glob("*.page"))) > 0
