"""The official MCP conformance suite, fetched from npm and kept in pytest's cache."""

import shutil
import subprocess
from pathlib import Path

import pytest

SUITE = "@modelcontextprotocol/conformance@0.1.16"
NODE = "node@22"
INSTALL_SECONDS = 300


@pytest.fixture(scope="session")
def conformance(request: pytest.FixtureRequest) -> list[str]:
    """Return the command that runs the suite; skip where it can neither be found nor fetched."""
    folder = request.config.cache.mkdir(SUITE.replace("/", "-"))
    modules = folder / "node_modules"
    program = modules / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
    node = modules / "node" / "bin" / "node"
    if not (program.exists() and node.exists()):
        _install(folder)
    if not node.exists():
        pytest.skip("npm did not set up Node 22: it may not run what packages bring for that")
    return [str(node), str(program)]


def _install(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed: the conformance suite comes from there")
    # The suite needs Node 22, which may not be what is installed, so it comes along.
    command = [npm, "install", "--no-audit", "--no-fund", "--no-save", "--prefix", str(folder)]
    done = subprocess.run(
        [*command, NODE, SUITE],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=INSTALL_SECONDS,
    )
    if done.returncode:
        pytest.skip(f"npm cannot fetch the conformance suite: {done.stderr.strip()[-300:]}")
