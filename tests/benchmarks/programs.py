"""The programs under measurement, started and ended as processes of their own."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from tests.benchmarks.bare_agent import Measured
from tests.benchmarks.load import LoadClient, UnexpectedAnswerError
from tests.benchmarks.measure import ProcessTree
from tests.openai_server.replies import Bench, WrittenBehaviour

ROOT = Path(__file__).resolve().parents[2]
HEXDESK = str(Path(sys.executable).with_name("hexdesk"))
READY_SECONDS = 90
SHUTDOWN_SECONDS = 20
LOOK_AGAIN_SECONDS = 0.02
MANY = "1000000"  # a minute; the limits are checked as always, and never reached
LONGEST_LINE = 2**24
LONGEST_EXCERPT = 4000


class ModelServer:
    """The stand-in for OpenAI in its own process."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url

    async def behave(self, behaviour: WrittenBehaviour) -> None:
        """Answer from now on in another way."""
        async with LoadClient(self.base_url) as client:
            await client.call("PUT", "/behaviour", behaviour)


class BareProgram:
    """The bare agent in its own process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def answer(self, command: str, messages: int, at_once: int) -> Measured:
        """Have messages answered, `command` being `run` or `stream`."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the bare agent has no pipes")
        self._process.stdin.write(f"{command} {messages} {at_once}\n".encode())
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("the bare agent ended; see what it wrote above")
        return msgspec.json.decode(line, type=Measured)


class RunningDesk:
    """A `hexdesk up` that accepts requests."""

    def __init__(self, url: str, pid: int, start_seconds: float) -> None:
        self.url = url
        self.tree = ProcessTree(pid)
        self.start_seconds = start_seconds

    async def register(self, name: str) -> str:
        """Found an organization and return its admin's access token."""
        async with LoadClient(self.url) as client:
            answer = await client.call(
                "POST",
                "/api/v1/auth/register",
                {
                    "organization_name": name,
                    "email": f"admin@{name}.example",
                    "password": "correct horse battery",
                },
                expect=201,
            )
        return answer["access_token"]


@asynccontextmanager
async def model_server() -> AsyncGenerator[ModelServer]:
    """Run the stand-in for OpenAI."""
    command = [sys.executable, "-m", "tests.openai_server"]
    with _running(command, subprocess.PIPE) as process:
        if process.stdout is None:
            raise RuntimeError("the model server has no pipe")
        base_url = (await asyncio.to_thread(process.stdout.readline)).decode().strip()
        yield ModelServer(base_url)


@asynccontextmanager
async def bare_program(
    model: ModelServer, *, is_tuned: bool = False
) -> AsyncGenerator[BareProgram]:
    """Run the bare agent; a tuned one has hexdesk's event loop and collector settings."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.benchmarks.bare_agent", "--base-url", model.base_url),
        *(["--tuned"] if is_tuned else []),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        limit=LONGEST_LINE,
    )
    try:
        yield BareProgram(process)
    finally:
        if process.stdin is not None:
            process.stdin.close()  # with its stdin the program ends
        await process.wait()


@asynccontextmanager
async def desk(model: ModelServer, folder: Path) -> AsyncGenerator[RunningDesk]:
    """Run `hexdesk up` on a data folder."""
    await model.behave(Bench())
    port, mcp_port = _free_ports(2)
    command = [HEXDESK, "up", "--no-demo", "--data-dir", str(folder / "data")]
    command += ["--port", str(port), "--mcp-port", str(mcp_port)]
    log = folder / "hexdesk.log"
    with log.open("ab") as output:
        began = time.perf_counter()
        with _running(command, output, stderr=output, env=_environment(model)) as process:
            url = f"http://127.0.0.1:{port}"
            await _until_ready(url, process.poll, log)
            try:
                yield RunningDesk(url, process.pid, time.perf_counter() - began)
            except Exception as error:
                error.add_note(f"the end of what `hexdesk up` wrote:\n{_end_of(log)}")
                raise


def _environment(model: ModelServer) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if "HEXDESK_" not in name}
    limits = {
        f"HEXDESK_RATE_LIMIT_{name}": MANY for name in ("USER", "ADDRESS", "LOGIN", "REGISTER")
    }
    return inherited | limits | {"OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "key"}


async def _until_ready(url: str, exit_code: Callable[[], int | None], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while exit_code() is None and time.monotonic() < deadline:
        try:
            async with LoadClient(url) as client:
                await client.call("GET", "/health/ready")
        except (OSError, EOFError, UnexpectedAnswerError):
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        else:
            return
    raise RuntimeError(f"`hexdesk up` did not become ready:\n{_end_of(log)}")


def _end_of(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-LONGEST_EXCERPT:]


@contextmanager
def _running(
    command: list[str],
    stdout: BinaryIO | int,
    *,
    stderr: BinaryIO | None = None,
    env: dict[str, str] | None = None,
) -> Generator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=env, cwd=ROOT
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=SHUTDOWN_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_ports(count: int) -> tuple[int, ...]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = tuple(listening.getsockname()[1] for listening in sockets)
    for listening in sockets:
        listening.close()
    return ports
