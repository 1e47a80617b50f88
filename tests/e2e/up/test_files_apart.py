"""Files of an installation of several processes: one place for all, in a bucket."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from tests.database import Database
from tests.e2e.hexdesk_up import free_ports
from tests.e2e.up.filing import FILES, Filing, signed_in
from tests.e2e.up.test_apart import SECRET, server, wait_until_ready
from tests.files.pdfs import pdf
from tests.s3_servers import Bucket

PAPER = pdf(["Refunds take 14 days."])


@pytest.fixture
def both(shared_database: Database, rclone_bucket: Bucket) -> Iterator[tuple[Filing, Filing]]:
    """Return one person at two API processes, of which only the second does tasks."""
    with tempfile.TemporaryDirectory(prefix="hexdesk-tests-") as path, ExitStack() as stack:
        ports = free_ports()
        variables = {
            "HEXDESK_DATABASE_URL": shared_database.url,
            "HEXDESK_SECRET_KEY": SECRET,
            "HEXDESK_STORAGE_URL": rclone_bucket.url,
            **rclone_bucket.environment,
        }
        addresses: list[str] = []
        for number, port in enumerate(ports):
            folder = Path(path) / str(number)
            folder.mkdir()
            own = {"HEXDESK_WORKER_CONCURRENCY": str(number * 4)}
            process = stack.enter_context(server("api", port, variables | own, folder))
            addresses.append(f"http://127.0.0.1:{port}")
            wait_until_ready(process, f"{addresses[-1]}/health/ready")
        body = {
            "organization_name": "Two processes",
            "email": "files@apart.example",
            "password": "correct horse battery",
        }
        answer = httpx2.post(f"{addresses[0]}/api/v1/auth/register", json=body, trust_env=False)
        first, second = (signed_in(address, answer) for address in addresses)
        yield first, second
        first.client.close()
        second.client.close()


def test_what_one_process_takes_in_another_reads_and_gives_out(
    both: tuple[Filing, Filing],
) -> None:
    first, second = both
    for one in both:
        health = one.client.get("/health").json()["components"]["storage"]
        assert health["status"] == "ok"
    file = first.hand_in("refunds.pdf", PAPER)
    assert first.read(file)["status"] == "ready"
    assert second.look(file, "/content").content == PAPER
    assert second.look(file, "/text").text == "Refunds take 14 days."
    assert second.client.delete(f"{FILES}/{file['id']}").status_code == 204
    assert first.look(file, "/content").status_code == 404
