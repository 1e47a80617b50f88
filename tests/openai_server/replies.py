"""What the model says, how well the line carries it, and who decides."""

from collections.abc import Callable
from typing import Any

import msgspec

ANSWER = (
    "I looked this up for you: two tickets mention the login. Ticket 1 is open and waits for an "
    "engineer, ticket 2 was resolved yesterday. Tell me if you would like me to change either one."
)
HANDOVER = "hand_over"  # how hexdesk names what ends a run by calling a person
OUTPUT_TOOL = "final_result"  # what pydantic-ai calls the tool that takes structured output


class ChatRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it arrived; header names are in lower case."""

    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Return the conversation so far."""
        return self.body.get("messages", [])

    @property
    def tool_names(self) -> tuple[str, ...]:
        """Return the names of the tools that the model may call, without the way to a person."""
        return tuple(name for name in self._callable if name != HANDOVER)

    @property
    def can_hand_over(self) -> bool:
        """Whether the model may call a person in its place."""
        return HANDOVER in self._callable

    @property
    def _callable(self) -> tuple[str, ...]:
        return tuple(tool["function"]["name"] for tool in self.body.get("tools", ()))

    @property
    def is_streamed(self) -> bool:
        """Whether the answer is to come in pieces."""
        return self.body.get("stream") is True

    @property
    def wants_usage(self) -> bool:
        """Whether a streamed answer is to end with the tokens it took."""
        options: dict[str, Any] = self.body.get("stream_options") or {}
        return options.get("include_usage") is True

    @property
    def brings_tool_result(self) -> bool:
        """Whether the last message is what a tool answered."""
        return bool(self.messages) and self.messages[-1].get("role") == "tool"


class ToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call of a tool; arguments given as a string are sent as they are, valid JSON or not.

    Without an `id` each call gets a new one.
    """

    name: str
    arguments: dict[str, Any] | str = {}
    id: str | None = None


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One answer; text stands before tool calls if there are both.

    A streamed text comes in at most `chunks` pieces. `latency` are the seconds before the first
    byte, `chunk_latency` those between two pieces. After `dies_after` pieces the connection
    closes, after `hangs_after` nothing more comes; 0 is before the first byte. An answer that
    `is_garbled` is no JSON. `logprob` is the logarithmic probability of each token.
    """

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    chunks: int = 10
    logprob: float | None = None
    latency: float = 0
    chunk_latency: float = 0
    status: int = 200
    retry_after: int | None = None
    dies_after: int | None = None
    hangs_after: int | None = None
    is_garbled: bool = False


Behaviour = Callable[[ChatRequest], Reply]


def _login_search() -> dict[str, Any]:
    return {"query": "login"}


class Bench(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Calls one tool, if it is offered, and answers in a few words when the result is there."""

    tool: str = "search_tickets"
    arguments: dict[str, Any] = msgspec.field(default_factory=_login_search)
    call_id: str | None = None
    preamble: str = ""
    text: str = ANSWER
    latency: float = 0
    chunk_latency: float = 0

    def __call__(self, request: ChatRequest) -> Reply:
        """Choose the reply to a request."""
        calls = ()
        if self.tool in request.tool_names and not request.brings_tool_result:
            calls = (ToolCall(name=self.tool, arguments=self.arguments, id=self.call_id),)
        return Reply(
            text=self.preamble if calls else self.text,
            tool_calls=calls,
            latency=self.latency,
            chunk_latency=self.chunk_latency,
        )


class ToolLoop(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Calls the same tool again and again, and never answers; `call_id` may repeat too."""

    tool: str = "search_tickets"
    arguments: dict[str, Any] = msgspec.field(default_factory=_login_search)
    call_id: str | None = None

    def __call__(self, request: ChatRequest) -> Reply:
        """Choose the reply to a request."""
        call = ToolCall(name=self.tool, arguments=self.arguments, id=self.call_id)
        return Reply(tool_calls=(call,))


class Always(msgspec.Struct, frozen=True, tag=True):
    """Gives the same reply to every request, retries included."""

    reply: Reply

    def __call__(self, request: ChatRequest) -> Reply:
        """Choose the reply to a request."""
        return self.reply


class Structured(msgspec.Struct, frozen=True, tag=True):
    """Gives a JSON object in the way it was asked for: by response format, or by an output tool."""

    value: dict[str, Any]

    def __call__(self, request: ChatRequest) -> Reply:
        """Choose the reply to a request."""
        for name in request.tool_names:
            if name.startswith(OUTPUT_TOOL):
                return Reply(tool_calls=(ToolCall(name=name, arguments=self.value),))
        return Reply(text=msgspec.json.encode(self.value).decode())


WrittenBehaviour = Bench | ToolLoop | Always | Structured
"""Behaviours that another process can ask for, as JSON with the class's name as `type`."""
