"""Replies as the documents of the chat-completions protocol."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import msgspec

from tests.openai_server.replies import ChatRequest, Reply, ToolCall

CREATED = 1_750_000_000  # the protocol wants a time, nobody reads it
BYTES_PER_TOKEN = 4
ARGUMENT_PIECES = 3
GARBLED = b'{"id": "chatcmpl-0", "choices": [{"index": 0, '
DONE = b"data: [DONE]\n\n"

_encode = msgspec.json.encode
_numbers = count(1)


def whole_answer(request: ChatRequest, reply: Reply) -> tuple[bytes, ...]:
    """Return the answer as one document, cut in two where a line may break."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None, "refusal": None}
    if reply.tool_calls:
        message["tool_calls"] = [_call(call) for call in reply.tool_calls]
    choice = {
        "index": 0,
        "message": message,
        "logprobs": _logprobs(reply, reply.text),
        "finish_reason": _finish_reason(reply),
    }
    document = _document(request, "chat.completion", [choice], _usage(request, reply))
    body = GARBLED if reply.is_garbled else _encode(document)
    return body[: len(body) // 2], body[len(body) // 2 :]


def streamed_answer(request: ChatRequest, reply: Reply) -> tuple[bytes, ...]:
    """Return the answer as server-sent events."""
    document = _document(request, "chat.completion.chunk", [], None)
    events: list[bytes] = []
    for choice in _choices(reply):
        document["choices"] = [choice]
        events.append(_event(_encode(document)))
    if reply.is_garbled:
        events[-1] = _event(GARBLED)
    if request.wants_usage:
        document["choices"] = []
        document["usage"] = _usage(request, reply)
        events.append(_event(_encode(document)))
    return (*events, DONE)


def failure(status: int, message: str) -> bytes:
    """Return the document that explains an error status."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    error = {"message": message, "type": kind, "param": None, "code": None}
    return _encode({"error": error})


def model_list(names: tuple[str, ...]) -> bytes:
    """Return the document that lists the models."""
    models = [
        {"id": name, "object": "model", "created": CREATED, "owned_by": "hexdesk"} for name in names
    ]
    return _encode({"object": "list", "data": models})


def _choices(reply: Reply) -> Iterator[dict[str, Any]]:
    yield _choice({"role": "assistant", "content": ""})
    for piece in _pieces(reply.text, reply.chunks):
        yield _choice({"content": piece}, logprobs=_logprobs(reply, piece))
    for index, call in enumerate(reply.tool_calls):
        opened = _call(call)
        arguments = opened["function"]["arguments"]
        opened["function"]["arguments"] = ""
        yield _choice({"tool_calls": [{"index": index, **opened}]})
        for piece in _pieces(arguments, ARGUMENT_PIECES):
            yield _choice({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield _choice({}, finish_reason=_finish_reason(reply))


def _choice(
    delta: dict[str, Any],
    *,
    logprobs: dict[str, Any] | None = None,
    finish_reason: str | None = None,
) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish_reason}


def _call(call: ToolCall) -> dict[str, Any]:
    arguments = call.arguments
    if not isinstance(arguments, str):
        arguments = _encode(arguments).decode()
    return {
        "id": call.id or f"call_{next(_numbers)}",
        "type": "function",
        "function": {"name": call.name, "arguments": arguments},
    }


def _document(
    request: ChatRequest, kind: str, choices: list[dict[str, Any]], usage: dict[str, Any] | None
) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{next(_numbers)}",
        "object": kind,
        "created": CREATED,
        "model": request.body.get("model", ""),
        "system_fingerprint": None,
        "choices": choices,
        "usage": usage,
    }


def _usage(request: ChatRequest, reply: Reply) -> dict[str, Any]:
    said = sum(len(str(message.get("content"))) for message in request.messages)
    answered = len(reply.text) + sum(len(str(call.arguments)) for call in reply.tool_calls)
    prompt_tokens = said // BYTES_PER_TOKEN + 1
    completion_tokens = answered // BYTES_PER_TOKEN + 1
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }


def _logprobs(reply: Reply, text: str) -> dict[str, Any] | None:
    if reply.logprob is None or not text:
        return None
    tokens = [
        {"token": word, "logprob": reply.logprob, "bytes": list(word.encode()), "top_logprobs": []}
        for word in text.split(" ")
    ]
    return {"content": tokens, "refusal": None}


def _finish_reason(reply: Reply) -> str:
    return "tool_calls" if reply.tool_calls else "stop"


def _pieces(text: str, count: int) -> Iterator[str]:
    size = -(-len(text) // count) or 1
    for start in range(0, len(text), size):
        yield text[start : start + size]


def _event(data: bytes) -> bytes:
    return b"data: " + data + b"\n\n"
