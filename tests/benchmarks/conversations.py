"""Clients that talk to a running desk, each in a thread of its own, and check what they hear."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from tests.benchmarks.bare_agent import QUESTION
from tests.benchmarks.bare_tools import TICKETS
from tests.benchmarks.load import LoadClient, UnexpectedAnswerError, share
from tests.benchmarks.programs import RunningDesk
from tests.openai_server.replies import ANSWER

OPENERS = 8
EXPECTED_REQUESTS = 2
_numbers = count(1)


class Conversation:
    """One client with one thread."""

    def __init__(self, desk: RunningDesk, token: str) -> None:
        self._client = LoadClient(desk.url, token)
        self._path = ""

    async def open(self, turns: int) -> None:
        """Start a new thread, and give it a history of questions and answers."""
        thread = await self._client.call("POST", "/api/v1/chat/threads", {}, expect=201)
        self._path = f"/api/v1/chat/threads/{thread['id']}/messages"
        for _ in range(turns):
            await self.post()

    async def post(self) -> None:
        """Post a message and take its answer whole."""
        answer = await self._client.call("POST", self._path, {"content": QUESTION}, expect=201)
        _check(answer)

    async def stream(self, on_first_text: Callable[[], None] = lambda: None) -> None:
        """Post a message and follow its events."""
        names = await self._client.stream(self._path, {"content": QUESTION}, on_first_text)
        if names[-1:] != ["run.completed"] or names.count("tool.finished") != 1:
            raise UnexpectedAnswerError(f"not the stream of one tool call and an answer: {names}")

    async def close(self) -> None:
        """Hang up."""
        await self._client.close()


@asynccontextmanager
async def conversations(
    desk: RunningDesk, clients: int, turns: int
) -> AsyncGenerator[list[Conversation]]:
    """Open conversations in a new organization that has the bare agent's tickets."""
    token = await desk.register(f"talkers{next(_numbers)}")
    await _file_tickets(desk, token)
    talks = [Conversation(desk, token) for _ in range(clients)]
    await share(talks, range(OPENERS), lambda _, talk: talk.open(turns))
    try:
        yield talks
    finally:
        for talk in talks:
            await talk.close()


async def _file_tickets(desk: RunningDesk, token: str) -> None:
    async with LoadClient(desk.url, token) as client:
        for ticket in TICKETS:
            body = {"title": ticket.title, "description": ticket.description}
            await client.call("POST", "/api/v1/tickets", body, expect=201)


def _check(answer: dict[str, Any]) -> None:
    """Make sure that what is measured is two model requests, one tool call, and no accident."""
    tools = [(use["name"], use["status"]) for use in answer["tools_used"]]
    is_whole = (
        not answer["degraded"]
        and answer["stored"]
        and answer["usage"]["requests"] == EXPECTED_REQUESTS
        and tools == [("search_tickets", "ok")]
        and answer["message"]["content"] == ANSWER
    )
    if not is_whole:
        raise UnexpectedAnswerError(f"not the answer that is measured: {answer}")
