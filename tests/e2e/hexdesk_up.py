"""`hexdesk up` and its sister commands in processes of their own, as a person starts them."""

import os
import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

HEXDESK = str(Path(sys.executable).with_name("hexdesk"))
READY = "Ctrl-C stops everything."
READY_SECONDS = 90
STOP_SECONDS = 15
COMMAND_SECONDS = 60
# What a developer has set for the own desk must not change what the tests see.
PRIVATE = ("HEXDESK_", "OPENAI_", "ANTHROPIC_", "UV", "PYTHONDONTWRITEBYTECODE")


def free_ports(count: int = 2) -> list[int]:
    """Return ports that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a machine on which nothing was set for hexdesk."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PRIVATE)}
    # Of rich: as wide as the widest line, so that none is broken.
    return {**kept, "COLUMNS": "200", "NO_COLOR": "1", **(more or {})}


def hexdesk(
    *arguments: str,
    stdin: str = "",
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [HEXDESK, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_SECONDS,
        cwd=cwd,
        env=environment(env),
    )


@dataclass(kw_only=True)
class Up:
    """A running `hexdesk up`."""

    process: subprocess.Popen[str]
    data_dir: Path
    port: int
    mcp_port: int
    output: list[str] = field(default_factory=list[str])

    @property
    def api(self) -> str:
        """Return the API's address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def mcp(self) -> str:
        """Return the tool server's address."""
        return f"http://127.0.0.1:{self.mcp_port}"

    @property
    def banner(self) -> str:
        """Return what was printed at the start."""
        return "".join(self.output)

    @property
    def log(self) -> Path:
        """Return the file that standard error goes to."""
        return self.data_dir.with_suffix(".log")

    def chat(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Talk to the demo agent."""
        return hexdesk("chat", "--data-dir", str(self.data_dir), *arguments, stdin=stdin)

    def stop(self, signal_number: int) -> int:
        """Send a signal and return the exit code; a server that does not stop in time fails."""
        self.process.send_signal(signal_number)
        return self.process.wait(STOP_SECONDS)

    def database_processes(self) -> list[str]:
        """Return the command lines of the PostgreSQL processes on this data."""
        lines = (" ".join(one.info["cmdline"] or ()) for one in psutil.process_iter(["cmdline"]))
        return [line for line in lines if f"-D {self.data_dir / 'postgres' / 'data'}" in line]


@contextmanager
def running_up(
    data_dir: Path,
    *arguments: str,
    ports: tuple[int, int] | None = None,
    env: Mapping[str, str] | None = None,
) -> Generator[Up]:
    """Start `hexdesk up`, yield it once it says that it is ready, and leave nothing behind."""
    port, mcp_port = ports or free_ports()
    where = ("--data-dir", str(data_dir), "--port", str(port), "--mcp-port", str(mcp_port))
    with data_dir.with_suffix(".log").open("ab") as log:
        process = subprocess.Popen(
            [HEXDESK, "up", *where, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment(env),
        )
    up = Up(process=process, data_dir=data_dir, port=port, mcp_port=mcp_port)
    try:
        _wait_until_ready(up)
        yield up
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdout:
            process.stdout.close()


def _wait_until_ready(up: Up) -> None:
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_read, args=(up.process, lines), daemon=True).start()
    deadline = time.monotonic() + READY_SECONDS
    while True:
        line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
        if line is None:
            raise AssertionError(f"hexdesk up ended: {up.banner}{up.log.read_text()}")
        up.output.append(line)
        if READY in line:
            return


def _read(process: subprocess.Popen[str], lines: "queue.Queue[str | None]") -> None:
    """Hand on what the process prints; in a thread, since a pipe has no deadline."""
    assert process.stdout
    while line := process.stdout.readline():
        lines.put(line)
        if READY in line:
            return
    lines.put(None)
