"""The model's part: what it says to which message, and when it is kept waiting."""

import asyncio
from collections.abc import Callable
from itertools import chain, repeat

from tests.openai_server import Behaviour, ChatRequest, OpenAIServer, Reply

PATIENCE_SECONDS = 60


class Model:
    """A model that plays a part for each message, by what the person said.

    So a run that is left over from one test cannot disturb another.
    """

    def __init__(self) -> None:
        self._parts: dict[str, Behaviour] = {}
        self.server = OpenAIServer(self._play)

    @property
    def settings(self) -> dict[str, str]:
        """Return the settings of a hexdesk that asks this model."""
        return {"OPENAI_BASE_URL": self.server.base_url, "OPENAI_API_KEY": "a key"}

    def when(self, said: str, behaviour: Behaviour) -> None:
        """Answer this message in this way."""
        self._parts[said] = behaviour

    def requests(self, said: str) -> list[ChatRequest]:
        """Return what was asked because of this message."""
        return [request for request in self.server.requests if said_last(request) == said]

    async def asked(self, said: str, count: int = 1) -> None:
        """Wait until the model was asked this often because of this message."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self.requests(said)) < count:
                await self.server.received(len(self.server.requests) + 1, within=PATIENCE_SECONDS)

    def forget(self) -> None:
        """Know no part any more, nor what was asked, and hold nothing back."""
        self._parts.clear()
        self.server.requests.clear()
        self.resume()

    def resume(self) -> None:
        """Let whatever is held go on."""
        self.server.resume()

    def held(
        self, behaviour: Behaviour, when: Callable[[ChatRequest], bool] = lambda _: True
    ) -> Behaviour:
        """Return the behaviour with its first such reply held back until `resume`."""
        has_waited = False

        def reply(request: ChatRequest) -> Reply:
            nonlocal has_waited
            if when(request) and not has_waited:
                has_waited = True
                self.server.pause()
            return behaviour(request)

        return reply

    def _play(self, request: ChatRequest) -> Reply:
        part = self._parts.get(said_last(request))
        return part(request) if part else Reply(status=400, text="nothing to say to that")


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Behave in these ways one after the other, and in the last one from then on."""
    left = chain(behaviours, repeat(behaviours[-1]))

    def reply(request: ChatRequest) -> Reply:
        behave = next(left)
        return behave(request)

    return reply


def said_last(request: ChatRequest) -> str:
    """Return the last thing that the person said."""
    return next(
        (str(one["content"]) for one in reversed(request.messages) if one["role"] == "user"), ""
    )


def echo(request: ChatRequest) -> Reply:
    """Say back what the person said."""
    return Reply(text=f"You said: {said_last(request)}")


def brings_result(request: ChatRequest) -> bool:
    """Tell whether a tool has been called already."""
    return request.brings_tool_result
