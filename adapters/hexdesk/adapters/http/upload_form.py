"""Forms that bring a file, read as they come: the file is never held as a whole."""

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import msgspec
from litestar.exceptions import ClientException
from litestar.types import Receive
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from hexdesk.core.errors import InvalidError, TooLargeError
from hexdesk.core.model.files import Upload

FORM_TYPE = "multipart/form-data"
FORM_BYTES = 64 * 1024
"""What a form may take beside the file in it."""
MOST_PARTS = 16
MOST_FIELD_BYTES = 1024
MOST_SILENCE = 30
"""For so many seconds nothing may come: whoever waits holds a place that others need."""
MAIL_NAME = re.compile(r"filename\*=utf-8'[^']*'([^;\s]+)", re.IGNORECASE)
SCHEMA = {
    "type": "object",
    "properties": {
        "file": {
            "type": "string",
            "contentMediaType": "application/octet-stream",
            "description": "A PDF, TXT, MD, CSV, XLSX, DOCX, PNG or JPEG file.",
        },
        "agent_id": {
            "type": "string",
            "format": "uuid",
            "description": "The agent that is to know the file; only admins say so.",
        },
    },
    "required": ["file"],
    "additionalProperties": False,
}
"""How the form looks."""


class UploadForm(msgspec.Struct, frozen=True, kw_only=True):
    """What came with a form: the upload, and the agent that is to know it."""

    upload: Upload
    agent_id: UUID | None

    @property
    def canonical(self) -> bytes:
        """Say what the form says, in one way however it is written."""
        one = self.upload
        said = (one.sha256, one.filename, one.content_type, self.agent_id)
        return msgspec.json.encode(said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a form; its content is read before the next part comes."""

    name: str
    filename: str | None
    content_type: str | None
    content: AsyncGenerator[bytes]

    async def text(self) -> str:
        """Return the content of a field that is no file."""
        text = b""
        async for piece in self.content:
            text += piece
            if len(text) > MOST_FIELD_BYTES:
                raise InvalidError("is too long", pointer=f"/{self.name}")
        return text.decode("utf-8", "replace").strip()


class _End:
    """A part is over."""


_Found = dict[str, str] | bytes | _End
"""What the parser finds: the head of a part, a piece of its content, its end."""


class Form:
    """A form as it comes in, of so many bytes at most."""

    def __init__(
        self,
        content_type: str,
        receive: Receive,
        most_bytes: int,
        most_silence: float = MOST_SILENCE,
    ) -> None:
        """Raise `ClientException` for a content type that does not say where parts end."""
        boundary = parse_options_header(content_type)[1].get(b"boundary")
        if not boundary:
            raise _malformed("its content type names no boundary")
        self._receive = receive
        self._room = most_bytes
        self._silence = most_silence
        self._is_read = False
        self._listener = _Listener()
        try:
            self._parser = MultipartParser(boundary, self._listener.callbacks())
        except FormParserError as error:
            raise _malformed(str(error)) from error

    async def parts(self) -> AsyncGenerator[Part]:
        """Yield the parts, each once the one before was read, or will not be."""
        while (found := await self._next()) is not None:
            if isinstance(found, dict):
                yield self._part(found)

    def _part(self, head: dict[str, str]) -> Part:
        said = head.get("content-disposition", "")
        disposition, options = parse_options_header(said)
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if disposition != b"form-data" or not name:
            raise _malformed("a part of it has no name")
        return Part(
            name=name,
            filename=_filename(said, options),
            content_type=head.get("content-type"),
            content=self._content(),
        )

    async def _content(self) -> AsyncGenerator[bytes]:
        while isinstance(piece := await self._next(), bytes):
            yield piece

    async def _next(self) -> _Found | None:
        """Return what comes next, or None after the end of the form."""
        while not self._listener.found:
            if self._is_read:
                if not self._listener.is_over:
                    raise _malformed("it ends too early")
                return None
            await self._read()
        return self._listener.found.popleft()

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(self._silence):
                message = await self._receive()
        except TimeoutError as error:
            raise _malformed(f"nothing of it came for {self._silence:g} s") from error
        if message["type"] != "http.request":
            raise _malformed("it ends too early")
        self._is_read = not message.get("more_body", False)
        body = message.get("body", b"")
        self._room -= len(body)
        if self._room < 0:
            raise TooLargeError("the form is larger than any file that is taken")
        try:
            self._parser.write(body)
        except FormParserError as error:
            raise _malformed(str(error)) from error


class _Listener:
    """Notes what the parser finds."""

    def __init__(self) -> None:
        self.found = deque[_Found]()
        self.is_over = False
        self._head: dict[str, str] = {}
        self._name = self._value = b""
        self._count = 0

    def callbacks(self) -> Any:
        """Return what the parser is to call."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._take_name,
            "on_header_value": self._take_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_head,
            "on_part_data": self._take_piece,
            "on_part_end": self._end_part,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self._head = {}
        self._count += 1
        if self._count > MOST_PARTS:
            raise FormParserError("it has too many parts")

    def _take_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _take_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        # As the parser of headers wants them; what they stand for is UTF-8.
        name, value = (one.decode("latin-1") for one in (self._name, self._value))
        self._head[name.lower()] = value
        self._name = self._value = b""

    def _end_head(self) -> None:
        self.found.append(self._head)

    def _take_piece(self, data: bytes, start: int, end: int) -> None:
        self.found.append(data[start:end])

    def _end_part(self) -> None:
        self.found.append(_End())

    def _end(self) -> None:
        self.is_over = True


def _filename(disposition: str, options: dict[bytes, bytes]) -> str | None:
    """Return the name of a file as it was sent, in the form of browsers or in that of mail."""
    if b"filename" in options:
        return options[b"filename"].decode("utf-8", "replace").replace("%22", '"')
    found = MAIL_NAME.search(disposition)
    return unquote(found[1], errors="replace") if found else None


def _malformed(why: str) -> ClientException:
    return ClientException(detail=f"the body is not a form: {why}", status_code=400)
