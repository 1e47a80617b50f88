"""Files of a running desk: taken in, read by a process that is locked in, given out, removed."""

import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import psutil
import pytest

from hexdesk.entrypoints.demo_access import read_demo_access
from tests.e2e.hexdesk_up import Up
from tests.e2e.up.filing import FILES, Filing, signed_in, until
from tests.files.pdfs import Lock, pdf

MEGABYTE = 1024 * 1024
LARGE = b"The quick brown fox jumps over the lazy dog.\n" * (48 * MEGABYTE // 45)
MOST_GROWTH = 40 * MEGABYTE
BETWEEN_LOOKS = 0.01
Kept = Callable[[], list[Path]]


@pytest.fixture
def filing(up: Up) -> Iterator[Filing]:
    """Return the demo admin."""
    access = read_demo_access(up.data_dir)
    assert access
    body = {"email": access.email, "password": access.password}
    answer = httpx2.post(f"{up.api}/api/v1/auth/login", json=body, trust_env=False)
    filing = signed_in(up.api, answer)
    yield filing
    filing.client.close()


@pytest.fixture
def kept(up: Up) -> Kept:
    """Return what lists the files that came into the folder of bytes since, half ones too."""
    folder = up.data_dir / "files"
    before = set(folder.rglob("*"))
    return lambda: [one for one in folder.rglob("*") if one.is_file() and one not in before]


def test_a_pdf_is_read_page_by_page(filing: Filing, kept: Kept) -> None:
    file = filing.hand_in("printer.pdf", pdf(["Hold the red button.", "Wait ten seconds."]))
    ready = filing.read(file)
    assert (ready["status"], ready["error"], ready["progress"]) == ("ready", None, 1)
    assert (ready["content_type"], ready["metadata"]["pages"]) == ("application/pdf", 2)
    assert "red button" in ready["summary"]
    assert filing.look(file, "/text").text == "Hold the red button.\n\nWait ten seconds."
    assert filing.client.delete(f"{FILES}/{file['id']}").status_code == 204
    assert filing.look(file).status_code == 404
    assert kept() == []


def test_a_file_that_cannot_be_read_says_why(filing: Filing) -> None:
    failed = filing.read(filing.hand_in("secret.pdf", pdf(["Secret."], lock=Lock(user=b"sesame"))))
    assert failed["status"] == "failed"
    assert "password" in failed["error"]
    answer = filing.look(failed, "/text")
    assert (answer.status_code, failed["error"] in answer.json()["detail"]) == (409, True)
    filing.client.delete(f"{FILES}/{failed['id']}")


def test_a_large_file_passes_through_little_memory(up: Up, filing: Filing, kept: Kept) -> None:
    process = psutil.Process(up.process.pid)
    before, is_over, sizes = process.memory_info().rss, threading.Event(), list[int]()

    def watch() -> None:
        while not is_over.wait(BETWEEN_LOOKS):
            sizes.append(process.memory_info().rss)

    watching = threading.Thread(target=watch)
    watching.start()
    file = filing.hand_in("large.txt", LARGE)
    is_over.set()
    watching.join()
    assert max(sizes) - before < MOST_GROWTH < len(LARGE)
    with filing.client.stream("GET", f"{FILES}/{file['id']}/content") as answer:
        digest = hashlib.sha256()
        for piece in answer.iter_bytes():
            digest.update(piece)
    assert digest.hexdigest() == file["sha256"] == hashlib.sha256(LARGE).hexdigest()
    filing.client.delete(f"{FILES}/{file['id']}")
    assert kept() == []


@pytest.mark.parametrize("excess", [1, 5 * MEGABYTE])
def test_a_file_over_the_limit_is_refused_in_words_the_sender_hears(
    filing: Filing, kept: Kept, excess: int
) -> None:
    content = b"x" * (50 * MEGABYTE + excess)
    answer = filing.client.post(FILES, files={"file": ("over.txt", content)})
    assert (answer.status_code, answer.json()["type"]) == (413, "/docs/problems/too-large")
    assert kept() == []


def test_whoever_hangs_up_leaves_no_bytes_behind(up: Up, filing: Filing, kept: Kept) -> None:
    head = (
        f"POST {FILES} HTTP/1.1\r\nHost: desk\r\nContent-Length: 30000000\r\n"
        f"Authorization: {filing.client.headers['authorization']}\r\n"
        "Content-Type: multipart/form-data; boundary=line\r\n\r\n--line\r\n"
        'Content-Disposition: form-data; name="file"; filename="half.txt"\r\n\r\n'
    )
    with socket.create_connection(("127.0.0.1", up.port)) as connection:
        connection.sendall(head.encode() + b"x" * (12 * MEGABYTE))
        until(lambda: kept() != [])
    until(lambda: kept() == [])
