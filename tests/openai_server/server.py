"""The server: it listens, keeps what it was asked, and asks a behaviour what to say."""

import asyncio
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Self

import msgspec

from tests.openai_server.completions import failure, model_list, streamed_answer, whole_answer
from tests.openai_server.connection import Connection, HttpAnswer, HttpRequest
from tests.openai_server.embeddings import vectors_of
from tests.openai_server.replies import (
    Always,
    Behaviour,
    Bench,
    ChatRequest,
    Reply,
    WrittenBehaviour,
)

MODELS = ("gpt-4o-mini", "gpt-4o")


class OpenAIServer:
    """An OpenAI-compatible server on loopback, for as long as its context is open.

    Without a script its `behaviour` answers every request. With one, each request takes the next
    entry, and one too many is 400, which no client repeats; note that clients repeat on their own
    what failed with 429 or 5xx. Embeddings are made of letters while `embeds` is true.
    """

    def __init__(
        self, behaviour: Behaviour | None = None, *, port: int = 0, keeps_requests: bool = True
    ) -> None:
        self.requests: list[ChatRequest] = []
        self.embeds = True
        self.embedded: list[dict[str, Any]] = []
        self._behaviour: Behaviour = Bench() if behaviour is None else behaviour
        self._script: deque[Behaviour] = deque()
        self._port = port
        self._keeps_requests = keeps_requests
        self._connections: set[Connection] = set()
        self._arrival = asyncio.Event()
        self._gate: asyncio.Event | None = None
        self._waits: Callable[[ChatRequest], bool] = _every_one
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self._respond, self._connections), "127.0.0.1", self._port
        )
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
            for connection in tuple(self._connections):
                connection.close()
            await self._server.wait_closed()

    @property
    def base_url(self) -> str:
        """Return what to give to clients as `OPENAI_BASE_URL`."""
        return f"http://127.0.0.1:{self._port}/v1"

    def script(self, *entries: Reply | Behaviour, then: Behaviour | None = None) -> None:
        """Answer the next requests with these entries in order, and with `then` afterwards."""
        self._script = deque(
            Always(entry) if isinstance(entry, Reply) else entry for entry in entries
        )
        self._behaviour = _end_of_script if then is None else then

    def behave(self, behaviour: Behaviour) -> None:
        """Answer all requests from now on this way, and forget the script."""
        self._script.clear()
        self._behaviour = behaviour

    async def received(self, count: int, *, within: float = 10) -> None:
        """Wait until this many requests have arrived, or raise TimeoutError."""
        async with asyncio.timeout(within):
            while len(self.requests) < count:
                self._arrival.clear()
                await self._arrival.wait()

    def pause(self, waits: Callable[[ChatRequest], bool] | None = None) -> None:
        """Take requests, but answer none, or none that `waits` is true of, before `resume`."""
        self._gate = asyncio.Event()
        self._waits = waits or _every_one

    def resume(self) -> None:
        """Answer what waits, and go on."""
        if self._gate is not None:
            self._gate.set()
            self._gate = None

    def _respond(self, request: HttpRequest) -> HttpAnswer:
        match request.method, request.path:
            case "POST", "/v1/chat/completions":
                return self._complete(request)
            case "POST", "/v1/embeddings":
                return self._embed(request)
            case "GET", "/v1/models":
                return HttpAnswer(pieces=(model_list(MODELS),))
            case "PUT", "/behaviour":
                return self._take_behaviour(request)
            case _:
                return _refusal(HTTPStatus.NOT_FOUND, f"no {request.method} {request.path!r} here")

    def _complete(self, request: HttpRequest) -> HttpAnswer:
        try:
            body = _decode_object(request.body)
        except msgspec.DecodeError as error:
            return _refusal(HTTPStatus.BAD_REQUEST, f"the body is no JSON object: {error}")
        chat = ChatRequest(headers=request.headers, body=body)
        if self._keeps_requests:
            self.requests.append(chat)
            self._arrival.set()
        behaviour = self._script.popleft() if self._script else self._behaviour
        reply = behaviour(chat)
        return _answer(chat, reply, self._gate if self._waits(chat) else None)

    def _embed(self, request: HttpRequest) -> HttpAnswer:
        if not self.embeds:
            return _refusal(HTTPStatus.SERVICE_UNAVAILABLE, "there are no embeddings now")
        body = _decode_object(request.body)
        self.embedded.append(body)
        return HttpAnswer(pieces=(vectors_of(body),))

    def _take_behaviour(self, request: HttpRequest) -> HttpAnswer:
        try:
            self.behave(_decode_behaviour(request.body))
        except msgspec.DecodeError as error:
            return _refusal(HTTPStatus.BAD_REQUEST, f"no such behaviour: {error}")
        return HttpAnswer(pieces=(b"{}",))


def _answer(request: ChatRequest, reply: Reply, gate: asyncio.Event | None) -> HttpAnswer:
    is_streamed = request.is_streamed and reply.status == HTTPStatus.OK
    if reply.status != HTTPStatus.OK:
        pieces = (failure(reply.status, reply.text or HTTPStatus(reply.status).phrase),)
    elif is_streamed:
        pieces = streamed_answer(request, reply)
    else:
        pieces = whole_answer(request, reply)
    return HttpAnswer(
        status=reply.status,
        content_type="text/event-stream" if is_streamed else "application/json",
        headers=() if reply.retry_after is None else (f"retry-after: {reply.retry_after}",),
        pieces=pieces,
        is_streamed=is_streamed,
        latency=reply.latency,
        piece_latency=reply.chunk_latency,
        dies_after=reply.dies_after,
        hangs_after=reply.hangs_after,
        waits_for=gate,
    )


def _refusal(status: HTTPStatus, message: str) -> HttpAnswer:
    return HttpAnswer(status=status, pieces=(failure(status, message),))


def _every_one(request: ChatRequest) -> bool:
    return True


def _end_of_script(request: ChatRequest) -> Reply:
    said = f"the script has no reply to message {len(request.messages)}"
    return Reply(status=HTTPStatus.BAD_REQUEST, text=said)


_decode_object = msgspec.json.Decoder(dict[str, Any]).decode
_decode_behaviour = msgspec.json.Decoder(WrittenBehaviour).decode
