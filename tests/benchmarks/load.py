"""A small HTTP client over raw sockets, so that making load costs little beside bearing it."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import msgspec

LONGEST_LINE = 2**24
END_OF_EVENT = b"\n\n"

T = TypeVar("T")
W = TypeVar("W")


class UnexpectedAnswerError(Exception):
    """The server answered with something other than what is measured."""


class LoadClient:
    """One connection that stays open; requests on it go one after the other."""

    def __init__(self, url: str, token: str = "") -> None:
        address = urlsplit(url)
        self._host = address.hostname or ""
        self._port = address.port or 80
        self._headers = f"host: {address.netloc}\r\ncontent-type: application/json\r\n"
        if token:
            self._headers += f"authorization: Bearer {token}\r\n"
        self._line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def is_connected(self) -> bool:
        """Whether the next request finds a connection, as far as is known."""
        return self._line is not None and not self._line[0].at_eof()

    async def close(self) -> None:
        """Hang up; the next request connects again."""
        if self._line is not None:
            _, writer = self._line
            self._line = None
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def call(self, method: str, path: str, body: Any = None, *, expect: int = 200) -> Any:
        """Send a request and return the answer's document, or raise UnexpectedAnswerError."""
        status, headers = await self._ask(method, path, body, "application/json")
        content = b"".join([piece async for piece in self._body(headers)])
        await self._hang_up_if_told(headers)
        if status != expect:
            raise UnexpectedAnswerError(f"{method} {path}: {status} {content[:2000].decode()}")
        return msgspec.json.decode(content) if content else None

    async def stream(self, path: str, body: Any, on_first_text: Callable[[], None]) -> list[str]:
        """Post for an event stream and read it to its end; return the names of the events."""
        status, headers = await self._ask("POST", path, body, "text/event-stream")
        if status != 200:
            content = b"".join([piece async for piece in self._body(headers)])
            raise UnexpectedAnswerError(f"POST {path}: {status} {content[:2000].decode()}")
        names: list[str] = []
        buffer = b""
        async for piece in self._body(headers):
            *events, buffer = (buffer + piece.replace(b"\r\n", b"\n")).split(END_OF_EVENT)
            for name in filter(None, map(_event_name, events)):
                if name == "text.delta" and name not in names:
                    on_first_text()
                names.append(name)
        await self._hang_up_if_told(headers)
        return names

    async def _ask(
        self, method: str, path: str, body: Any, accept: str
    ) -> tuple[int, dict[str, str]]:
        reader, writer = await self._connected()
        content = b"" if body is None else msgspec.json.encode(body)
        head = f"{method} {path} HTTP/1.1\r\n{self._headers}accept: {accept}\r\n"
        writer.write(f"{head}content-length: {len(content)}\r\n\r\n".encode() + content)
        status_line, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip().lower()
            for name, _, value in (line.partition(":") for line in lines)
        }
        return int(status_line.split(" ", 2)[1]), headers

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if not self.is_connected:
            await self.close()  # servers hang up on clients that say nothing for a while
        if self._line is None:
            self._line = await asyncio.open_connection(self._host, self._port, limit=LONGEST_LINE)
        return self._line

    async def _body(self, headers: dict[str, str]) -> AsyncGenerator[bytes]:
        if self._line is None:
            return
        reader, _ = self._line
        if headers.get("transfer-encoding") == "chunked":
            while size := int(await reader.readline(), 16):
                yield await reader.readexactly(size)
                await reader.readline()
            await reader.readline()
        elif length := int(headers.get("content-length", 0)):
            yield await reader.readexactly(length)

    async def _hang_up_if_told(self, headers: dict[str, str]) -> None:
        if headers.get("connection") == "close":
            await self.close()


async def share(
    items: Iterable[T], workers: Iterable[W], act: Callable[[W, T], Awaitable[None]]
) -> list[float]:
    """Have workers take items until none is left; return the seconds that each item took."""
    latencies: list[float] = []
    left = iter(items)

    async def work(worker: W) -> None:
        for item in left:
            began = time.perf_counter()
            await act(worker, item)
            latencies.append(time.perf_counter() - began)

    async with asyncio.TaskGroup() as working:
        for worker in workers:
            working.create_task(work(worker))
    return latencies


def _event_name(event: bytes) -> str:
    for line in event.split(b"\n"):
        if line.startswith(b"event:"):
            return line.removeprefix(b"event:").strip().decode()
    return ""
