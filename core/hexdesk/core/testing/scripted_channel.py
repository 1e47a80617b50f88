"""A channel that is told what happens at its other end."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from hexdesk.core.errors import UndeliverableError
from hexdesk.core.model.channels import (
    ChannelCapabilities,
    ChannelResponse,
    Inbound,
    InboundDecision,
    InboundFile,
    InboundMessage,
    InboundRequest,
    OutboundMessage,
    Receipt,
    Sender,
)
from hexdesk.core.ports.channels import Addressee, Channel, Connection, Emit, Source, Streaming

SECRET = "pigeon post"
Step = Exception | Callable[[], Awaitable[object]]


class PigeonConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the pigeons live, and the word that they are known by.

    Without a word of their own they are known by the installation's, which is `SECRET`.
    """

    loft: str
    secret: str = SECRET


class ScriptedChannel(Channel):
    """Takes JSON with the secret in a header, and sends nothing anywhere but into `sent`.

    What is in `deliveries` and `looked_up` is raised, awaited or returned in turn, and after that
    all goes well, and nobody can tell. `files` are found by their references, `senders` by their
    names. `stumbles` makes it raise where a stranger's request is read.
    """

    name = "pigeon"
    config: type[msgspec.Struct] = PigeonConfig
    secrets = frozenset({"secret"})

    def __init__(self, capabilities: ChannelCapabilities | None = None) -> None:
        self.capabilities = capabilities or ChannelCapabilities()
        self.sent: list[OutboundMessage] = []
        self.connections: list[Connection] = []
        self.deliveries: list[Receipt | Step] = []
        self.looked_up: list[Receipt | Exception | None] = []
        self.files: dict[str, bytes | Exception] = {}
        self.senders: dict[str, Sender | Exception] = {}
        self.check_error: Exception | None = None
        self.stumbles: Exception | None = None

    def receive(
        self, request: InboundRequest, connection: Connection
    ) -> ChannelResponse | Sequence[Inbound]:
        if self.stumbles:
            raise self.stumbles
        if request.headers.get("secret") != (connection.config.secret or SECRET):
            return ChannelResponse(status_code=401, body=b"no pigeon of ours")
        return msgspec.json.decode(request.body, type=tuple[Inbound, ...])

    async def deliver(self, message: OutboundMessage, connection: Connection) -> Receipt:
        self.connections.append(connection)
        while self.deliveries:
            step = self.deliveries.pop(0)
            if isinstance(step, Exception):
                raise step
            if isinstance(step, Receipt):
                self.sent.append(message)
                return step
            await step()
        self.sent.append(message)
        return Receipt(message_id=f"there-{len(self.sent)}")

    async def look_up(self, message: OutboundMessage, connection: Connection) -> Receipt | None:
        if not self.looked_up:
            return await super().look_up(message, connection)
        found = self.looked_up.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    async def identify(self, sender: Sender, connection: Connection) -> Sender:
        known = self.senders.get(sender.external_id)
        if isinstance(known, Exception):
            raise known
        return known or await super().identify(sender, connection)

    async def fetch(self, file: InboundFile, connection: Connection) -> AsyncIterator[bytes]:
        content = self.files.get(file.reference, UndeliverableError("it is gone"))
        if isinstance(content, Exception):
            raise content
        yield content

    async def check(self, connection: Connection) -> str:
        if self.check_error:
            raise self.check_error
        return f"the pigeons of {connection.config.loft!r} are well"


class ScriptedStreaming(ScriptedChannel, Streaming):
    """The same that shows answers while they are made: `shown` are their parts, as they came.

    What is in `streams` is raised or awaited in turn, each when a part has come or the parts are
    over. What could not be ended is taken back, by `taken_back`.
    """

    def __init__(self, capabilities: ChannelCapabilities | None = None) -> None:
        super().__init__(capabilities)
        self.began = asyncio.Event()
        self.begun: list[OutboundMessage] = []
        self.shown: list[str] = []
        self.streams: list[Step | None] = []
        self.taken_back: list[Exception] = []

    async def stream(
        self, message: OutboundMessage, parts: AsyncGenerator[str], connection: Connection
    ) -> Receipt:
        self.begun.append(message)
        self.began.set()
        whole = ""
        try:
            async for part in parts:
                self.shown.append(part)
                whole += part
                await self._step()
        except Exception as error:
            self.taken_back.append(error)
            raise
        await self._step()
        self.sent.append(replace(message, text=whole))
        return Receipt(message_id=f"there-{len(self.sent)}")

    async def _step(self) -> None:
        step = self.streams.pop(0) if self.streams else None
        if isinstance(step, Exception):
            raise step
        if step is not None:
            await step()


class ScriptedAddressee(ScriptedChannel, Addressee):
    """The same with one address for all lofts: the header `loft` names the account."""

    def account(self, config: Any) -> str:
        return config.loft

    def missing_proof(self, config: Any) -> str | None:
        return None if config.secret else "secret"

    def account_of(self, request: InboundRequest) -> str | None:
        if self.stumbles:
            raise self.stumbles
        return request.headers.get("loft")

    def answer(self, request: InboundRequest, settings: Any, now: datetime) -> ChannelResponse:
        return ChannelResponse(status_code=settings or 202, body=request.query.encode())


class ScriptedSource(ScriptedChannel, Source):
    """The same without requests: `runs` are what each listening emits, raises or awaits."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[Sequence[Inbound | Step]] = []
        self.listened: list[Connection] = []
        self.news = asyncio.Event()

    async def run(self, connection: Connection, emit: Emit) -> None:
        self.listened.append(connection)
        self.news.set()
        for item in self.runs.pop(0) if self.runs else (asyncio.Event().wait,):
            if isinstance(item, Exception):
                raise item
            if isinstance(item, InboundMessage | InboundDecision):
                await emit(item)
            else:
                await item()
