"""Answers over the API cite files, whole and streamed alike."""

import json
from collections.abc import AsyncGenerator
from typing import cast
from uuid import UUID

import pytest

from hexdesk.core.model.files import File, FileStatus
from hexdesk.core.model.principals import Member, Origin
from hexdesk.core.testing import MemoryQueue, saying
from hexdesk.core.use_cases.agent_files import KnownFile
from hexdesk.core.use_cases.uploads import Incoming
from tests.e2e.http.house import Company, House, created

TEXT = b"# Shop\n\nRefunds are paid within 14 days.\n\nWe are open from nine to five."
ANSWER = 'Two weeks [[1: "paid within 14 days"]], not [[1: "paid within 3 days"]].'
STREAM = "text/event-stream"


async def pieces() -> AsyncGenerator[bytes]:
    """Yield the bytes of a file."""
    yield TEXT


async def member(house: House, company: Company) -> Member:
    """Return the company's admin."""
    return await house.desk.identity.authenticate(company.tokens["access_token"], Origin())


async def a_file(house: House, company: Company) -> File:
    """Hand a text in, have it read, and return it."""
    who, files = await member(house, company), house.desk.files
    incoming = Incoming(filename="shop.md", claimed="text/markdown", content=pieces())
    file = await files.keep(who, await files.receive(who, incoming))
    house.runner.scripts.append(saying("About a shop."))
    await house.desk.task_desk.sweep()
    for hint in cast("MemoryQueue", house.desk.ports.queue).announced:
        await house.desk.task_desk.do(hint)
    file = await files.get(who, file.id)
    assert file.status is FileStatus.READY
    return file


@pytest.fixture
async def path(company: Company) -> str:
    """Return where messages of a conversation are posted."""
    thread = await created(company.admin, "/chat/threads")
    return f"/api/v1/chat/threads/{thread['id']}/messages"


async def test_an_answer_cites_what_its_agent_knows(
    house: House, company: Company, path: str
) -> None:
    file = await a_file(house, company)
    who = await member(house, company)
    agent = (await company.admin.get("/api/v1/agents")).json()["data"][0]
    await house.desk.files.link(who, UUID(agent["id"]), KnownFile(file_id=file.id))
    house.runner.scripts += [saying(ANSWER), saying(ANSWER), saying(ANSWER)]
    whole = (await company.admin.post(path, json={"content": "How long?"})).json()["message"]
    assert whole["content"] == "Two weeks [1], not."
    assert whole["citations"] == [
        {
            "file_id": str(file.id),
            "filename": "shop.md",
            "page": None,
            "sheet": None,
            "quote": "paid within 14 days",
        }
    ]
    streamed = await company.admin.post(
        path, json={"content": "How long?"}, headers={"Accept": STREAM}
    )
    data = [json.loads(line[6:]) for line in streamed.text.splitlines() if line[:5] == "data:"]
    assert "".join(one.get("text", "") for one in data) == whole["content"]
    assert data[-1]["message"]["citations"] == whole["citations"]
    stored = (await company.admin.get(path)).json()["data"]
    assert [one["citations"] for one in stored] == [[], whole["citations"]] * 2
    await house.desk.files.remove(who, file.id)
    after = (await company.admin.post(path, json={"content": "How long?"})).json()["message"]
    assert (after["content"], after["citations"]) == (ANSWER, [])


async def test_what_is_attached_to_a_message_is_known_in_its_conversation(
    house: House, company: Company, path: str
) -> None:
    file = await a_file(house, company)
    house.runner.scripts += [saying(ANSWER), saying(ANSWER), saying("Hello!")]
    asked = {"content": "What is this?", "attachments": [str(file.id)]}
    first = (await company.admin.post(path, json=asked)).json()
    assert first["user_message"]["attachments"] == [str(file.id)]
    second = (await company.admin.post(path, json={"content": "And so?"})).json()
    for answer in (first, second):
        assert [one["file_id"] for one in answer["message"]["citations"]] == [str(file.id)]
    elsewhere = await created(company.admin, "/chat/threads")
    await company.admin.post(
        f"/api/v1/chat/threads/{elsewhere['id']}/messages", json={"content": "Hello?"}
    )
    assert [bool(one.knowledge) for one in house.runner.requests[1:]] == [True, True, False]
