"""A running desk, a model and an embedding model: what files say, found by words and by meaning."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.e2e.resilience.client import Event, Member
from tests.e2e.resilience.processes import Hexdesk, running
from tests.files.pdfs import pdf
from tests.openai_server import ChatRequest, OpenAIServer, Reply

PATIENCE_SECONDS = 60
FILLER = "Of the history of kettles, and of the people who sold them in the town. "
MANUAL = [f"Chapter {number}. {FILLER * 30}" for number in range(1, 8)]
WARRANTY = "The warranty ends after seven years."
BY_WORDS, BY_MEANING = "When does the warranty end?", "Warrantys, warrantyish, unwarranty?"
AI_CONFIG = """
embeddings:
  provider: openai
  model: letters
  dimensions: 256
providers:
  openai:
    api_key: ${OPENAI_API_KEY}
    base_url: ${OPENAI_BASE_URL}
"""
CITING = 'After seven [[1: "ends after seven years"]], not after eight [[1: "after eight years"]].'


def citing(request: ChatRequest) -> Reply:
    """Cite a passage, once rightly and once not, where there is one about the warranty."""
    given = [str(one["content"]) for one in request.messages[-2:]]
    return Reply(text=CITING if WARRANTY in given[0] else "I do not know.")


@pytest.fixture(scope="module")
async def model() -> AsyncGenerator[OpenAIServer]:
    """Return a server of both models."""
    async with OpenAIServer(citing) as server:
        yield server


@pytest.fixture(scope="module")
async def desk(model: OpenAIServer) -> AsyncGenerator[Hexdesk]:
    """Return a running desk that asks it."""
    with tempfile.TemporaryDirectory(prefix="hexdesk-tests-") as folder:
        config = Path(folder) / "ai_config.yaml"
        config.write_text(AI_CONFIG, encoding="utf-8")
        settings = {
            "HEXDESK_AI_CONFIG": str(config),
            "HEXDESK_HEALTH_CHECK": "0",
            "OPENAI_BASE_URL": model.base_url,
            "OPENAI_API_KEY": "a key",
        }
        async with running(Hexdesk("up", Path(folder) / "up", settings)) as (process,):
            yield process


@pytest.fixture
async def admin(desk: Hexdesk) -> AsyncGenerator[Member]:
    """Return the admin of a new organization."""
    async with httpx2.AsyncClient(trust_env=False, timeout=PATIENCE_SECONDS) as http:
        yield await Member.register(http, desk.url)


async def known(admin: Member, content: bytes) -> str:
    """Have the default agent know a PDF, and return its id when it has been read."""
    agent = (await admin.get("/agents"))["data"][0]
    answer = await admin.http.post(
        f"{admin.url}/api/v1/files",
        files={"file": ("kettles.pdf", content)},
        data={"agent_id": agent["id"]},
        headers={"Authorization": f"Bearer {admin.token}"},
    )
    assert answer.status_code == 202, answer.text
    file_id = answer.json()["id"]
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if (await admin.get(f"/files/{file_id}"))["status"] == "ready":
                return file_id
            await asyncio.sleep(0.05)


async def asked(admin: Member, text: str) -> dict[str, Any]:
    """Ask in a new thread, and return the answer's message."""
    answer = await admin.say(await admin.thread(), text)
    assert answer.status == 201, answer.body
    assert not answer.body["degraded"], answer.body
    return answer.body["message"]


async def streamed(admin: Member, text: str) -> list[Event]:
    """Ask in a new thread, and return the events."""
    async with admin.say_streaming(await admin.thread(), text) as stream:
        await stream.to_end()
    return stream.events


def the_citation(file_id: str) -> list[dict[str, Any]]:
    return [
        {
            "file_id": file_id,
            "filename": "kettles.pdf",
            "page": 8,
            "sheet": None,
            "quote": "ends after seven years",
        }
    ]


async def test_an_answer_cites_the_page_until_the_file_is_removed(admin: Member) -> None:
    file_id = await known(admin, pdf([*MANUAL, WARRANTY]))
    message = await asked(admin, BY_WORDS)
    assert message["content"] == "After seven [1], not after eight."
    assert message["citations"] == the_citation(file_id)
    events = await streamed(admin, BY_WORDS)
    deltas = [one.data["text"] for one in events if one.name == "text.delta"]
    assert "".join(deltas) == message["content"]
    assert events[-1].data["message"]["citations"] == message["citations"]
    assert (await admin.call("DELETE", f"/files/{file_id}")).status == 204
    after = await asked(admin, BY_WORDS)
    assert (after["content"], after["citations"]) == ("I do not know.", [])


async def test_meaning_finds_what_words_do_not_and_may_be_gone(
    admin: Member, model: OpenAIServer
) -> None:
    file_id = await known(admin, pdf([*MANUAL, WARRANTY]))
    assert any(WARRANTY in text for body in model.embedded for text in body["input"])
    assert (await asked(admin, BY_MEANING))["citations"] == the_citation(file_id)
    model.embeds = False
    try:
        assert (await asked(admin, BY_MEANING))["citations"] == []
        assert (await asked(admin, BY_WORDS))["citations"] == the_citation(file_id)
    finally:
        model.embeds = True


async def test_a_file_is_read_and_found_by_its_words_while_the_embedding_model_is_gone(
    admin: Member, model: OpenAIServer
) -> None:
    model.embeds = False
    try:
        file_id = await known(admin, pdf([*MANUAL, WARRANTY]))
    finally:
        model.embeds = True
    assert (await asked(admin, BY_WORDS))["citations"] == the_citation(file_id)
    assert (await asked(admin, BY_MEANING))["citations"] == []


async def test_what_does_not_concern_a_question_is_not_given(
    admin: Member, model: OpenAIServer
) -> None:
    await known(admin, pdf([*MANUAL, WARRANTY]))
    model.requests.clear()
    message = await asked(admin, "Which planets have rings?")
    assert message["content"] == "I do not know."
    assert [one["role"] for one in model.requests[-1].messages] == ["system", "user"]
