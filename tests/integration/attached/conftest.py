"""Public MCP servers, fetched from npm and PyPI and kept in pytest's cache."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.integration.served import free_port

EVERYTHING = "@modelcontextprotocol/server-everything@2026.8.31"
FROM_PYPI = ("mcp-proxy==0.13.0", "mcp-server-time==2026.10.10")
INSTALL_SECONDS = 300
START_SECONDS = 60
STOP_SECONDS = 10


@pytest.fixture
async def everything(request: pytest.FixtureRequest) -> AsyncGenerator[str]:
    """Serve the protocol's own reference server, and return its address; skip without npm."""
    folder = request.config.cache.mkdir(EVERYTHING.replace("/", "-"))
    package = folder / "node_modules" / "@modelcontextprotocol" / "server-everything"
    program = package / "dist" / "index.js"
    if not program.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("npm is not installed: the server comes from there")
        install = (npm, "install", "--no-audit", "--no-fund", "--no-save", "--prefix", str(folder))
        _run(*install, EVERYTHING, what="npm cannot fetch the server")
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: the server runs on it")
    port = free_port()
    command = (node, str(program), "streamableHttp")
    async with _serving(command, port, {"PORT": str(port)}):
        yield f"http://127.0.0.1:{port}/mcp"


@pytest.fixture
async def clock_server(request: pytest.FixtureRequest) -> AsyncGenerator[str]:
    """Serve a server that tells the time, behind a proxy that speaks streamable HTTP.

    Both are from PyPI, in an environment of their own; skip where they cannot be fetched.
    """
    folder = Path(request.config.cache.mkdir("-".join(FROM_PYPI).replace("=", "")))
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        uv = shutil.which("uv")
        if uv is None:
            pytest.skip("uv is not installed: it fetches the server")
        _run(uv, "venv", "--clear", str(folder), what="uv makes no environment")
        install = (uv, "pip", "install", "--quiet", "--python", str(python))
        _run(*install, *FROM_PYPI, what="uv cannot fetch the server")
        (folder / "complete").touch()
    port = free_port()
    proxy = (str(folder / "bin" / "mcp-proxy"), "--port", str(port))
    async with _serving((*proxy, "--", str(python), "-m", "mcp_server_time"), port, {}):
        yield f"http://127.0.0.1:{port}/mcp"


def _run(*command: str, what: str) -> None:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=INSTALL_SECONDS,
    )
    if done.returncode:
        pytest.skip(f"{what}: {done.stderr.strip()[-300:]}")


@asynccontextmanager
async def _serving(
    command: Sequence[str], port: int, environment: Mapping[str, str]
) -> AsyncGenerator[None]:
    """Run a server in a process of its own until the block ends."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )
    try:
        async with asyncio.timeout(START_SECONDS):
            await _listening(process, port)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()


async def _listening(process: asyncio.subprocess.Process, port: int) -> None:
    while True:
        assert process.returncode is None, f"the server ended with {process.returncode}"
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            # Nothing tells when a stranger's process listens.
            await asyncio.sleep(0.05)
        else:
            writer.close()
            await writer.wait_closed()
            return
