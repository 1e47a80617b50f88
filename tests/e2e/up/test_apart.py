"""`hexdesk api` and `hexdesk mcp` as an operator starts them: on one set of variables."""

import signal
import subprocess
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.database import Database
from tests.e2e.hexdesk_up import HEXDESK, STOP_SECONDS, environment, free_ports

SECRET = "a secret of more than forty characters for tests"
METRICS_TOKEN = "let me scrape"
READY_SECONDS = 150
LOOK_AGAIN_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class Apart:
    """The API and the tool server, each in a process of its own, and where their logs are."""

    api: str
    mcp: str
    processes: dict[str, subprocess.Popen[bytes]]
    folder: Path

    def log(self, command: str) -> str:
        """Return what a server has said."""
        return (self.folder / f"{command}.log").read_text()


@pytest.fixture(scope="module")
def apart(shared_database: Database) -> Iterator[Apart]:
    with tempfile.TemporaryDirectory(prefix="hexdesk-tests-") as folder, ExitStack() as stack:
        port, mcp_port = free_ports()
        api, mcp = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{mcp_port}"
        variables = {
            "HEXDESK_DATABASE_URL": shared_database.url,
            "HEXDESK_SECRET_KEY": SECRET,
            "HEXDESK_MCP_URL": f"{mcp}/mcp",
            "HEXDESK_PUBLIC_URL": api,
            "HEXDESK_MCP_PUBLIC_URL": f"{mcp}/mcp",
            "HEXDESK_METRICS_TOKEN": METRICS_TOKEN,
        }
        processes = {
            command: stack.enter_context(server(command, number, variables, Path(folder)))
            for command, number in (("mcp", mcp_port), ("api", port))
        }
        wait_until_ready(processes["mcp"], f"{mcp}/health")
        wait_until_ready(processes["api"], f"{api}/health/ready")
        yield Apart(api=api, mcp=mcp, processes=processes, folder=Path(folder))


def test_both_servers_find_each_other_and_the_database(apart: Apart) -> None:
    for address in (apart.api, apart.mcp):
        components = get(f"{address}/health").json()["components"]
        assert (components["database"]["status"], components["mcp"]["status"]) == ("ok", "ok")


def test_without_a_data_folder_the_api_makes_no_promise(apart: Apart) -> None:
    assert "HEXDESK_DATA_DIR is not set: no promise" in apart.log("api")


def test_without_a_place_of_files_the_api_says_who_finds_them(apart: Apart) -> None:
    assert "HEXDESK_STORAGE_URL is not set" in apart.log("api")
    assert "HEXDESK_STORAGE_URL is not set" not in apart.log("mcp")


def test_metrics_are_for_whoever_has_the_token(apart: Apart) -> None:
    told = get(f"{apart.api}/metrics", {"Authorization": f"Bearer {METRICS_TOKEN}"})

    assert get(f"{apart.api}/metrics").status_code == 404
    assert (told.status_code, "hexdesk_pool_connections" in told.text) == (200, True)


def test_there_is_no_demo_organization(apart: Apart) -> None:
    wish = {"email": "admin@demo.hexdesk.example", "password": "correct horse battery"}

    refused = httpx2.post(f"{apart.api}/api/v1/auth/login", json=wish, trust_env=False)

    assert refused.status_code == 401


def test_a_server_that_is_asked_to_stop_does(shared_database: Database) -> None:
    [port] = free_ports(1)
    variables = {"HEXDESK_DATABASE_URL": shared_database.url, "HEXDESK_SECRET_KEY": SECRET}
    with (
        tempfile.TemporaryDirectory(prefix="hexdesk-tests-") as folder,
        server("mcp", port, variables, Path(folder)) as process,
    ):
        wait_until_ready(process, f"http://127.0.0.1:{port}/health")

        process.send_signal(signal.SIGTERM)

        assert process.wait(STOP_SECONDS) == 0


@contextmanager
def server(
    command: str, port: int, variables: dict[str, str], folder: Path
) -> Generator[subprocess.Popen[bytes]]:
    """Start a server, and end it."""
    with (folder / f"{command}.log").open("wb") as log:
        process = subprocess.Popen(
            [HEXDESK, command, "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment(variables),
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        finally:
            process.kill()
            process.wait()


def wait_until_ready(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if get(url).is_success:
                return
        except httpx2.TransportError:
            pass
        # Between two looks; nothing tells when a port is opened.
        try:
            process.wait(LOOK_AGAIN_SECONDS)
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError(f"nothing answers at {url}")


def get(url: str, headers: dict[str, Any] | None = None) -> httpx2.Response:
    return httpx2.get(url, headers=headers or {}, trust_env=False)
