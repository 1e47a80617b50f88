"""What a session with a stranger may do on the wire, and what went wrong there."""

import asyncio
from collections.abc import AsyncIterator

import httpx2

from hexdesk.core.errors import DeskError

ANSWER_BYTES = 2 * 1024 * 1024
NO_ENTRY = frozenset({401, 403})
REDIRECTS = range(300, 400)


class Watch:
    """Keeps the first thing that went wrong on the wire, in words.

    The SDK's session would tell of it late, as something else, or not at all.
    """

    def __init__(self) -> None:
        """Wait for something to go wrong."""
        self.problem: asyncio.Future[DeskError] = asyncio.get_running_loop().create_future()

    def note(self, error: DeskError) -> None:
        """Keep the first error."""
        if not self.problem.done():
            self.problem.set_result(error)


class WatchedTransport(httpx2.AsyncBaseTransport):
    """Bounds what comes back, follows nothing, and says what went wrong.

    Only requests with a message count: a server that has no stream of its own to offer says so.
    """

    def __init__(self, inner: httpx2.AsyncBaseTransport, watch: Watch) -> None:
        """Keep both."""
        self._inner = inner
        self._watch = watch

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        # What is packed could unpack to any size.
        request.headers["accept-encoding"] = "identity"
        watch = self._watch if request.method == "POST" else Watch()
        try:
            response = await self._inner.handle_async_request(request)
        except DeskError as error:
            watch.note(error)
            raise httpx2.ConnectError(str(error)) from error
        except httpx2.TransportError as error:
            watch.note(DeskError(f"it cannot be reached: {error or type(error).__name__}"))
            raise
        problem = _problem(response)
        if problem:
            await response.aclose()
            watch.note(DeskError(problem))
            raise httpx2.RemoteProtocolError(problem)
        stream = response.stream
        assert isinstance(stream, httpx2.AsyncByteStream)  # noqa: S101  what async transports give
        return httpx2.Response(
            response.status_code,
            headers=response.headers,
            stream=_Bounded(stream, watch),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Bounded(httpx2.AsyncByteStream):
    """An answer of which no more than the limit is read."""

    def __init__(self, inner: httpx2.AsyncByteStream, watch: Watch) -> None:
        self._inner = inner
        self._watch = watch

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for part in self._inner:
            size += len(part)
            if size > ANSWER_BYTES:
                words = f"it answered with more than {ANSWER_BYTES} bytes"
                self._watch.note(DeskError(words))
                raise httpx2.ReadError(words)
            yield part

    async def aclose(self) -> None:
        await self._inner.aclose()


def _problem(response: httpx2.Response) -> str | None:
    status = response.status_code
    if status in REDIRECTS:
        return "it redirects: give the address that it has"
    if status in NO_ENTRY:
        return f"it does not accept the credentials: {status}"
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        return "it packs its answers, and was asked not to"
    return None
