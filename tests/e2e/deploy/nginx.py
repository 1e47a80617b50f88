"""The shipped nginx configuration, run on loopback in a folder of its own."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path

import msgspec
import pytest

from tests.e2e.resilience.processes import free_ports
from tests.integration.postgres.waiting import until

SHIPPED = Path(__file__).resolve().parents[3] / "deploy" / "nginx"
STOP_SECONDS = 20

# What a distribution has in its own nginx.conf.
MAIN = """
daemon off;
pid nginx.pid;
worker_processes 2;
events { worker_connections 1024; }
http {
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include hexdesk.conf;
}
"""
SERVER = """
listen 127.0.0.1:{port};
access_log access.log hexdesk;
"""
SHIPPED_PORTS = (8010, 8020, 8011, 8021)


def found_nginx() -> str:
    """Return where nginx is, or skip the test; CI has it, so there it fails."""
    found = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if found is None:
        assert os.environ.get("CI", "").lower() != "true", "no nginx here: .ci/run installs it"
        pytest.skip("no nginx on this machine: apt-get install nginx-light")
    return found


def set_up(folder: Path, files: Mapping[str, str]) -> None:
    """Put the shipped files into a folder, with some replaced, beside a main file."""
    shutil.copytree(SHIPPED, folder, dirs_exist_ok=True)
    (folder / "nginx.conf").write_text(MAIN, encoding="utf-8")
    for name, text in files.items():
        assert (folder / "hexdesk" / name).is_file(), f"nothing is shipped as {name}"
        (folder / "hexdesk" / name).write_text(text, encoding="utf-8")
    # A root's nginx has another account do the work.
    folder.chmod(0o755)


def command(folder: Path, *more: str) -> list[str]:
    """Return what starts nginx in the folder."""
    return [
        found_nginx(),
        "-p",
        str(folder),
        "-c",
        str(folder / "nginx.conf"),
        "-e",
        "error.log",
        *more,
    ]


def upstreams(api: Sequence[int], mcp: Sequence[int], *, is_lenient: bool) -> str:
    """Return the shipped upstreams with these ports; a lenient nginx never leaves a process out."""
    text = (SHIPPED / "hexdesk" / "upstreams.conf").read_text(encoding="utf-8")
    for shipped, port in zip(SHIPPED_PORTS, (*api, *mcp), strict=True):
        text, count = re.subn(rf"127\.0\.0\.1:{shipped}\b", f"127.0.0.1:{port}", text)
        assert count == 2, f"{shipped} is not in both upstreams of its kind"
    return re.sub(r"max_fails=\d+", "max_fails=0", text) if is_lenient else text


class Nginx:
    """A running nginx in front of API processes and tool servers."""

    def __init__(self, folder: Path, api_port: int, mcp_port: int) -> None:
        self.folder = folder
        self.api_url = f"http://127.0.0.1:{api_port}"
        self.mcp_url = f"http://127.0.0.1:{mcp_port}"

    def log(self) -> str:
        """Return its access log."""
        return (self.folder / "access.log").read_text(encoding="utf-8")

    async def logged(self, words: str) -> str:
        """Return the last line of the access log, once it has these words."""

        async def has_words() -> bool:
            return words in self._last_line()

        await until(has_words)
        return self._last_line()

    def _last_line(self) -> str:
        return (self.log().splitlines() or [""])[-1]

    def sent_again(self) -> int:
        """Count the requests that were answered well by the second process that was asked."""
        lines = [msgspec.json.decode(line) for line in self.log().splitlines()]
        return sum(
            "," in line["upstream"] and line["status"] < HTTPStatus.BAD_REQUEST for line in lines
        )

    def errors(self) -> str:
        """Return its error log."""
        return (self.folder / "error.log").read_text(encoding="utf-8")


@asynccontextmanager
async def nginx_before(
    folder: Path,
    api: Sequence[int],
    mcp: Sequence[int],
    *,
    is_lenient: bool = False,
    ports: tuple[int, int] | None = None,
) -> AsyncGenerator[Nginx]:
    """Run nginx before processes on these ports; `ports` are its own."""
    api_port, mcp_port = ports or free_ports(2)
    set_up(
        folder,
        {
            "upstreams.conf": upstreams(api, mcp, is_lenient=is_lenient),
            "api.conf": SERVER.format(port=api_port),
            "mcp.conf": SERVER.format(port=mcp_port),
        },
    )
    process = _started([*_ends_with_us(), *command(folder)])
    nginx = Nginx(folder, api_port, mcp_port)
    try:
        await until(lambda: _listens(process, api_port, nginx))
        yield nginx
    finally:
        process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(process.wait, STOP_SECONDS)


def _started(words: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(words, stdin=subprocess.DEVNULL)


async def _listens(process: subprocess.Popen[bytes], port: int, nginx: Nginx) -> bool:
    assert process.poll() is None, nginx.errors()
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def _ends_with_us() -> tuple[str, ...]:
    """Have the kernel ask nginx to end if pytest is killed."""
    setpriv = shutil.which("setpriv")
    return () if setpriv is None else (setpriv, "--pdeathsig", "TERM", "--")
