"""Two servers that speak the protocol of S3, each started once.

moto keeps to the protocol's answers and believes every signature; rclone checks signatures, and
knows no conditional writes and no ranges. What works with both relies on neither.
"""

import os
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

KEY, SECRET = "hexdesk-tests", "a secret for tests"
NAME = "desk-files"
STARTING_SECONDS = 30
# It need not be right, only look like a signature.
SIGNED = {"Authorization": f"AWS4-HMAC-SHA256 Credential={KEY}/20260101/us-east-1/s3/aws4_request"}


@dataclass(frozen=True)
class Bucket:
    """A bucket on a server, and what is needed to reach it."""

    endpoint: str
    secret: str = SECRET

    @property
    def url(self) -> str:
        """Name a part of it."""
        return f"s3://{NAME}/a/prefix"

    @property
    def environment(self) -> dict[str, str]:
        """Return credentials, by their usual names."""
        return {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.endpoint,
        }


def a_free_port() -> int:
    """Return a port of loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def _serving(port: int, *command: str) -> Generator[str]:
    """Run a server until the end, once it answers."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + STARTING_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, f"{command[0]} ended"
                assert time.monotonic() < deadline, f"{command[0]} does not listen"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=STARTING_SECONDS)


@pytest.fixture(scope="session")
def moto_bucket() -> Generator[Bucket]:
    """Return a bucket on moto's server."""
    port = a_free_port()
    script = "from moto.server import main; main()"
    command = (sys.executable, "-c", script, "-H", "127.0.0.1", "-p", str(port))
    with _serving(port, *command) as endpoint:
        made = Request(f"{endpoint}/{NAME}", method="PUT", headers=SIGNED)  # noqa: S310 - loopback only
        urlopen(made, timeout=STARTING_SECONDS).close()  # noqa: S310 - loopback only
        yield Bucket(endpoint)


@pytest.fixture(scope="session")
def rclone_bucket(tmp_path_factory: pytest.TempPathFactory) -> Generator[Bucket]:
    """Return a bucket on rclone's server."""
    folder, port = tmp_path_factory.mktemp("rclone"), a_free_port()
    (folder / NAME).mkdir()
    rclone = Path(sysconfig.get_path("scripts")) / "rclone"
    own = ("--addr", f"127.0.0.1:{port}", "--auth-key", f"{KEY},{SECRET}")
    with _serving(port, os.fspath(rclone), "serve", "s3", os.fspath(folder), *own) as endpoint:
        yield Bucket(endpoint)
