"""hexdesk's commands as processes of their own: started, stopped, put to sleep, killed."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import httpx2
import msgspec

HEXDESK = str(Path(sys.executable).with_name("hexdesk"))
READY_SECONDS = 150
STOP_SECONDS = 20
LOOK_AGAIN_SECONDS = 0.02
LONGEST_EXCERPT = 4000
MOST_COMPLAINTS = 20_000
# What a process tells that is in order, or only slower than it might be.
QUIET = ('"level":"info"', '"event":"slow operation"')
UNLIMITED = {
    f"HEXDESK_RATE_LIMIT_{name}": "off"
    for name in ("USER", "ADDRESS", "LOGIN", "LOGIN_ADDRESS", "REGISTER")
}


class Hexdesk:
    """One `hexdesk up`, `api` or `mcp`, which comes back where it was when it is started again."""

    started: ClassVar[list["Hexdesk"]] = []
    """Those whose logs are shown when a test fails."""

    def __init__(
        self, command: str, folder: Path, settings: Mapping[str, str], program: str = HEXDESK
    ) -> None:
        self.folder = folder
        self.log = folder / f"{command}.log"
        self.port, self.mcp_port = free_ports(2)
        self.settings = {"HEXDESK_DATA_DIR": str(folder), **UNLIMITED, **settings}
        self._command = [program, command, "--port", str(self.port)]
        if command == "up":
            self._command += ["--no-demo", "--mcp-port", str(self.mcp_port)]
        self._ready_path = "/health" if command == "mcp" else "/health/ready"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return the address that it listens on."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_running(self) -> bool:
        """Whether it lives."""
        return self._process is not None and self._process.poll() is None

    async def start(self) -> None:
        """Start it, and wait until it takes requests."""
        self._launch()
        deadline = time.monotonic() + READY_SECONDS
        async with httpx2.AsyncClient(trust_env=False, verify=False) as http:
            while self.is_running and time.monotonic() < deadline:
                if await _is_ready(http, self.url + self._ready_path):
                    return
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
        raise self.never_ready()

    def _launch(self) -> None:
        self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        if self not in self.started:
            self.started.append(self)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=_inherited() | self.settings,
            )

    def kill(self) -> None:
        """End it with SIGKILL, as a machine that dies would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def sleep(self) -> None:
        """Let it do nothing until it is woken, as a machine that swaps would."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """Let it go on where it was."""
        if self._process is not None and self.is_running:
            self._process.send_signal(signal.SIGCONT)

    def terminate(self) -> None:
        """Ask it to stop."""
        assert self._process is not None
        self._process.terminate()

    async def exit_code(self) -> int:
        """Wait until it has ended; raise `subprocess.TimeoutExpired` if it does not in time."""
        assert self._process is not None
        return await asyncio.to_thread(self._process.wait, STOP_SECONDS)

    async def stop(self) -> None:
        """End it in good order, if it still runs."""
        if not self.is_running:
            return
        self.wake()
        self.terminate()
        try:
            await self.exit_code()
        finally:
            self.kill()

    async def health(self) -> dict[str, Any]:
        """Return what it says of itself."""
        async with httpx2.AsyncClient(trust_env=False, verify=False) as http:
            return msgspec.json.decode((await http.get(f"{self.url}/health")).content)

    def never_ready(self) -> AssertionError:
        """Return the error that says what became of it instead."""
        code = self._process.poll() if self._process else None
        fate = "did not become ready" if code is None else f"ended with {code}"
        return AssertionError(f"{self._command} {fate}:\n{self.end_of_log()}")

    def end_of_log(self) -> str:
        """Return what it complained of last, and the last things it wrote."""
        written = self.log.read_text(encoding="utf-8", errors="replace")
        complaints = [line for line in written.splitlines() if not any(map(line.count, QUIET))]
        excerpts = ("\n".join(complaints)[-MOST_COMPLAINTS:], written[-LONGEST_EXCERPT:])
        return "\n...\n".join(excerpts)


@asynccontextmanager
async def running(*processes: Hexdesk) -> AsyncGenerator[tuple[Hexdesk, ...]]:
    """Start processes side by side, and end those that are left."""
    try:
        # A group of tasks that fails would leave the mark of a cancellation on the task of all
        # fixtures, and whatever runs in it later would take that for its own.
        starting = [asyncio.create_task(one.start()) for one in processes]
        try:
            await asyncio.gather(*starting)
        finally:
            for one in starting:
                one.cancel()
            await asyncio.gather(*starting, return_exceptions=True)
        yield processes
    finally:
        await asyncio.gather(*(one.stop() for one in processes))
        for one in processes:
            Hexdesk.started.remove(one)


def free_ports(count: int) -> tuple[int, ...]:
    """Return ports that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = tuple(listening.getsockname()[1] for listening in sockets)
    for listening in sockets:
        listening.close()
    return ports


async def _is_ready(http: httpx2.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url)).is_success
    except httpx2.TransportError:
        return False


def _inherited() -> dict[str, str]:
    """Return the environment without what decides how hexdesk runs, and how slowly it starts.

    Half of a start is compiling what it imports, where what was compiled may not be kept, and
    watching which lines are run. That is given up here: other tests run the same lines, and whoever
    is killed could not tell of them.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HEXDESK_", "PYTHONDONTWRITEBYTECODE", "COVERAGE_"))
        and not name.endswith(("_API_KEY", "_BASE_URL"))
    }
