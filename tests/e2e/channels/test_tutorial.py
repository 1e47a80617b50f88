"""The tutorial of channels does, as it is written, what it says."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import IO

import msgspec
import psutil
import pytest

from tests.docs.pages import FENCE, Page
from tests.e2e.hexdesk_up import HEXDESK, READY, environment, free_ports

PAGE = Page.read("docs/tutorials/your-first-channel-plugin.md")
SETTLED_SECONDS = 60
BASH = shutil.which("bash") or "/bin/bash"
# `uv run` would run what is installed in the clone, where no test may install anything.
UV = """\
#!/bin/sh
if [ "$1" = run ]; then
    shift
    case "$1" in
        hexdesk) shift; exec "{python}" "{hexdesk}" "$@" ;;
        pytest) shift; exec "{python}" -m pytest -p no:cacheprovider "$@" ;;
        *) shift; exec "{python}" "$@" ;;
    esac
fi
exec "{uv}" "$@"
"""


class Reader:
    """Somebody who types what the page says, in a clone with its own ports."""

    def __init__(self, room: Path) -> None:
        self.clone = room / "clone"
        self.plugin = room / "hexdesk-doorbell"
        self._ports = dict(zip(("8000", "8001", "9009"), free_ports(3), strict=True))
        self._typed: list[str] = []
        self.clone.mkdir()
        self.plugin.mkdir()
        self.environment = environment(
            {
                "VIRTUAL_ENV": str(room / "venv"),
                "PATH": f"{room}:{os.environ['PATH']}",
                "HEXDESK_DATA_DIR": str(room / "data"),
            }
        )
        overlay(room)

    def own(self, text: str) -> str:
        """Return a text of the page with this reader's ports."""
        for told, port in self._ports.items():
            text = text.replace(told, str(port))
        return text

    def type(self, heading: str) -> None:
        """Type what a section says, and see what it shows."""
        for command, shown in PAGE.section(heading).exchanges():
            if "pytest" in command:
                assert " passed" in self.run(command)
            elif shown:
                assert self.run(command) == shown
            else:
                self.run(command)

    def run(self, command: str) -> str:
        """Run a command in a shell that knows what earlier ones have set."""
        if re.match("[A-Z]+=", command):
            # Its value, as of now: a shell that did it again would do more than the reader.
            name = command.partition("=")[0]
            value = self.run_once(f'{self.own(command)}\nprintf %s "${name}"')
            self.environment[name] = value
            return ""
        return self.run_once(self.own(command)).strip()

    def run_once(self, script: str) -> str:
        done = subprocess.run(
            [BASH, "-euo", "pipefail", "-c", script],
            cwd=self.clone,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=SETTLED_SECONDS,
            check=False,
        )
        assert done.returncode == 0, (script, done.stdout, done.stderr)
        return done.stdout

    @contextmanager
    def running(self, command: str) -> Generator[Queue[str]]:
        """Run a command in a terminal of its own, and yield the lines that it shows."""
        if command.endswith("hexdesk up"):
            command += f" --port {self._ports['8000']} --mcp-port {self._ports['8001']} --no-demo"
        process = subprocess.Popen(
            [BASH, "-c", command],
            cwd=self.clone,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        lines: Queue[str] = Queue()
        assert process.stdout
        reading = Thread(target=read, args=(process.stdout, lines))
        reading.start()
        try:
            yield lines
        finally:
            for one in (*psutil.Process(process.pid).children(recursive=True), process):
                one.terminate()
            process.wait(SETTLED_SECONDS)
            reading.join()
            process.stdout.close()


def read(pipe: IO[str], lines: Queue[str]) -> None:
    """Pass on what a program shows, until it ends."""
    for line in pipe:
        lines.put(line)


def overlay(room: Path) -> None:
    """Make an environment in which hexdesk is installed, and something else can be."""
    venv.create(room / "venv", symlinks=True)
    own = Path(sysconfig.get_path("purelib", vars={"base": str(room / "venv")}))
    for one in Path(sysconfig.get_path("purelib")).iterdir():
        if not (own / one.name).exists():
            (own / one.name).symlink_to(one)
    (room / "venv" / "share").symlink_to(Path(sys.prefix) / "share")
    python = room / "venv" / "bin" / Path(sys.executable).name
    shim = room / "uv"
    shim.write_text(UV.format(python=python, hexdesk=HEXDESK, uv=shutil.which("uv")))
    shim.chmod(0o755)


def written(heading: str) -> Iterator[str]:
    """Yield the files that a section shows."""
    for _, language, block in FENCE.findall(PAGE.section(heading).text):
        if language in {"toml", "python"}:
            yield block


def next_line(lines: Queue[str], part: str) -> str:
    """Return the next line with a part, once it is shown."""
    seen: list[str] = []
    while True:
        try:
            seen.append(lines.get(timeout=SETTLED_SECONDS))
        except Empty:
            raise AssertionError("".join(seen)) from None
        if part in seen[-1]:
            return seen[-1]


@pytest.fixture
def reader() -> Generator[Reader]:
    with tempfile.TemporaryDirectory(prefix="hexdesk-tests-") as name:
        room = Path(name)
        # The database runs as a user of its own.
        room.chmod(0o755)
        yield Reader(room)


def test_whoever_follows_the_tutorial_has_a_doorbell(reader: Reader) -> None:
    project, channel = written("1. Write the plugin")
    (suite,) = written("2. Try it without a desk")
    (porch,) = written("3. Start the desk and the porch")
    files = {
        "pyproject.toml": project,
        "hexdesk_doorbell.py": channel,
        "test_doorbell.py": suite,
        "porch.py": reader.own(porch),
    }
    reader.type("1. Write the plugin")
    for name, text in files.items():
        (reader.plugin / name).write_text(text, encoding="utf-8")
    reader.type("2. Try it without a desk")
    up, listen = PAGE.section("3. Start the desk and the porch").commands()
    with reader.running(up) as desk, reader.running(listen) as heard:
        next_line(desk, READY)
        reader.type("4. Hang the doorbell up")
        next_line(heard, "{}")
        reader.type("5. Ring")
        (told,) = PAGE.section("5. Ring").code("json")
        answer = msgspec.json.decode(next_line(heard, "ann@example.com"))
        assert answer | {"id": ""} == msgspec.json.decode(told) | {"id": ""}
        first, second, third = PAGE.section("6. Look at it from the desk").code("console")
        follow(reader, first, second)
        assert "Come by, we have chains." in next_line(heard, "ann@example.com")
        wait_for(reader, third)
    (remove,) = PAGE.section("Where next").commands()
    reader.run(remove)


def follow(reader: Reader, *blocks: str) -> None:
    """Type some blocks of a section."""
    for block in blocks:
        for command, shown in Page(f"```console\n{block}\n```\n").exchanges():
            assert reader.run(command) == shown


def wait_for(reader: Reader, block: str) -> None:
    """Type a block until it shows what it says: what was heard is noted a moment later."""
    ((command, shown),) = Page(f"```console\n{block}\n```\n").exchanges()
    deadline = time.monotonic() + SETTLED_SECONDS
    while (told := reader.run(command)) != shown:
        assert time.monotonic() < deadline, told
