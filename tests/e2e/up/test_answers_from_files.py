"""Files of a running desk, from the form to the citation: handed in, asked about, removed."""

import time
from collections.abc import Iterator
from threading import Event
from typing import Any

import httpx2
import pytest

from hexdesk.entrypoints.demo_access import read_demo_access
from tests.e2e.hexdesk_up import Up
from tests.files.office import xlsx
from tests.files.pdfs import pdf

DEADLINE_SECONDS = 60
LOOK_AGAIN_SECONDS = 0.2
NUMBERED = "Chapter {}. Of the history of kettles, and of the people who sold them."
MANUAL = [NUMBERED.format(number) * 30 for number in range(1, 8)]
WARRANTY = "The warranty of a kettle ends after seven years, as the receipt says."
PRICES = {
    "Prices": [["Model", "Price in euros"], ["Glass kettle Aurora", 49], ["Toaster Boreas", 35]]
}
ASKED = "How long is the warranty of a kettle?"


@pytest.fixture(scope="module")
def admin(up: Up) -> Iterator[httpx2.Client]:
    """Return a client for the demo admin."""
    access = read_demo_access(up.data_dir)
    assert access
    with httpx2.Client(
        base_url=f"{up.api}/api/v1", trust_env=False, timeout=DEADLINE_SECONDS
    ) as client:
        body = {"email": access.email, "password": access.password}
        tokens = client.post("/auth/login", json=body).json()
        client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        yield client


def handed_in(
    admin: httpx2.Client, name: str, content: bytes, agent_id: str | None = None
) -> dict[str, Any]:
    """Hand a file in, and return it when it is ready."""
    data = {"agent_id": agent_id} if agent_id else None
    answer = admin.post("/files", files={"file": (name, content)}, data=data)
    assert answer.status_code == 202, answer.text
    file = answer.json()
    deadline = time.monotonic() + DEADLINE_SECONDS
    # As often as the rate limit of a member allows.
    while not Event().wait(LOOK_AGAIN_SECONDS) and time.monotonic() < deadline:
        answer = admin.get(f"/files/{file['id']}")
        assert answer.status_code == 200, answer.text
        file = answer.json()
        if file["status"] in ("ready", "failed"):
            assert file["status"] == "ready", file["error"]
            return file
    raise AssertionError(f"{name} has not been read")


def an_agent(admin: httpx2.Client) -> str:
    """Return the id of an agent that nobody else uses."""
    answer = admin.post("/agents", json={})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def a_thread(admin: httpx2.Client, agent_id: str) -> str:
    """Return where messages to an agent are posted."""
    thread = admin.post("/chat/threads", json={"agent_id": agent_id}).json()
    return f"/chat/threads/{thread['id']}/messages"


def answered(admin: httpx2.Client, path: str, text: str, *attachments: str) -> dict[str, Any]:
    """Ask, and return the answer's message."""
    answer = admin.post(path, json={"content": text, "attachments": attachments})
    assert answer.status_code == 201, answer.text
    response = answer.json()
    assert (response["model"], response["degraded"]) == ("hexdesk-offline-1", False)
    return response["message"]


def test_a_pdf_that_an_agent_knows_is_cited_with_its_page_until_it_is_removed(
    admin: httpx2.Client,
) -> None:
    agent_id = an_agent(admin)
    file = handed_in(admin, "kettles.pdf", pdf([*MANUAL, WARRANTY]), agent_id)
    assert [one["id"] for one in admin.get(f"/agents/{agent_id}/files").json()["data"]] == [
        file["id"]
    ]
    path = a_thread(admin, agent_id)
    message = answered(admin, path, ASKED)
    assert message["content"] == f"{WARRANTY} [1]"
    assert message["citations"] == [
        {
            "file_id": file["id"],
            "filename": "kettles.pdf",
            "page": 8,
            "sheet": None,
            "quote": WARRANTY.removesuffix("."),
        }
    ]
    assert admin.get(path).json()["data"][1] == message
    assert answered(admin, path, "Which stars are closest to the sun?")["citations"] == []
    assert admin.delete(f"/files/{file['id']}").status_code == 204
    after = answered(admin, path, ASKED)
    assert "seven years" not in after["content"]
    assert after["citations"] == []


def test_a_file_that_was_handed_in_before_is_known_once_it_is_linked(admin: httpx2.Client) -> None:
    agent_id = an_agent(admin)
    file = handed_in(admin, "prices.xlsx", xlsx(PRICES))
    path = a_thread(admin, agent_id)
    asked = "What is the price of the Aurora?"
    assert answered(admin, path, asked)["citations"] == []
    linked = admin.post(f"/agents/{agent_id}/files", json={"file_id": file["id"]})
    assert linked.status_code == 200, linked.text
    [citation] = answered(admin, path, asked)["citations"]
    assert (citation["file_id"], citation["sheet"], citation["page"]) == (
        file["id"],
        "Prices",
        None,
    )
    assert "Aurora" in citation["quote"]
    assert "49" in citation["quote"]
    assert admin.delete(f"/agents/{agent_id}/files/{file['id']}").status_code == 204
    assert answered(admin, path, asked)["citations"] == []


def test_an_attachment_is_known_in_its_thread_and_in_no_other(admin: httpx2.Client) -> None:
    agent_id = an_agent(admin)
    file = handed_in(admin, "letter.txt", b"The lift is repaired on Friday. Please use the stairs.")
    path = a_thread(admin, agent_id)
    asked = "When is the lift repaired?"
    for attachments in ((file["id"],), ()):
        [citation] = answered(admin, path, asked, *attachments)["citations"]
        assert citation["file_id"] == file["id"]
        assert citation["quote"] == "The lift is repaired on Friday"
    assert answered(admin, a_thread(admin, agent_id), asked)["citations"] == []


def test_an_attachment_that_was_handed_in_a_moment_ago_is_waited_for(admin: httpx2.Client) -> None:
    page = "The lift is repaired on Friday. Please use the stairs."
    answer = admin.post("/files", files={"file": ("letter.pdf", pdf([page]))})
    path = a_thread(admin, an_agent(admin))
    message = answered(admin, path, "When is the lift repaired?", answer.json()["id"])
    assert message["content"] == "The lift is repaired on Friday. [1]"


def test_an_attachment_that_cannot_be_read_is_told(admin: httpx2.Client) -> None:
    broken = pdf(["The lift is repaired on Friday."])[:60]
    answer = admin.post("/files", files={"file": ("broken.pdf", broken)})
    path = a_thread(admin, an_agent(admin))
    message = answered(admin, path, "When is the lift repaired?", answer.json()["id"])
    assert "- broken.pdf: it could not be read: the PDF is damaged" in message["content"]
    assert message["citations"] == []
