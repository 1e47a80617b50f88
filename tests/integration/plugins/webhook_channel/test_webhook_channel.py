"""The example channel keeps every promise of its port."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace as exchanged
from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace

from hexdesk.adapters.egress.http import HttpEgress
from hexdesk.core.errors import RetryAfterError, UnavailableError, UndeliverableError
from hexdesk.core.model.channels import (
    ChannelResponse,
    InboundFile,
    InboundMessage,
    InboundRequest,
    Sender,
)
from hexdesk.core.ports.channels import Channel, Connection
from hexdesk.core.testing.channels_contract import (
    ChannelContract,
    InboundContract,
    Mood,
    OtherSystem,
    an_outbound,
    brought,
)
from hexdesk.core.testing.steady import NOON
from hexdesk_webhook_channel import hexdesk_channels
from hexdesk_webhook_channel.channel import WebhookChannel, WebhookChannelConfig, signature
from tests.integration.local_server import Heard, local_server, response

SECRET = "a secret of some length"
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
ANSWERS = {
    Mood.WELL: response(200),
    Mood.BUSY: response(429, headers={"retry-after": "7"}),
    Mood.REFUSING: response(410),
}


class Elsewhere(OtherSystem):
    """A program that is posted answers."""

    def __init__(self) -> None:
        self.mood = Mood.WELL
        self.port = 0
        self.heard: list[Heard] = []
        self._serving: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()

    async def start(self) -> None:
        listening: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stop.clear()
        self._serving = asyncio.create_task(self._serve(listening))
        await listening

    async def stop(self) -> None:
        self._stop.set()
        if self._serving:
            await self._serving

    async def be(self, mood: Mood) -> None:
        self.mood = mood
        if mood is Mood.GONE:
            await self.stop()

    def taken(self) -> Sequence[str]:
        return [msgspec.json.decode(one.body)["text"] for one in self.heard]

    async def _serve(self, listening: asyncio.Future[None]) -> None:
        async with local_server() as server:
            self.port = server.port
            server.answers["/answers"] = self._answer
            listening.set_result(None)
            await self._stop.wait()

    def _answer(self, heard: Heard) -> bytes | None:
        if self.mood in {Mood.WELL, Mood.SILENT}:
            self.heard.append(heard)
        return b"" if self.mood is Mood.SILENT else ANSWERS[self.mood]


@pytest.fixture
async def elsewhere() -> AsyncGenerator[Elsewhere]:
    there = Elsewhere()
    await there.start()
    yield there
    await there.stop()


@pytest.fixture
async def connection(elsewhere: Elsewhere) -> AsyncGenerator[Connection]:
    egress = HttpEgress(allow_private=True, tls=NO_TLS, seconds=2)
    yield Connection(
        organization_id=UUID(int=10),
        integration_id=UUID(int=11),
        config=WebhookChannelConfig(
            url=f"http://127.0.0.1:{elsewhere.port}/answers", secret=SECRET
        ),
        settings=None,
        http=egress,
        key=b"key",
        now=NOON,
    )
    await egress.aclose()


@pytest.fixture
def channel() -> Channel:
    return WebhookChannel()


def signed(body: Any, at: float = NOON.timestamp(), secret: str = SECRET) -> InboundRequest:
    content, timestamp = msgspec.json.encode(body), str(int(at))
    headers = {"x-timestamp": timestamp, "x-signature": signature(secret, timestamp, content)}
    return InboundRequest(headers=headers, body=content)


def a_message(**fields: Any) -> dict[str, Any]:
    sender = {"external_id": "ann", "name": "Ann", "email": "ann@example.com", "is_verified": True}
    ids = {"dedupe_key": "m1", "conversation_key": "c1", "message_id": "m1"}
    return {**ids, "sender": sender, "text": "Where is it?", **fields}


@pytest.fixture
def genuine() -> InboundRequest:
    return signed(a_message())


class TestWebhookChannel(ChannelContract, InboundContract):
    pass


def test_the_plugin_brings_the_channel() -> None:
    assert [one.name for one in hexdesk_channels()] == ["webhook_channel"]


async def test_a_message_comes_in_with_its_files(connection: Connection) -> None:
    request = signed(a_message(files=[{"filename": "a.txt", "reference": "aGVsbG8="}]))
    [message] = brought(WebhookChannel().receive(request, connection))
    assert isinstance(message, InboundMessage)
    assert (message.dedupe_key, message.conversation_key, message.text) == (
        "m1",
        "c1",
        "Where is it?",
    )
    assert message.sender == Sender(
        external_id="ann", name="Ann", email="ann@example.com", is_verified=True
    )
    [file] = message.files
    assert file.filename == "a.txt"
    pieces = [piece async for piece in WebhookChannel().fetch(file, connection)]
    assert b"".join(pieces) == b"hello"


async def test_a_file_that_is_no_base64_cannot_be_fetched(connection: Connection) -> None:
    file = InboundFile(filename="a.txt", reference="*")
    with pytest.raises(UndeliverableError, match="base64"):
        [_ async for _ in WebhookChannel().fetch(file, connection)]


@pytest.mark.parametrize("seconds", [-301, 301])
async def test_a_request_that_was_kept_is_refused(connection: Connection, seconds: int) -> None:
    said = WebhookChannel().receive(signed(a_message(), NOON.timestamp() + seconds), connection)
    assert isinstance(said, ChannelResponse)
    assert said.status_code == 401


@pytest.mark.parametrize("body", [{}, a_message(text=None), a_message(sender="ann"), [1]])
async def test_what_is_signed_and_no_message_is_refused(connection: Connection, body: Any) -> None:
    said = WebhookChannel().receive(signed(body), connection)
    assert isinstance(said, ChannelResponse)
    assert said.status_code == 400


@pytest.mark.parametrize("timestamp", ["", "abc", "9" * 400])
async def test_a_signed_time_that_is_none_is_refused(
    connection: Connection, timestamp: str
) -> None:
    headers = {"x-timestamp": timestamp, "x-signature": signature(SECRET, timestamp, b"{}")}
    said = WebhookChannel().receive(InboundRequest(headers=headers, body=b"{}"), connection)
    assert isinstance(said, ChannelResponse)
    assert said.status_code == 401


async def test_an_answer_is_signed_and_can_be_deduped(
    connection: Connection, elsewhere: Elsewhere
) -> None:
    await WebhookChannel().deliver(an_outbound(id=UUID(int=5)), connection)
    [heard] = elsewhere.heard
    expected = signature(SECRET, heard.headers["x-timestamp"], heard.body)
    assert heard.headers["x-signature"] == expected
    assert heard.headers["idempotency-key"] == str(UUID(int=5))


@pytest.mark.parametrize(("status", "error"), [(500, UnavailableError), (404, UndeliverableError)])
async def test_an_answer_that_is_not_taken_says_why(
    connection: Connection, status: int, error: type[Exception]
) -> None:
    async with local_server() as server:
        server.says("/", response(status))
        config = replace(connection.config, url=f"http://127.0.0.1:{server.port}/")
        with pytest.raises(error, match=str(status)):
            await WebhookChannel().deliver(an_outbound(), exchanged(connection, config=config))


async def test_what_may_have_arrived_may_be_sent_again(connection: Connection) -> None:
    assert await WebhookChannel().look_up(an_outbound(), connection) is None


async def test_a_time_of_more_digits_than_a_number_has_is_a_wish_to_wait(
    connection: Connection, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    for_ever = response(429, headers={"retry-after": "9" * 5000})
    monkeypatch.setitem(ANSWERS, Mood.BUSY, for_ever)
    await elsewhere.be(Mood.BUSY)
    with pytest.raises(RetryAfterError):
        await WebhookChannel().deliver(an_outbound(), connection)
