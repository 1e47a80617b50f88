"""As much of HTTP/1.1 as one local client needs: keep-alive, and answers that may go wrong."""

import asyncio
from collections.abc import Callable, Sequence
from http import HTTPStatus

import msgspec

END_OF_HEAD = b"\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"


class HttpRequest(msgspec.Struct, frozen=True):
    """A request line, headers with names in lower case, and the body."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class HttpAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A status and a body in pieces; `waits_for` is set when the answer may go out."""

    status: int = 200
    content_type: str = "application/json"
    headers: tuple[str, ...] = ()
    pieces: tuple[bytes, ...] = ()
    is_streamed: bool = False
    latency: float = 0
    piece_latency: float = 0
    dies_after: int | None = None
    hangs_after: int | None = None
    waits_for: asyncio.Event | None = None


class Connection(asyncio.Protocol):
    """One client's connection; requests on it are answered one after the other."""

    def __init__(
        self, respond: Callable[[HttpRequest], HttpAnswer], connections: set["Connection"]
    ) -> None:
        self._respond = respond
        self._connections = connections
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._is_answering = False
        self._sending: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
            self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._connections.discard(self)
        if self._sending is not None:
            self._sending.cancel()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._advance()

    def close(self) -> None:
        """Hang up, whatever is under way."""
        if self._transport is not None:
            self._transport.abort()

    def _advance(self) -> None:
        while not self._is_answering and (request := _take_request(self._buffer)) is not None:
            answer = self._respond(request)
            self._is_answering = True
            if answer.waits_for is None and not answer.latency and not answer.piece_latency:
                pieces, is_whole = _as_sent(answer)
                self._write(b"".join(pieces))
                self._finish(answer, is_whole=is_whole)
            else:
                self._sending = asyncio.ensure_future(self._send_slowly(answer))

    async def _send_slowly(self, answer: HttpAnswer) -> None:
        if answer.waits_for is not None:
            await answer.waits_for.wait()
        await asyncio.sleep(answer.latency)
        pieces, is_whole = _as_sent(answer)
        for index, piece in enumerate(pieces):
            if index and answer.piece_latency:
                await asyncio.sleep(answer.piece_latency)
            self._write(piece)
        self._finish(answer, is_whole=is_whole)
        self._advance()

    def _finish(self, answer: HttpAnswer, *, is_whole: bool) -> None:
        # A hung answer is never finished: the connection is busy until the client lets go of it.
        if is_whole:
            self._is_answering = False
        elif answer.dies_after is not None and self._transport is not None:
            self._transport.close()

    def _write(self, data: bytes) -> None:
        if self._transport is not None and data:
            self._transport.write(data)


def _take_request(buffer: bytearray) -> HttpRequest | None:
    end = buffer.find(END_OF_HEAD)
    if end < 0:
        return None
    request_line, *lines = buffer[:end].decode("latin-1").split("\r\n")
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)
    }
    start = end + len(END_OF_HEAD)
    stop = start + int(headers.get("content-length", 0))
    if len(buffer) < stop:
        return None
    body = bytes(buffer[start:stop])
    del buffer[:stop]
    method, target, _ = request_line.split(" ", 2)
    return HttpRequest(method, target.partition("?")[0], headers, body)


def _as_sent(answer: HttpAnswer) -> tuple[Sequence[bytes], bool]:
    """Return what goes over the line, the head with the first piece, and whether that is all."""
    limits = [limit for limit in (answer.dies_after, answer.hangs_after) if limit is not None]
    pieces = answer.pieces[: min(limits)] if limits else answer.pieces
    sent = [_chunk(piece) for piece in pieces] if answer.is_streamed else list(pieces)
    if limits:
        return (sent and [_head(answer) + sent[0], *sent[1:]]), False
    if not sent:
        sent = [b""]
    if answer.is_streamed:
        sent[-1] += LAST_CHUNK
    return [_head(answer) + sent[0], *sent[1:]], True


def _head(answer: HttpAnswer) -> bytes:
    length = (
        "transfer-encoding: chunked"
        if answer.is_streamed
        else f"content-length: {sum(map(len, answer.pieces))}"
    )
    status = f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"
    lines = (status, f"content-type: {answer.content_type}", length, *answer.headers)
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
